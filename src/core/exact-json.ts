/**
 * JSON whose whole numbers keep their value: `JSON.parse` rounds those above 2^53, here they are bigints. What a reader would have to guess,
 * a key that is there twice or a number that no program can hold, has its place.
 */
import { shortened } from './format.js';
import { endOfString } from './json-fault.js';

/** Where something stands in the text that JSON allows and a row must not have. */
export interface JsonDoubt {
  offset: number;
  /** What is there. */
  found: string;
  fix: string;
  /** Where they are not those of bad JSON. */
  code?: string;
  allowed?: string;
}

/** A number that JSON.parse may change: 16 digits or more, or an exponent that may be out of range. */
const LARGE = /(?:^|[:,[\s-])\d{16}|\d[eE]\+?\d{3}/;
const SCALAR = /[^\s,\]}]+/y;
/** Rows are refused long before; it keeps the reading by hand from using up its stack. */
const DEEPEST = 200;

class TooDeep extends Error {}

/** Reads a text that JSON.parse has accepted. */
class ExactReader {
  doubt: JsonDoubt | null = null;
  #at = 0;

  constructor(readonly text: string) {}

  value(depth = 0): unknown {
    if (depth > DEEPEST) throw new TooDeep();
    const char = this.#next();
    if (char === '{') return this.#object(depth);
    if (char === '[') return this.#list(depth);
    return char === '"' ? this.#string() : this.#scalar();
  }

  /** The next character that is no white space. */
  #next(): string | undefined {
    while (/\s/.test(this.text[this.#at] ?? '')) this.#at += 1;
    return this.text[this.#at];
  }

  #object(depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#at += 1;
    while (this.#next() !== '}') {
      if (this.text[this.#at] === ',') this.#at += 1;
      this.#next();
      const offset = this.#at;
      const key = this.#string();
      this.#next();
      this.#at += 1;
      if (Object.hasOwn(object, key)) this.#note(offset, `the key ${shown(key)} is there twice`, 'keep one of the two');
      const value = this.value(depth + 1);
      // An assignment to __proto__ would not make a field.
      Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
    }
    this.#at += 1;
    return object;
  }

  #list(depth: number): unknown[] {
    const list: unknown[] = [];
    this.#at += 1;
    while (this.#next() !== ']') {
      if (this.text[this.#at] === ',') this.#at += 1;
      list.push(this.value(depth + 1));
    }
    this.#at += 1;
    return list;
  }

  #string(): string {
    const start = this.#at;
    const found = endOfString(this.text, start);
    if ('fault' in found) throw new SyntaxError('not JSON');
    this.#at = found.end;
    return JSON.parse(this.text.slice(start, found.end));
  }

  #scalar(): unknown {
    const offset = this.#at;
    SCALAR.lastIndex = offset;
    const token = SCALAR.exec(this.text)?.[0] ?? '';
    this.#at += token.length;
    if (!/^[-\d]/.test(token)) return JSON.parse(token);
    const number = Number(token);
    if (!Number.isFinite(number)) this.#note(offset, `${shown(token)} is too large for a number`, 'write it as text');
    return /^-?\d+$/.test(token) && !Number.isSafeInteger(number) ? BigInt(token) : number;
  }

  /** The first one counts. */
  #note(offset: number, found: string, fix: string): void {
    this.doubt ??= { offset, found, fix };
  }
}

function shown(text: string): string {
  return JSON.stringify(shortened(text));
}

/** Keys of a value at all depths; not all of them when it is nested deeper than rows may be. */
function keysIn(value: unknown, depth = 0): number {
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return 0;
  let count = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const name of Object.keys(value)) count += keysIn((value as Record<string, unknown>)[name], depth + 1);
  return count;
}

/** There are at least as many colons as keys: with as many, none was swallowed by a second one of its name. */
function mayRepeatKeys(text: string, value: unknown): boolean {
  let colons = 0;
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) colons += 1;
  return colons > keysIn(value);
}

function readByHand(text: string, parsed: unknown): { value: unknown; doubt: JsonDoubt | null } {
  const reader = new ExactReader(text);
  try {
    return { value: reader.value(), doubt: reader.doubt };
  } catch (error) {
    if (error instanceof TooDeep) return { value: parsed, doubt: null };
    throw error;
  }
}

/** A JSON text of a person. Throws a SyntaxError where JSON.parse does; see jsonFaultOffset for its place. */
export function readJson(text: string): { value: unknown; doubt: JsonDoubt | null } {
  const value: unknown = JSON.parse(text);
  return LARGE.test(text) || mayRepeatKeys(text, value) ? readByHand(text, value) : { value, doubt: null };
}

/** A JSON text that exactJson wrote. */
export function parseExactJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return LARGE.test(text) ? readByHand(text, value).value : value;
}

/** JSON values and bigints as JSON, the bigints as whole numbers. */
export function exactJson(value: unknown): string {
  if (!hasBigInt(value)) return JSON.stringify(value);
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(exactJson).join(',')}]`;
  return `{${Object.entries(value as object)
    .map(([name, field]) => `${JSON.stringify(name)}:${exactJson(field)}`)
    .join(',')}}`;
}

function hasBigInt(value: unknown): boolean {
  if (typeof value === 'bigint') return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(hasBigInt);
}

/** Offset of the first escape of half a surrogate pair in a JSON text, or -1. Such a text cannot be sent as UTF-8. */
export function halfPairOffset(text: string): number {
  if (!/\\u[dD][89a-fA-F]/.test(text)) return -1;
  // Whole pairs and other escapes are passed over, so that a backslash before a u is not taken for the escape.
  for (const match of text.matchAll(
    /\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u[dD][89a-fA-F][\da-fA-F]{2}|\\./gs,
  ))
    if (match[0].length === 6 && /^\\u[dD]/.test(match[0])) return match.index;
  return -1;
}
