/** The two ceilings that are learned: calls per second and calls in flight. Infinity = no limit met yet. */
import type { EpochMs } from '../model.js';

export type Ceiling = 'pace' | 'window';

/** Share by which a ceiling is raised first; doubled with every clean interval, up to the last. */
const FIRST_STEP = 0.01;
const LAST_STEP = 0.2;
/** Where it is open which of the two is the limit, the other one must not hold calls back for long. */
const UNSURE_STEP = 0.2;
const UNSURE_LAST_STEP = 1;
const UNSURE_HOLD_MS = 1_000;
/** What is left after one refusal that no step up explains: it may be chance. */
const STEP_BACK = 0.95;
/** Calls after a cut before the ceiling is tried again: one or two refusals per try stay far below 1 %. */
const CALLS_BETWEEN_TRIES = 150;
const SHORTEST_HOLD_MS = 2_000;
const LONGEST_HOLD_MS = 20_000;

export class LearnedCeiling {
  /** What all cuts and raises since it was first known multiply to: it stays comparable when another ceiling becomes known. */
  level = 1;
  #value: number;
  #step = FIRST_STEP;
  #lastStep = LAST_STEP;
  /** What it was before it was raised last; 0 when it was cut since. */
  #below = 0;
  #holdUntil: EpochMs = 0;
  readonly #least: number;
  readonly #whole: boolean;
  readonly #most: number;

  constructor(options: { value: number; least: number; most: number; whole: boolean }) {
    this.#value = options.value;
    this.#least = options.least;
    this.#most = options.most;
    this.#whole = options.whole;
  }

  get value(): number {
    return this.#value;
  }

  #set(value: number): void {
    if (this.known && Number.isFinite(value)) this.level *= value / this.#value;
    this.#value = value;
  }

  get known(): boolean {
    return Number.isFinite(this.value);
  }

  /** Down to `value`, by at least one step. `callsPerMs` says how long to hold it there; `sure`: this is the ceiling that was met. */
  cut(value: number, callsPerMs: number, now: EpochMs, sure: boolean): void {
    const below = this.#whole ? Math.min(Math.floor(value), this.value - 1) : Math.min(value, this.value * 0.98);
    this.#set(Math.max(this.#least, below));
    this.#below = 0;
    this.#step = sure ? FIRST_STEP : UNSURE_STEP;
    this.#lastStep = sure ? LAST_STEP : UNSURE_LAST_STEP;
    const holdMs = Math.min(LONGEST_HOLD_MS, Math.max(SHORTEST_HOLD_MS, CALLS_BETWEEN_TRIES / Math.max(callsPerMs, 1e-6)));
    this.#holdUntil = now + (sure ? holdMs : UNSURE_HOLD_MS);
  }

  /**
   * One refusal: down to `value`, but not below where the last step up began, nor far when there was none. Places go back to there at
   * once.
   */
  stepBack(value: number, callsPerMs: number, now: EpochMs): void {
    const least = this.#below > 0 ? this.#below : this.value * STEP_BACK;
    const back = this.#whole && this.#below > 0 ? this.#below : Math.max(value, least);
    this.cut(back, callsPerMs, now, true);
  }

  /** To what it was, or what others found. */
  restore(value: number): void {
    this.#set(value);
  }

  /** Back to at least `value`, since cuts were of no use, and from there up in large steps at once. */
  giveBack(value: number): void {
    this.#set(Math.max(value, this.#value));
    this.#below = 0;
    this.#step = UNSURE_STEP;
    this.#lastStep = UNSURE_LAST_STEP;
    this.#holdUntil = 0;
  }

  /** One step up, unless it was cut lately. True when it was raised. */
  raise(now: EpochMs): boolean {
    if (!this.known || now < this.#holdUntil) return false;
    this.#below = this.value;
    const raised = this.value * (1 + this.#step);
    const value = this.#whole ? Math.max(this.value + 1, Math.floor(raised)) : raised;
    this.#set(value > this.#most ? Number.POSITIVE_INFINITY : value);
    this.#step = Math.min(this.#lastStep, this.#step * 2);
    return true;
  }
}
