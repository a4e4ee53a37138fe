/** Fingerprints of a task and of its rows: what a resumed run is compared by. */
import { createHash } from 'node:crypto';
import stringify from 'safe-stable-stringify';
import type { SeedContent } from '../schema/seed.js';
import type { Task } from '../schema/task-types.js';
import { identityOf } from './changed-keys.js';

/** JSON with sorted keys: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return stringify(value) ?? 'null';
}

/** sha256 in hex. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** sha256 (hex) over the keys that decide the answers (IDENTITY_KEYS). */
export function taskFingerprint(task: Task): string {
  return sha256(canonicalJson(identityOf(task)));
}

/** sha256 over the rows in order, readable after every row: the digest after N rows is the fingerprint of the first N. */
export class SeedsFingerprint {
  readonly #hash = createHash('sha256');
  #count = 0;

  /** Rows so far. */
  get count(): number {
    return this.#count;
  }

  /** Adds the next row. `canonical` is its content as canonicalJson, when the caller has it. */
  add(seed: { id: string; content: SeedContent }, canonical: string = canonicalJson(seed.content)): void {
    this.#hash.update(`${JSON.stringify(seed.id)} ${canonical}\n`);
    this.#count += 1;
  }

  /** Hex; more rows may follow. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }
}
