/** Whether a ceiling held calls back while nobody was refused: then it is time to raise it. */
import type { EpochMs } from '../model.js';

const TICK_MS = 600;
/** Calls that a tick of a slow pace has at least. */
const TICK_CALLS = 5;
/** A pace that is used this much holds calls back. */
const SATURATED = 0.9;

export class Use {
  #from: { pace: EpochMs; window: EpochMs } = { pace: 0, window: 0 };
  #sent = 0;
  #refused = { pace: false, window: false };
  #windowHeld = false;

  sent(): void {
    this.#sent += 1;
  }

  refused(): void {
    this.#refused = { pace: true, window: true };
  }

  /** A ticket waits for a place in the window. */
  holdsWindow(): void {
    this.#windowHeld = true;
  }

  /** At the end of a tick whether `pace`, calls per second, held calls back and none was refused; null within it. */
  pace(pace: number, now: EpochMs): { used: boolean; clean: boolean } | null {
    const ms = now - this.#from.pace;
    if (ms < Math.max(TICK_MS, (TICK_CALLS * 1_000) / pace)) return null;
    const found = { used: this.#sent >= SATURATED * pace * (ms / 1_000), clean: !this.#refused.pace };
    this.#from.pace = now;
    this.#sent = 0;
    this.#refused.pace = false;
    return found;
  }

  /** The same for the window. `answerMs`: mean time of an answer. */
  window(answerMs: number, now: EpochMs): { used: boolean; clean: boolean } | null {
    if (now - this.#from.window < Math.max(TICK_MS, answerMs)) return null;
    const found = { used: this.#windowHeld, clean: !this.#refused.window };
    this.#from.window = now;
    this.#refused.window = false;
    this.#windowHeld = false;
    return found;
  }
}
