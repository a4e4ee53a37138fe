/** The clock of this process. */
import { uptime } from 'node:os';
import { SteadyClock } from '../core/clock.js';

export function processClock(): SteadyClock {
  return new SteadyClock({ wall: () => Date.now(), elapsed: () => performance.now(), uptime: () => uptime() * 1_000 });
}
