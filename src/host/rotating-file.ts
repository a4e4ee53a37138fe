/** A log file that never grows over a size: when full it becomes `<path>.1` (one is kept). */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

/** 5 MB. */
const FULL_BYTES = 5_000_000;

export class RotatingFile {
  readonly #path: string;
  readonly #fullBytes: number;
  #file: number;
  #size: number;

  constructor(path: string, fullBytes: number = FULL_BYTES) {
    this.#path = path;
    this.#fullBytes = fullBytes;
    this.#file = openSync(path, 'a', 0o600);
    this.#size = fstatSync(this.#file).size;
  }

  write(text: string | Uint8Array): void {
    try {
      if (this.#size >= this.#fullBytes) this.#rotate();
      this.#size += typeof text === 'string' ? writeSync(this.#file, text) : writeSync(this.#file, text);
    } catch {
      // A full disk must not end the host: the store says so where it matters.
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #rotate(): void {
    renameSync(this.#path, `${this.#path}.1`);
    const next = openSync(this.#path, 'a', 0o600);
    closeSync(this.#file);
    this.#file = next;
    this.#size = 0;
  }
}
