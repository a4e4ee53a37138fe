// @ts-check
/** The provider's own log while it grows: how often it billed, and how often for a row that it had billed before. Flat memory. */
import { closeSync, openSync, readSync } from 'node:fs';
import { HashTable, halves } from '../../dist/core/hash-table.js';

const READ_BYTES = 1024 * 1024;

export class BillingReader {
  billed = 0;
  /** Billed calls of a row beyond its first. */
  paidTwice = 0;
  refused = 0;
  #file;
  #at = 0;
  #rest = '';
  #rows = new HashTable();
  #buffer = Buffer.alloc(READ_BYTES);
  #since = Number.POSITIVE_INFINITY;
  /** When the first call after `since` arrived, ms since the Unix epoch. @type {number | null} */
  firstSince = null;

  /** @param {string} path of the log, which exists */
  constructor(path) {
    this.#file = openSync(path, 'r');
  }

  /** `firstSince` is then the arrival of the first call after this time. @param {number} time in ms since the Unix epoch */
  since(time) {
    this.#since = time;
    this.firstSince = null;
  }

  /** Reads what was written since the last time. */
  read() {
    for (;;) {
      const bytes = readSync(this.#file, this.#buffer, 0, READ_BYTES, this.#at);
      if (bytes === 0) return;
      this.#at += bytes;
      // The log is ASCII, so no character is cut in two.
      const lines = (this.#rest + this.#buffer.toString('latin1', 0, bytes)).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('{"e":"call"')) this.#count(JSON.parse(line));
    }
  }

  /** @param {{t: number, row: string, billed: boolean}} call */
  #count({ t, row, billed }) {
    if (t > this.#since) this.firstSince ??= t;
    if (!billed) {
      this.refused += 1;
      return;
    }
    this.billed += 1;
    const [high, low] = halves(row);
    const before = this.#rows.get(high, low);
    if (before > 0) this.paidTwice += 1;
    this.#rows.set(high, low, before + 1);
  }

  close() {
    closeSync(this.#file);
  }
}
