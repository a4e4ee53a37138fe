/** An API key made for one scenario: it may be in no file afterwards, in no form. */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Name of its environment variable, as the tasks of the scenarios give it. */
export const CANARY_ENV = 'CHAOS_API_KEY';

/** With characters that base64, URL and JSON forms change. */
export function newCanary(): string {
  return `canary+${randomBytes(12).toString('hex')}/"~${randomBytes(6).toString('hex')}`;
}

/** The key as it is, in hex, URL and JSON form, and the part of its base64 that does not depend on its neighbours. */
function formsOf(key: string): Buffer[] {
  const hex = Buffer.from(key).toString('hex');
  const base64 = [0, 1, 2].map((pad) => {
    const encoded = Buffer.from(' '.repeat(pad) + key).toString('base64');
    return encoded.slice(4, encoded.length - 4);
  });
  const texts = [key, hex, hex.toUpperCase(), encodeURIComponent(key), JSON.stringify(key).slice(1, -1), ...base64];
  return [...texts, ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))].map((text) => Buffer.from(text));
}

/** Files below the folder that hold the key in any form. Sockets are left out. */
export function filesWithKey(folder: string, key: string): string[] {
  const forms = formsOf(key);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => {
      const bytes = readFileSync(path);
      return forms.some((form) => bytes.includes(form));
    });
}
