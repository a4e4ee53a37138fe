/** Problems with the keys and values of a task file, in one style: what was found, what is allowed, how to fix it. */
import type { z } from 'zod';
import type { Problem } from '../core/errors.js';
import { nearest } from '../core/nearest.js';
import { keyNotes, TASK_KEYS, type TaskKey, UNSUPPORTED_KEYS } from '../schema/task.js';

type Fault = Omit<Problem, 'place'>;
type Issue = z.core.$ZodIssue;

/** Keys that other tools use for the same thing. */
const FOREIGN_NAMES: Readonly<Record<string, TaskKey>> = {
  model: 'worker_model',
  prompt: 'prompt_template',
  template: 'prompt_template',
  system: 'system_prompt',
  api_base: 'worker_api_base',
  base_url: 'worker_api_base',
  api_key_env: 'worker_api_key_env',
  max_tokens: 'worker_max_tokens',
  seeds: 'seeds_file',
  input: 'seeds_file',
  output: 'output_dir',
  format: 'output_format',
  rpm: 'requests_per_minute',
  tpm: 'tokens_per_minute',
  cost_cap: 'max_cost',
  max_daily_spend: 'max_daily_cost',
  time_zone: 'timezone',
  schema: 'output_schema',
  json_schema: 'output_schema',
  response_schema: 'output_schema',
  response_format: 'output_schema',
  classes: 'labels',
  categories: 'labels',
  language: 'target_language',
  target_lang: 'target_language',
  source_lang: 'source_language',
  wire: 'worker_wire',
  reasoning: 'reasoning_effort',
  effort: 'reasoning_effort',
  budget_tokens: 'thinking_budget',
  stop_sequences: 'stop',
  metadata: 'tags',
};

const SECRET_NAME = /(?:^|[_-])(?:api[_-]?key|key|secret|token|password|authorization)$/i;
const SECRET_VALUE = /^(?:Bearer\s+)?(?:sk-|sk_|gsk_|xai-|AIza|hf_|r8_|ghp_|pk-)[\w.-]{12,}$/;

/** A value for people: short, on one line, in JSON. */
export function shownValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'a map of keys and values';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}..."` : text;
}

export function looksLikeSecret(value: unknown): value is string {
  return typeof value === 'string' && SECRET_VALUE.test(value.trim());
}

/** A key that stands in the file in clear. Only its length is shown. */
export function secretFault(name: string, value: unknown): Fault {
  const size = typeof value === 'string' ? ` (${value.length} characters, not shown)` : '';
  return {
    code: 'E_SECRET_IN_FILE',
    found: `${name} holds a key${size}`,
    allowed: 'the name of an environment variable in worker_api_key_env',
    fix: 'take the key out of the file, rotate it, and export the new one in the shell',
  };
}

/** A key that the schema does not have. */
export function unknownKeyFault(name: string, value: unknown): Fault {
  const later = Object.hasOwn(UNSUPPORTED_KEYS, name) ? UNSUPPORTED_KEYS[name] : undefined;
  if (later !== undefined) {
    return {
      code: 'E_TASK_UNSUPPORTED',
      found: `${name} (${later}): this version does not do it yet`,
      allowed: 'the keys of docs/task-reference.md',
      fix: `remove ${name}`,
    };
  }
  if (SECRET_NAME.test(name) || looksLikeSecret(value)) return secretFault(name, value);
  const foreign = Object.hasOwn(FOREIGN_NAMES, name) ? FOREIGN_NAMES[name] : undefined;
  const near = foreign ?? nearest(name, [...TASK_KEYS, ...Object.keys(UNSUPPORTED_KEYS)]);
  return {
    code: 'E_TASK_UNKNOWN_KEY',
    found: `${JSON.stringify(name.slice(0, 80))} is not a key of a task`,
    allowed: TASK_KEYS.join(', '),
    fix: near ? `did you mean ${near}?` : 'remove it',
  };
}

export function missingFault(name: TaskKey): Fault {
  return {
    code: 'E_TASK_MISSING',
    found: `${name} is not given`,
    allowed: keyNotes(name).allowed,
    fix: `add a line "${name}: ..."`,
  };
}

function codeOf(name: TaskKey, issue: Issue, value: unknown): string {
  const fixed = keyNotes(name).code;
  if (fixed !== undefined) return fixed;
  if (issue.code === 'too_small' || issue.code === 'too_big') return 'E_TASK_RANGE';
  if (issue.code === 'invalid_type' && issue.expected === 'int') return 'E_TASK_RANGE';
  if (issue.code === 'invalid_value') return typeof value === 'string' ? 'E_TASK_ENUM' : 'E_TASK_TYPE';
  if (issue.code === 'unrecognized_keys') return 'E_TASK_UNKNOWN_KEY';
  if (issue.code === 'invalid_type' && value === undefined) return 'E_TASK_MISSING';
  return 'E_TASK_TYPE';
}

function fixOf(name: string, issue: Issue, value: unknown): string {
  if (issue.code === 'invalid_value' && typeof value === 'string') {
    const near = nearest(value, issue.values.map(String));
    if (near !== null) return `did you mean ${near}?`;
  }
  if (value === null) return `give ${name} a value, or remove the line`;
  if (issue.code === 'invalid_type' && issue.expected === 'boolean' && typeof value === 'string') {
    const meant = /^(?:yes|y|on|true|1)$/i.test(value) ? 'true' : /^(?:no|n|off|false|0)$/i.test(value) ? 'false' : null;
    if (meant) return `${JSON.stringify(value)} is text, use ${meant}`;
  }
  if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)))
    return 'write the number without quotes';
  if (issue.code === 'invalid_type' && issue.expected === 'array' && typeof value === 'string') {
    return `write a list: [${value.length > 100 ? 'one, two' : value}]`;
  }
  if (issue.code === 'invalid_type' && issue.expected === 'string' && ['number', 'bigint', 'boolean'].includes(typeof value)) {
    return `put it in quotes: "${String(value)}"`;
  }
  return name.endsWith(']') ? `change ${name}, or remove it` : `change ${name}, or remove the line for the default`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let here = value;
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Record<PropertyKey, unknown>)[step];
  }
  return here;
}

/** Of a union's branches the one that fits furthest, when it says more than "none fits". */
function deepest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors.flatMap((branch) => branch.slice(0, 1)).sort((a, b) => b.path.length - a.path.length)[0];
  return inner && inner.path.length > 0 ? deepest({ ...inner, path: [...issue.path, ...inner.path] }) : issue;
}

/** One zod issue of a key's value as a fault, with the path from the root of the file. */
export function issueFault(name: TaskKey, value: unknown, whole: Issue): { path: (string | number)[]; fault: Fault } {
  const issue = deepest(whole);
  const path = [name, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  const bad = valueAt(value, issue.path);
  const shownPath = path
    .map((step, depth) => (typeof step === 'number' ? `[${step}]` : depth === 0 ? step : `.${step}`))
    .join('');
  const { allowed } = keyNotes(name);
  if (issue.code === 'unrecognized_keys') {
    const [extra = ''] = issue.keys;
    const found = `${shownPath} has no key ${issue.keys.map((one) => JSON.stringify(one)).join(', ')}`;
    return { path: [...path, extra], fault: { code: codeOf(name, issue, bad), found, allowed, fix: `remove ${extra}` } };
  }
  const code = codeOf(name, issue, bad);
  const isCounted = Array.isArray(bad) && (issue.code === 'too_small' || issue.code === 'too_big');
  const shown = looksLikeSecret(bad)
    ? `a text of ${bad.length} characters`
    : isCounted
      ? `a list of ${bad.length}`
      : shownValue(bad);
  return { path, fault: { code, found: `${shownPath} is ${shown}`, allowed, fix: fixOf(shownPath, issue, bad) } };
}
