/**
 * Time of a process. The clock of the system may be set, by minutes or by hours, back and forward, at any moment. So there are two
 * readings: intervals go by the steady one, days and what others read by the wall's. A stored time is always of the wall, since each
 * process has a steady reading of its own; who compares it with another one must not believe it beyond what can be true.
 */
import type { EpochMs } from './model.js';

export interface Clock {
  /** Goes on evenly, whatever is done to the system's clock, also while the machine sleeps. Means something in this process alone. */
  now(): EpochMs;
  /** What the system's clock shows. */
  wall(): EpochMs;
}

/** A steady time of this process as the wall shows it. */
export function toWall(clock: Clock, at: EpochMs): EpochMs {
  return at + clock.wall() - clock.now();
}

/** A time of the wall as a steady time of this process. */
export function fromWall(clock: Clock, at: EpochMs): EpochMs {
  return at + clock.now() - clock.wall();
}

/** What the system tells, all in ms. */
export interface ClockSources {
  wall(): number;
  /** Since some moment; stands still while the machine sleeps where the system does so. */
  elapsed(): number;
  /** Since the machine was started, its sleep included; asked only when the other two disagree. */
  uptime(): number;
}

/** What both readings may drift apart before somebody asks why. */
const DRIFT_MS = 1_000;
/** The uptime of a system is told in hundredths of a second, of some in seconds. */
const SLEEP_MS = 1_500;

/** The wall's time when the process began, and what has passed since. */
export class SteadyClock implements Clock {
  readonly #sources: ClockSources;
  /** Steady time = elapsed + this. */
  #base: number;
  /** Wall = elapsed + this, as of the last look. */
  #offset: number;
  /** Uptime less what elapsed: grows by the time asleep. */
  #asleep: number;
  /** Not told yet. */
  #step = 0;

  constructor(sources: ClockSources) {
    this.#sources = sources;
    const elapsed = sources.elapsed();
    this.#base = sources.wall() - elapsed;
    this.#offset = this.#base;
    this.#asleep = sources.uptime() - elapsed;
  }

  now(): EpochMs {
    const elapsed = this.#sources.elapsed();
    const offset = this.#sources.wall() - elapsed;
    if (Math.abs(offset - this.#offset) > DRIFT_MS) this.#moved(offset, elapsed);
    return Math.floor(elapsed + this.#base);
  }

  wall(): EpochMs {
    return this.#sources.wall();
  }

  /** By how much the system's clock was set since this was asked last; below 0 = back. */
  takeStep(): number {
    this.now();
    const step = this.#step;
    this.#step = 0;
    return step;
  }

  /** Either the machine slept, or its clock was set. */
  #moved(offset: number, elapsed: number): void {
    const asleep = this.#sources.uptime() - elapsed;
    const slept = asleep - this.#asleep > SLEEP_MS ? asleep - this.#asleep : 0;
    const step = Math.round(offset - this.#offset - slept);
    if (Math.abs(step) > DRIFT_MS) this.#step += step;
    this.#base += slept;
    if (slept > 0) this.#asleep = asleep;
    this.#offset = offset;
  }
}
