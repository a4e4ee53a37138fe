/** Checks an API key's value before it is used. The value never gets into a text, only its length. */
import type { Problem } from './errors.js';

const PLACEHOLDER =
  /your[-_ ]?(?:\w+[-_ ])*key|api[-_ ]?key[-_ ]?here|change[-_ ]?me|placeholder|^<.*>$|^x{3,}$|^\.{3,}$|^sk-\.{3}|^(?:todo|none|null|undefined)$/i;

function fault(value: string): string | null {
  if (/[\r\n]/.test(value)) return 'holds a line break';
  if (/^\s|\s$/.test(value)) return 'begins or ends with a blank';
  if (/^["'`]|["'`]$/.test(value)) return 'has quotes around it';
  if (/\s/.test(value)) return 'holds a blank';
  if (/[^\x21-\x7e]/.test(value)) return 'holds an invisible or non-ASCII character';
  if (PLACEHOLDER.test(value)) return 'is a placeholder, not a key';
  return null;
}

/**
 * `name` is the environment variable, `value` what it holds.
 * E_KEY_MISSING (unset or empty) or E_KEY_FORMAT; both end with exit code 5. Null: usable.
 */
export function checkKey(name: string, value: string | undefined): Problem | null {
  if (value === undefined || value === '') {
    return {
      code: 'E_KEY_MISSING',
      found: `the environment variable ${name} is not set`,
      allowed: 'an API key in the environment; keys are never read from files or arguments',
      fix: `export ${name}=... in the shell that starts the run, or name another variable with worker_api_key_env`,
    };
  }
  const what = fault(value);
  if (what === null) return null;
  return {
    code: 'E_KEY_FORMAT',
    found: `the key in ${name} (${value.length} characters) ${what}`,
    allowed: 'printable ASCII without blanks or quotes',
    fix: `copy the key again and export ${name} anew`,
  };
}
