/** A rate of this process alone, found by learning: even spacing that makes up for timers that are late. */
import type { EpochMs } from '../model.js';

/** It makes up for so much time, or for so many calls if that is less. */
const SLACK_MS = 20;
const SLACK_CALLS = 8;

export class LocalPace {
  #clock: EpochMs = 0;

  /** Earliest time of the next call. */
  nextAt(perSecond: number): EpochMs {
    return this.#clock - Math.min(SLACK_MS, (SLACK_CALLS * 1_000) / perSecond);
  }

  take(perSecond: number, now: EpochMs): void {
    this.#clock = Math.max(this.#clock, now) + 1_000 / perSecond;
  }
}
