/**
 * Holds all turns back while the provider answers nobody: after failures in a row (an outage) or refusals in a row with no call
 * accepted between (a storm of 429s). Then one call at a time is sent as a probe, with growing pauses, until one is answered.
 */
import type { EpochMs } from '../model.js';
import type { Failure, Hold } from './line.js';

/** Transport failures and 5xx in a row that open it: of all calls, or of most of those sent since the first one. */
const FAILURES = 5;
const MOST = 0.5;
/** Limit signals in a row that open it, when no call was accepted for so long. */
const REFUSALS = 5;
const STORM_MS = 2_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
const GROWTH = 1.5;

interface Refused {
  /** When the provider would take the call again. */
  until: EpochMs;
  /** True: what is used up is the quota of a day. @default false */
  quota?: boolean;
}

export class Breaker {
  #failures = 0;
  /** Since the first failure of a row: answers of calls sent before are no sign that the provider is still there. */
  #since: { at: EpochMs; sent: number; failed: number; what: string | null } | null = null;
  #refusals = 0;
  /** When the row of refusals began; answers of calls sent before say nothing about it. */
  #refusedFrom: EpochMs = 0;
  #until: EpochMs | null = null;
  #openedAt: EpochMs = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #probing = false;
  #refusing = false;
  /** The last refusal that named its end, until a call is answered. */
  #away: { until: EpochMs; quota: boolean } | null = null;

  /** No call may be sent before this; null when closed. */
  get until(): EpochMs | null {
    return this.#until;
  }

  /** What calls met last, while none was answered; null when nothing was told, or the provider refused one since. */
  get failure(): Failure | null {
    const what = this.#since?.what ?? null;
    return this.#since === null || what === null ? null : { text: what, since: this.#since.at };
  }

  /**
   * What is told while the provider takes no calls; null when it does. `busy`: turns of the run are here; those that are not come back when
   * they were told to.
   */
  hold(busy: boolean, now: EpochMs): Hold | null {
    const away = this.#away !== null && this.#away.until > now ? this.#away : null;
    const refused = away?.quota ? 'quota' : 'refused';
    if (!busy) return away === null ? null : { why: refused, until: away.until };
    if (this.#until === null) return null;
    const until = this.#until > now ? this.#until : null;
    if (this.#refusing) return { why: refused, until };
    return { why: 'breaker', until, ...(this.failure && { failure: this.failure }) };
  }

  /** True when a call may be sent; while open that is the probe. */
  mayPass(now: EpochMs): boolean {
    return this.#until === null || (now >= this.#until && !this.#probing);
  }

  sent(): void {
    if (this.#since !== null) this.#since.sent += 1;
    if (this.#until !== null) this.#probing = true;
  }

  answered(sentAt: EpochMs): void {
    this.#failures = 0;
    this.#away = null;
    if (this.#since !== null && sentAt >= this.#since.at) this.#since = null;
    if (sentAt >= this.#refusedFrom) this.#refusals = 0;
    if (this.#until === null || sentAt < this.#openedAt) return;
    this.#until = null;
    this.#refusals = 0;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#probing = false;
  }

  /** `what` it met, in words; null when that is not told. @default null */
  failed(sentAt: EpochMs, now: EpochMs, what: string | null = null): void {
    this.#failures += 1;
    this.#since ??= { at: now, sent: 0, failed: 0, what };
    this.#since.what = what;
    if (sentAt >= this.#since.at) this.#since.failed += 1;
    const { sent, failed } = this.#since;
    const most = failed >= FAILURES && failed >= MOST * sent;
    if (this.#until !== null) this.#stillOpen(sentAt, 0, now);
    else if (this.#failures >= FAILURES || most) {
      this.#refusing = false;
      this.#open(0, now);
    }
  }

  /** True when it opens. `accepted`: calls sent since a time that were not refused and are old enough to have been. */
  refused(sentAt: EpochMs, { until, quota = false }: Refused, accepted: (from: EpochMs) => number, now: EpochMs): boolean {
    this.#away = { until: Math.max(until, this.#away?.until ?? 0), quota };
    if (this.#since !== null) this.#since.what = null;
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
