/** Ids of rows: given, or made from the content. Every id is once in a run. */
import { hash } from 'node:crypto';
import type { Problem } from '../core/errors.js';
import { shortened } from '../core/format.js';
import { HashTable, halves } from '../core/hash-table.js';

/** Longest given id in bytes of UTF-8. */
export const LONGEST_ID = 200;

type Fault = Omit<Problem, 'place'>;

const ALLOWED = `text of 1 to ${LONGEST_ID} bytes without NUL, or a whole number; each once`;
const GENERATED = /^([0-9a-f]{16})(?:-([1-9]\d*))?$/;

function refuse(found: string, fix: string, code = 'E_SEED_ID'): { fault: Fault } {
  return { fault: { code, found, allowed: ALLOWED, fix } };
}

interface Hash {
  high: number;
  low: number;
}

function hash64(text: string): Hash & { hex: string } {
  const hex = hash('sha256', text, 'hex').slice(0, 16);
  const [high, low] = halves(hex);
  return { high, low, hex };
}

function readId(given: unknown): { id: string } | { fault: Fault } {
  if (typeof given === 'bigint') return { id: String(given) };
  if (typeof given === 'number' && Number.isInteger(given)) {
    return Number.isSafeInteger(given)
      ? { id: String(given) }
      : refuse('the id is over 2^53; its last digits are lost', 'write it as text');
  }
  if (typeof given !== 'string') {
    return refuse(`the id is ${given === null ? 'null' : `a ${typeof given}`}`, 'write the id as text, or leave it out');
  }
  if (given === '') return refuse('the id is empty', 'fill it in, or leave it out');
  if (given.includes('\0')) return refuse('the id holds NUL', 'take it out');
  const bytes = Buffer.byteLength(given);
  if (bytes > LONGEST_ID) return refuse(`the id has ${bytes} bytes`, 'use a shorter id and keep the long one in another field');
  return { id: given };
}

function shownId(id: string): string {
  return JSON.stringify(shortened(id));
}

export class SeedIds {
  /** Hash of a given id -> line. */
  readonly #given = new HashTable();
  /** Hash of a given id without case and Unicode form -> line, for the ids that this changes: the others are in #given. */
  readonly #folded = new HashTable();
  /** Hash of a content -> how many rows without an id had it. */
  readonly #contents = new HashTable();
  #alike = 0;
  #firstAlike = '';
  #equal = 0;
  #firstEqual = 0;

  /** The id of a row that names its own. `line` is its position in the source, from 1. */
  give(given: unknown, line: number): { id: string } | { fault: Fault } {
    const read = readId(given);
    if ('fault' in read) return read;
    const { id } = read;
    const key = hash64(id);
    const earlier = this.#given.get(key.high, key.low);
    if (earlier !== 0)
      return refuse(
        `the id ${shownId(id)} is in line ${earlier} and in line ${line}`,
        'give each row its own id',
        'E_SEED_DUP_ID',
      );
    const made = GENERATED.exec(id);
    if (made?.[1] !== undefined && this.#contents.get(...halves(made[1])) >= Number(made[2] ?? 1)) {
      const found = `the id ${shownId(id)} in line ${line} is the one made for an earlier row without an id`;
      return refuse(found, 'give every row an id, or none', 'E_SEED_DUP_ID');
    }
    this.#noteAlike(id, key, line);
    this.#given.set(key.high, key.low, line);
    return { id };
  }

  /** Before the id is among the given ones. */
  #noteAlike(id: string, key: Hash, line: number): void {
    const folded = id.normalize('NFKC').toLowerCase();
    const changed = folded !== id;
    const { high, low } = changed ? hash64(folded) : key;
    const earlier = this.#folded.get(high, low) || (changed ? this.#given.get(high, low) : 0);
    if (earlier === 0) {
      if (changed) this.#folded.set(high, low, line);
    } else if (this.#alike++ === 0) this.#firstAlike = `${shownId(id)} in line ${line} and the id in line ${earlier}`;
  }

  /** The id of a row without one: 16 hex digits of its content's sha256, with -2, -3, ... for equal rows. */
  make(canonical: string, line: number): string {
    return this.#next(canonical, line);
  }

  #next(canonical: string, line: number | null): string {
    const { high, low, hex } = hash64(canonical);
    let occurrence = this.#contents.get(high, low) + 1;
    if (occurrence > 1 && line !== null && this.#equal++ === 0) this.#firstEqual = line;
    const name = () => (occurrence === 1 ? hex : `${hex}-${occurrence}`);
    while (this.#isGiven(name())) occurrence += 1;
    this.#contents.set(high, low, occurrence);
    return name();
  }

  #isGiven(id: string): boolean {
    if (this.#given.size === 0) return false;
    const { high, low } = hash64(id);
    return this.#given.get(high, low) !== 0;
  }

  /** The id of a row that is repeated to reach a total. `pass` is 2 for its first repetition. */
  repeat(row: { given: string } | { canonical: string }, pass: number): string {
    if ('canonical' in row) return this.#next(row.canonical, null);
    let number = pass;
    while (this.#isGiven(`${row.given}-${number}`)) number += 1;
    const id = `${row.given}-${number}`;
    const { high, low } = hash64(id);
    this.#given.set(high, low, 1);
    return id;
  }

  /** What a person should know about the ids of all rows, a sentence each. */
  notes(): string[] {
    const notes: string[] = [];
    if (this.#equal > 0) {
      const which = `${this.#equal}, the first in line ${this.#firstEqual}`;
      notes.push(`rows without an id that equal an earlier one: ${which}; each is done by itself`);
    }
    if (this.#alike > 0) {
      const which = `${this.#alike}, the first ${this.#firstAlike}`;
      notes.push(`ids that differ from another only by case or Unicode form: ${which}; they are kept apart`);
    }
    return notes;
  }
}
