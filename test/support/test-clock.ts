/** Clocks for tests. */
import type { Clock } from '../../src/core/clock.js';
import type { EpochMs } from '../../src/core/model.js';

/** Both readings are the system's. */
export const systemClock: Clock = { now: () => Date.now(), wall: () => Date.now() };

/** A clock that a test moves; its wall may be set apart. */
export class TestClock implements Clock {
  /** How much the wall was set: below 0 = back. */
  step = 0;

  constructor(
    /** Steady time; moved by hand, or told. */
    public time: EpochMs | (() => EpochMs),
  ) {}

  now(): EpochMs {
    return typeof this.time === 'number' ? this.time : this.time();
  }

  wall(): EpochMs {
    return this.now() + this.step;
  }
}
