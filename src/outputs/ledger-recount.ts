/** Compares the ledger of the days of a run, which caps per day rest on, with the single calls of all runs that are booked there. */
import { type LedgerDay, ledgerDayOf, slotTime } from '../core/money/ledger-slot.js';
import type { RunRow, Store } from '../store/port/store.js';
import type { Differences } from './differences.js';

export type LedgerReader = Pick<Store, 'bookedIn' | 'recountLedger'>;

/** Days that overlap or touch are read at once: what is between two that do not may be years. */
function stretches(days: readonly LedgerDay[]): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  for (const { from, to } of days) {
    const last = found.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else found.push({ from, to });
  }
  return found;
}

export async function compareLedger(found: Differences, store: LedgerReader, { id, task }: RunRow): Promise<void> {
  const days = (await store.bookedIn(id)).map((slot) => ledgerDayOf(slot, task.timeZone));
  for (const { from, to } of stretches(days)) {
    for (const { slot, calls, booked } of await store.recountLedger(from, to)) {
      const where = `ledger ${new Date(slotTime(slot)).toISOString().slice(0, 16)}Z`;
      found.compare('store', `${where} settled`, calls.settledNano, booked.settledNano);
      found.compare('store', `${where} reserved`, calls.reservedNano, booked.reservedNano);
      found.compare('store', `${where} doubtful`, calls.doubtfulNano, booked.doubtfulNano);
    }
  }
}
