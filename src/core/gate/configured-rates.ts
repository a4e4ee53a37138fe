/** Requests and tokens per minute as tasks configure them: the strictest of the runs counts, on a clock that all processes share. */
import type { EpochMs } from '../model.js';
import type { RunLimits } from './limits.js';
import { LocalPace } from './local-pace.js';
import { lagMs, type Pace, paceOf, requestPaceOf, SlotBank, secondMs } from './pace.js';

export type Rate = 'requests' | 'tokens';
const RATES = ['requests', 'tokens'] as const;

/** Units of a rate that the shell should take from the clock that all processes share. */
export interface WantedSlots {
  count: number;
  pace: Pace;
}

export type Wanted = Partial<Record<Rate, WantedSlots>>;

/** Units are taken for this long ahead, so that a process that dies wastes little of the shared rate. */
const AHEAD_MS = 250;
/** More are taken when no more than this share of them is left: not for every call, each time is a statement of the store. */
const LOW_SHARE = 0.5;

/** Time from which the shell asks the store for slots: the clock of a rate may lag behind now by its burst. */
export function slotsFrom(pace: Pace, now: EpochMs): EpochMs {
  return now - lagMs(pace);
}

export class ConfiguredRates {
  readonly #banks = { requests: new SlotBank(), tokens: new SlotBank() };
  #paces: Record<Rate, Pace | null> = { requests: null, tokens: null };
  /** Spreads the burst of requests out. */
  readonly #even = new LocalPace(secondMs);
  /** Requests a second; null where there is no burst to spread. */
  #evenly: number | null = null;

  /** `alone`: no other process uses the rate. Several could each send their own second's worth of a larger burst. */
  set(runs: readonly RunLimits[], alone: boolean): void {
    const none = Number.POSITIVE_INFINITY;
    const strictest = {
      requests: Math.min(...runs.map(({ requestsPerMinute }) => requestsPerMinute ?? none)),
      tokens: Math.min(...runs.map(({ tokensPerMinute }) => tokensPerMinute ?? none)),
    };
    const { requests, tokens } = strictest;
    this.#paces = {
      requests: Number.isFinite(requests) ? (alone ? requestPaceOf : paceOf)(requests) : null,
      tokens: Number.isFinite(tokens) ? paceOf(tokens) : null,
    };
    this.#evenly = (this.#paces.requests?.burst ?? 1) > 1 ? requests / 60 : null;
    for (const rate of RATES) if (this.#paces[rate] === null) this.#banks[rate].clear();
  }

  pace(rate: Rate): Pace | null {
    return this.#paces[rate];
  }

  get any(): boolean {
    return this.#paces.requests !== null || this.#paces.tokens !== null;
  }

  add(rate: Rate, first: EpochMs, count: number, intervalMs: number): void {
    this.#banks[rate].add(first, count, intervalMs);
  }

  expire(now: EpochMs): void {
    for (const rate of RATES) {
      const pace = this.#paces[rate];
      if (pace) this.#banks[rate].expire(pace, now);
    }
  }

  /** What holds one call of so many tokens, and until when; null when it may go. No tokens = that rate does not count. */
  holds(tokens: number, now: EpochMs): { why: 'requests/min' | 'tokens/min'; until: EpochMs | null } | null {
    for (const rate of RATES) {
      const pace = this.#paces[rate];
      if (pace === null || (rate === 'tokens' && tokens === 0)) continue;
      // More tokens than ever come at once: it goes when the burst is full, and the debt is paid off before the next.
      const at = this.#banks[rate].dueAt(Math.min(rate === 'requests' ? 1 : tokens, pace.burst));
      if (at === null || at > now) return { why: `${rate}/min`, until: at };
    }
    const even = this.#evenly === null ? 0 : this.#even.nextAt(this.#evenly);
    return even > now ? { why: 'requests/min', until: even } : null;
  }

  take(tokens: number, now: EpochMs): void {
    if (this.#evenly !== null) this.#even.take(this.#evenly, now);
    if (this.#paces.requests) this.#banks.requests.take(1);
    if (this.#paces.tokens) this.#banks.tokens.take(tokens);
  }

  /** A call took so many tokens more than it was charged with; below 0 = less. */
  correct(over: number): void {
    if (this.#paces.tokens) this.#banks.tokens.giveBack(-over, this.#paces.tokens.burst);
  }

  /** `ready`: tickets that lack nothing else; `size`: tokens of the largest. */
  wanted(ready: number, size: number): Wanted {
    const wanted: Wanted = {};
    if (ready === 0) return wanted;
    for (const rate of RATES) {
      const pace = this.#paces[rate];
      if (pace === null) continue;
      const one = rate === 'requests' ? 1 : size;
      const ahead = Math.ceil(AHEAD_MS / pace.intervalMs);
      const most = Math.min(ready * one, Math.max(ahead, one));
      const least = Math.min(most, Math.max(ahead * LOW_SHARE, one));
      const { held } = this.#banks[rate];
      if (held < least) wanted[rate] = { count: Math.ceil(most - held), pace };
    }
    return wanted;
  }
}
