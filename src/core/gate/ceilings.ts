/** The two ceilings that are learned: calls per second and calls in flight. Infinity = no limit met yet. */
import type { EpochMs } from '../model.js';

export type Ceiling = 'pace' | 'window';

/** Share by which a ceiling is raised first; doubled with every clean interval, up to the last. */
const FIRST_STEP = 0.01;
const LAST_STEP = 0.32;
/** Where it is open which of the two is the limit, the other one must not hold calls back for long. */
const UNSURE_STEP = 0.08;
const UNSURE_HOLD_MS = 1_000;
/** Calls after a cut before the ceiling is tried again: one or two refusals per try stay far below 1 %. */
const CALLS_BETWEEN_TRIES = 150;
const SHORTEST_HOLD_MS = 2_000;
const LONGEST_HOLD_MS = 20_000;

export class LearnedCeiling {
  value: number;
  #step = FIRST_STEP;
  #holdUntil: EpochMs = 0;
  readonly #least: number;
  readonly #whole: boolean;
  readonly #most: number;

  constructor(options: { value: number; least: number; most: number; whole: boolean }) {
    this.value = options.value;
    this.#least = options.least;
    this.#most = options.most;
    this.#whole = options.whole;
  }

  get known(): boolean {
    return Number.isFinite(this.value);
  }

  /** Down to `value`, by at least one step. `callsPerMs` says how long to hold it there; `sure`: this is the ceiling that was met. */
  cut(value: number, callsPerMs: number, now: EpochMs, sure: boolean): void {
    const below = this.#whole ? Math.min(Math.floor(value), this.value - 1) : Math.min(value, this.value * 0.98);
    this.value = Math.max(this.#least, below);
    this.#step = sure ? FIRST_STEP : UNSURE_STEP;
    const holdMs = Math.min(LONGEST_HOLD_MS, Math.max(SHORTEST_HOLD_MS, CALLS_BETWEEN_TRIES / Math.max(callsPerMs, 1e-6)));
    this.#holdUntil = now + (sure ? holdMs : UNSURE_HOLD_MS);
  }

  /** Back to what it was before cuts that were of no use. */
  restore(value: number): void {
    this.value = value;
  }

  /** One step up, unless it was cut lately. True when it was raised. */
  raise(now: EpochMs): boolean {
    if (!this.known || now < this.#holdUntil) return false;
    const raised = this.value * (1 + this.#step);
    this.value = this.#whole ? Math.max(this.value + 1, Math.floor(raised)) : raised;
    this.#step = Math.min(LAST_STEP, this.#step * 2);
    if (this.value > this.#most) this.value = Number.POSITIVE_INFINITY;
    return true;
  }
}
