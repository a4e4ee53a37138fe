/** Reads of what calls cost. */

import type { NanoUsd, Usage } from '../../core/model.js';
import type { LedgerSlot } from '../../core/money/ledger-slot.js';
import type { Charged } from '../../core/money/reservation.js';
import type { Role } from '../../core/phases.js';
import type { CallRow } from './store.js';

/** One line of the receipt's spend table: what a model cost in one role. */
export interface ModelSpend {
  model: string;
  role: Role;
  calls: number;
  usage: Usage;
  /** Null when nobody knows it of one of the calls. */
  costNano: NanoUsd | null;
  /** Of these: answers without token counts, and what they are booked at: their reservation, unless the provider said what they cost. */
  unmetered: { calls: number; costNano: NanoUsd | null };
  /** Of these: answers that cost more than was reserved for them, and how much more. */
  exceeding: { calls: number; overNano: NanoUsd };
}

/** Money of a quarter of an hour: what the single calls of all runs say that are booked there, and what the ledger has. */
export interface LedgerRecount {
  slot: LedgerSlot;
  calls: Charged;
  booked: Charged;
}

export interface MoneyStore {
  doubtfulCalls(runId: string): Promise<CallRow[]>;
  spendByModel(runId: string): Promise<ModelSpend[]>;
  /** What all runs are charged with in these quarters of an hour: `from` to `to` (exclusive). */
  chargedIn(from: LedgerSlot, to: LedgerSlot): Promise<NanoUsd>;
  /** Quarters of an hour that calls of the run are booked in, in order. */
  bookedIn(runId: string): Promise<LedgerSlot[]>;
  /** Reads all calls of the store. Both sides are of one moment; in order, without empty quarters. */
  recountLedger(from: LedgerSlot, to: LedgerSlot): Promise<LedgerRecount[]>;
}
