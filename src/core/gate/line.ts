/** One run at a gate: its waiting tickets, its calls under way, and whether its own limits let another one go. */
import type { EpochMs } from '../model.js';
import { RunQueue } from './fair-queue.js';
import { intentsAhead, type RunLimits } from './limits.js';
import type { Bottleneck } from './port.js';
import { TokenBudget } from './token-budget.js';

/** Calls that got no answer, one after the other. */
export interface Failure {
  /** What the last of them met, in words. */
  text: string;
  /** When the first of them ended. */
  since: EpochMs;
}

/** What holds calls back, and until when, if that is known. */
export interface Hold {
  why: Bottleneck;
  until: EpochMs | null;
  /** For `slow`: mean ms of an answer, of late and over a long time. */
  answers?: { ms: number; usualMs: number };
  /** For `breaker` and `retry`: what calls met last, while none was answered. */
  failure?: Failure;
}

/** Turns of one run at a gate. */
export interface LineCounts {
  /** Admitted and not over. */
  inFlight: number;
  /** Those of them whose call is under way. */
  entered: number;
  waiting: number;
  /** Since the run is here. */
  admitted: number;
}

export const NO_COUNTS: LineCounts = { inFlight: 0, entered: 0, waiting: 0, admitted: 0 };

export class Line {
  limits: RunLimits;
  readonly queue = new RunQueue();
  readonly tokens: TokenBudget;
  /** Admitted and not over. */
  inFlight = 0;
  /** Those of them whose call is under way. */
  entered = 0;
  admitted = 0;
  moneyShort = false;
  #firstAdmission: EpochMs = 0;

  constructor(limits: RunLimits, answerTokens: number | null) {
    this.limits = limits;
    this.queue.weight = limits.weight;
    this.tokens = new TokenBudget(answerTokens);
  }

  get counts(): LineCounts {
    const { inFlight, entered, admitted } = this;
    return { inFlight, entered, waiting: this.queue.size, admitted };
  }

  change(limits: RunLimits): void {
    this.limits = limits;
    this.queue.weight = limits.weight;
  }

  admits(now: EpochMs): void {
    if (this.admitted === 0) this.#firstAdmission = now;
    this.admitted += 1;
    this.inFlight += 1;
  }

  /** Turns that may be admitted. With `paced` an intent ahead of its place would send after its slot's time. */
  room(paced: boolean): number {
    const { concurrency } = this.limits;
    return concurrency + (paced ? 0 : intentsAhead(concurrency));
  }

  /** Calls that may be under way now. */
  get places(): number {
    return this.limits.places ?? this.limits.concurrency;
  }

  /** Turns of it are here. */
  get busy(): boolean {
    return this.queue.size > 0 || this.inFlight > 0;
  }

  /** 0 when the start is over. */
  staggeredUntil(): EpochMs {
    const { staggerMs, concurrency } = this.limits;
    if (staggerMs <= 0 || this.admitted === 0 || this.admitted >= concurrency) return 0;
    return this.#firstAdmission + this.admitted * staggerMs;
  }

  mayGo(now: EpochMs, paced: boolean): boolean {
    const { paused, cancelled } = this.limits;
    if (this.queue.size === 0 || paused || cancelled || this.moneyShort) return false;
    return this.inFlight < this.room(paced) && this.staggeredUntil() <= now;
  }

  /** What holds the run back by itself; null when that is nothing. */
  hold(now: EpochMs, paced: boolean): Hold | null {
    if (this.limits.paused) return { why: 'paused', until: null };
    if (this.queue.size === 0) return { why: 'nothing', until: null };
    if (this.moneyShort) return { why: 'money', until: null };
    if (this.inFlight >= this.room(paced)) return { why: 'concurrency', until: null };
    const staggered = this.staggeredUntil();
    return staggered > now ? { why: 'stagger', until: staggered } : null;
  }
}
