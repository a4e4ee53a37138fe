/**
 * Money is booked by quarters of an hour: the offset of every time zone is a whole number of them, so a calendar day of any zone is a
 * range of quarters, and days of several zones can be capped over the same bookings.
 */
import type { EpochMs } from '../model.js';
import { dayOf, nextDayAt, startOf } from './calendar-day.js';

/** Quarters since the epoch. */
export type LedgerSlot = number;

const SLOT_MS = 900_000;

/** Where a call admitted now is booked. It never moves back: a clock that was set back gives no second budget. */
export function ledgerSlot(now: EpochMs, newest: LedgerSlot | null): LedgerSlot {
  return Math.max(newest ?? 0, Math.floor(now / SLOT_MS));
}

/** When it begins. */
export function slotTime(slot: LedgerSlot): EpochMs {
  return slot * SLOT_MS;
}

export interface LedgerDay {
  from: LedgerSlot;
  /** The first of the next day. */
  to: LedgerSlot;
  /** When the next day begins. */
  until: EpochMs;
}

const known = new Map<string, LedgerDay>();

/** The calendar day of a zone that a slot lies in. Throws a RangeError for an unknown zone. */
export function ledgerDayOf(slot: LedgerSlot, timeZone: string): LedgerDay {
  const last = known.get(timeZone);
  if (last && slot >= last.from && slot < last.to) return last;
  const day = dayOf(slotTime(slot), timeZone);
  const until = nextDayAt(day, timeZone);
  const found = { from: Math.ceil(startOf(day, timeZone) / SLOT_MS), to: Math.ceil(until / SLOT_MS), until };
  known.set(timeZone, found);
  return found;
}
