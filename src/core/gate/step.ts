/** What the gate says when it is asked who may send now. */
import type { EpochMs } from '../model.js';
import type { Wanted } from './configured-rates.js';
import type { Ticket } from './fair-queue.js';

export interface Step {
  admit: Ticket[];
  /** When to ask again, if nothing happens before; null = on the next event. */
  wakeAt: EpochMs | null;
  /** Slots that could be used if there were any. */
  wanted: Wanted;
}
