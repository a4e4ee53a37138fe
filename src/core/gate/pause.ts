/** Times in which nobody sends, so that it can be seen what became of the calls that were sent, or whether calls are taken again. */
import type { EpochMs } from '../model.js';
import type { SentCall } from './learned.js';
import type { Trial } from './trial.js';

/** First pause of a trial that could measure nothing; by the longest one the breaker waits for all. */
const FIRST_MS = 60;
const GROWTH = 1.5;
const LONGEST_MS = 2_000;
/** Beyond the times that a refusal takes. */
const SETTLE_MS = 5;
const SETTLE_REFUSALS = 1.5;
/** A probe whose refusal comes late would be taken for an opening, and all after it be refused. */
const PROBE_REFUSALS = 4;

export class Pause {
  until: EpochMs = 0;

  /** Until it is known what became of the calls that were sent. `refusalMs`: mean time of a refusal. */
  settle(refusalMs: number, now: EpochMs): void {
    this.until = now + SETTLE_MS + SETTLE_REFUSALS * refusalMs;
  }

  /** After it a single call shows whether calls are taken again. Each is longer than the one before. */
  beforeProbe(trial: Trial, from: EpochMs): void {
    this.until = from + Math.min(LONGEST_MS, FIRST_MS * GROWTH ** trial.pauses);
    trial.pauses += 1;
    trial.probe = { call: null, refused: trial.probe?.refused ?? 0 };
  }

  /** The first call after the pause is the probe; until it is old enough to have been refused nobody else sends. */
  sent(trial: Trial, call: SentCall, refusalMs: number): void {
    if (trial.probe === null || trial.probe.call !== null) return;
    trial.probe.call = call;
    this.until = call.sentAt + SETTLE_MS + PROBE_REFUSALS * refusalMs;
  }
}
