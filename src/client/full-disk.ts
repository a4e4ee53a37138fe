/**
 * A run that stands still because the disk of the home is full. Temporal's own database is on that disk, too: its server may have died
 * or take nothing, so that no workflow can say what is wrong.
 */
import { diskFull, isDiskFull } from '../store/free-space.js';

/** A full disk under a run without progress for this long is the reason. */
const STANDSTILL_MS = 10_000;
const LOOK_MS = 500;

export class FullDiskWatch {
  readonly #folder: string;
  #progress = '';
  #since = 0;
  #nextLook = 0;

  /** @param folder Home whose disk is watched. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Throws E_DISK_FULL (exit 7). `progress`: any text that changes when the run gets on. */
  look(runId: string, progress: string, now: number = performance.now()): void {
    if (now < this.#nextLook) return;
    this.#nextLook = now + LOOK_MS;
    if (progress !== this.#progress || this.#since === 0 || !isDiskFull(this.#folder)) {
      this.#progress = progress;
      this.#since = now;
      return;
    }
    if (now - this.#since >= STANDSTILL_MS) throw diskFull(this.#folder, `run ${runId} stands still`);
  }
}
