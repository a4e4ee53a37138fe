/** The even paces of a process at a gate: the one at which turns are admitted, and the one at which they enter to send. */
import type { EpochMs } from '../model.js';
import { UNKNOWN_PACE } from './learned.js';
import { LocalPace } from './local-pace.js';

/**
 * Calls per second at which turns enter at first: what is sent until the first refusal is back is mostly refused, too. A limit that nobody
 * told is met within `ms` of the first call, or is not near.
 */
const RUSH = { pace: 1_200, ms: 2_000 };
/** With a rate that the user told: a limit met all the same is most likely one of calls per second, not far below. */
const RUSH_AT_TOLD_RATE = { pace: 300, ms: 1_000 };
/** Of the pace at which turns are admitted: those that were before it was known enter after each other, later ones are not held twice. */
const ENTRY_SHARE = 1.05;
/** At a slower one a trial could not tell a limit of places from one of calls per second. */
const LEAST_ENTRY_PACE = 300;

/** What was learned of calls per second: Infinity or the pace of a trial while no limit is known. */
export interface LearnedPace {
  pace: number;
  paceKnown: boolean;
}

export class Paces {
  readonly #admission = new LocalPace();
  readonly #entry = new LocalPace();
  #processes = 1;
  #rush = RUSH;
  /** Infinity before the first call. */
  #rushUntil: EpochMs = Number.POSITIVE_INFINITY;

  sharedBy(processes: number): void {
    this.#processes = processes;
  }

  /** The user told a rate of requests, or took it back. */
  rateTold(told: boolean): void {
    this.#rush = told ? RUSH_AT_TOLD_RATE : RUSH;
  }

  /** When the next turn may be admitted. */
  admitsAt(learned: LearnedPace, now: EpochMs): EpochMs {
    return this.#admission.nextAt(this.#admissionPace(learned, now));
  }

  admitted(learned: LearnedPace, now: EpochMs): void {
    this.#admission.take(this.#admissionPace(learned, now), now);
  }

  /** When the next admitted turn may enter: those whose intents were committed together would else be sent in one rush. */
  entersAt(learned: LearnedPace, now: EpochMs): EpochMs {
    return this.#entry.nextAt(this.#entryPace(learned, now));
  }

  entered(learned: LearnedPace, now: EpochMs): void {
    this.#entry.take(this.#entryPace(learned, now), now);
    if (this.#rushUntil === Number.POSITIVE_INFINITY) this.#rushUntil = now + this.#rush.ms;
  }

  #admissionPace({ pace }: LearnedPace, now: EpochMs): number {
    return Math.min(pace, this.#unknownPace(now));
  }

  #entryPace({ pace, paceKnown }: LearnedPace, now: EpochMs): number {
    return paceKnown ? pace * ENTRY_SHARE : Math.min(Math.max(pace, LEAST_ENTRY_PACE), this.#unknownPace(now));
  }

  #unknownPace(now: EpochMs): number {
    return (now < this.#rushUntil ? this.#rush.pace : UNKNOWN_PACE) / this.#processes;
  }
}
