/**
 * Holds all turns back while the provider answers nobody: after failures in a row (an outage) or refusals in a row with no call
 * accepted between (a storm of 429s). Then one call at a time is sent as a probe, with growing pauses, until one is answered.
 */
import type { EpochMs } from '../model.js';

/** Transport failures and 5xx in a row that open it. */
const FAILURES = 5;
/** Limit signals in a row that open it, when no call was accepted for so long. */
const REFUSALS = 5;
const STORM_MS = 2_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
const GROWTH = 1.5;

export class Breaker {
  #failures = 0;
  #refusals = 0;
  /** When the row of refusals began; answers of calls sent before say nothing about it. */
  #refusedFrom: EpochMs = 0;
  #until: EpochMs | null = null;
  #openedAt: EpochMs = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #probing = false;
  #refusing = false;

  /** No call may be sent before this; null when closed. */
  get until(): EpochMs | null {
    return this.#until;
  }

  /** What opened it last: the provider refuses every call, else it answers none. */
  get refusing(): boolean {
    return this.#refusing;
  }

  /** True when a call may be sent; while open that is the probe. */
  mayPass(now: EpochMs): boolean {
    return this.#until === null || (now >= this.#until && !this.#probing);
  }

  sent(): void {
    if (this.#until !== null) this.#probing = true;
  }

  answered(sentAt: EpochMs): void {
    this.#failures = 0;
    if (sentAt >= this.#refusedFrom) this.#refusals = 0;
    if (this.#until === null || sentAt < this.#openedAt) return;
    this.#until = null;
    this.#refusals = 0;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#probing = false;
  }

  failed(sentAt: EpochMs, now: EpochMs): void {
    this.#failures += 1;
    if (this.#until !== null) this.#stillOpen(sentAt, 0, now);
    else if (this.#failures >= FAILURES) {
      this.#refusing = false;
      this.#open(0, now);
    }
  }

  /** True when it opens. `accepted`: calls sent since a time that were not refused and are old enough to have been. */
  refused(sentAt: EpochMs, until: EpochMs, accepted: (from: EpochMs) => number, now: EpochMs): boolean {
    if (this.#refusals === 0) this.#refusedFrom = now;
    this.#refusals += 1;
    if (this.#until !== null) this.#stillOpen(sentAt, until, now);
    else if (this.#refusals >= REFUSALS && now - this.#refusedFrom >= STORM_MS) {
      const stormy = accepted(this.#refusedFrom) === 0;
      this.#refusing = stormy;
      if (stormy) this.#open(until, now);
      else this.#refusals = 0;
      return stormy;
    }
    return false;
  }

  #open(until: EpochMs, now: EpochMs): void {
    this.#until = Math.max(until, now + this.#pauseMs);
    this.#openedAt = now;
    this.#probing = false;
  }

  /** A probe that failed makes the pause grow; calls sent before say only how long to wait. */
  #stillOpen(sentAt: EpochMs, until: EpochMs, now: EpochMs): void {
    if (this.#probing && sentAt >= this.#openedAt) {
      this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * GROWTH);
      this.#open(until, now);
    } else this.#until = Math.max(this.#until as EpochMs, until);
  }
}
