/** A rate of this process alone: even spacing that makes up for timers that are late. */
import type { EpochMs } from '../model.js';

/** It makes up for so much time, or for so many calls if that is less. */
const SLACK_MS = 20;
const SLACK_CALLS = 8;

function shortMs(perSecond: number): number {
  return Math.min(SLACK_MS, (SLACK_CALLS * 1_000) / perSecond);
}

export class LocalPace {
  readonly #slackMs: (perSecond: number) => number;
  #clock: EpochMs = 0;
  #last: EpochMs = 0;

  /** `slackMs`: time that it makes up for, by the rate. @default 20 ms, or 8 calls if that is less */
  constructor(slackMs: (perSecond: number) => number = shortMs) {
    this.#slackMs = slackMs;
  }

  /** Earliest time of the next call. What the last one took at a slower pace holds nobody when the pace is higher now. */
  nextAt(perSecond: number): EpochMs {
    const slack = this.#slackMs(perSecond);
    return Math.min(this.#clock, this.#last + slack + 1_000 / perSecond) - slack;
  }

  take(perSecond: number, now: EpochMs): void {
    this.#clock = Math.max(Math.min(this.#clock, this.nextAt(perSecond) + this.#slackMs(perSecond)), now) + 1_000 / perSecond;
    this.#last = now;
  }
}
