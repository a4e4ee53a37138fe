/** Which cap stands in the way of a call, after the statement that admits it did not. */

import type { NanoUsd } from '../../core/model.js';
import type { LedgerDay } from '../../core/money/ledger-slot.js';
import { admitMoney, type Caps, type Charged, type MoneyVerdict, WARY_TIMES } from '../../core/money/reservation.js';
import { isRow } from '../../core/phases.js';
import { unknownRun } from '../../core/run-errors.js';
import type { Capped, Intent, IntentResult } from '../port/intents.js';
import type { Operation } from './operation.js';
import { type Row, SQL } from './statements.js';

/** Null in an empty ledger. */
export function* newestSlot(): Operation<number | null> {
  const [row] = yield [SQL.newestSlot, []];
  const slot = row?.['slot'] ?? null;
  return slot === null ? null : Number(slot);
}

/** Zone of the days of the cap that the starting command brought; null without one. */
export function* startZone(runId: string): Operation<string | null> {
  const [row] = yield [SQL.startZone, [runId]];
  return row ? String(row['start_cap_zone']) : null;
}

/** How many times its reservation a call counts with, beside others. */
export function timesOf({ wary = false }: Intent): number {
  return wary ? WARY_TIMES : 1;
}

/** Simulated money is in no day's sum; a conversation beside the rows is under no cap of a row. */
function* capsOf({ runId, index, homeCap = null, simulated = false }: Intent): Operation<Caps> {
  const [row] = yield [SQL.caps, [runId]];
  if (!row) throw unknownRun(runId);
  const cap = (column: string) => (row[column] === null ? null : Number(row[column]));
  return {
    call: cap('call_cap_nano'),
    row: isRow(index) ? cap('row_cap_nano') : null,
    run: cap('cap_nano'),
    ...(simulated ? {} : { day: cap('day_cap_nano'), start: cap('start_cap_nano'), home: homeCap?.capNano ?? null }),
  };
}

/** A call that may cost anything under a cap: null when there is none. */
export function* capOfUnpriced(intent: Intent): Operation<IntentResult | null> {
  const verdict = admitMoney(null, yield* capsOf(intent), {});
  return verdict.kind === 'unpriced' ? verdict : null;
}

function charged(row: Row | undefined): Charged {
  return {
    settledNano: Number(row?.['settled_nano']),
    reservedNano: Number(row?.['reserved_nano']),
    doubtfulNano: Number(row?.['doubtful_nano']),
  };
}

/** The day that each cap of a day is for. */
export type CapDays = Record<'day' | 'start' | 'home', LedgerDay>;

/** Throws E_RUN_UNKNOWN. */
export function* capReached(intent: Intent, worstNano: NanoUsd, days: CapDays): Operation<Capped> {
  const { runId, index } = intent;
  const caps = yield* capsOf(intent);
  const [run] = yield [SQL.runMoney, [runId]];
  const [row] = yield [SQL.rowMoney, [runId, index]];
  const ofDay = function* ({ from, to }: LedgerDay): Operation<Charged> {
    const [sums] = yield [SQL.ledgerMoney, [from, to]];
    return charged(sums);
  };
  const spent = {
    // A row has one call at a time: what it holds beside that is in doubt.
    row: { settledNano: Number(row?.['kept']), reservedNano: 0, doubtfulNano: Number(row?.['held']) },
    run: charged(run),
    day: yield* ofDay(days.day),
    start: yield* ofDay(days.start),
    home: yield* ofDay(days.home),
  };
  // The statement that refused it compared the same.
  const verdict = admitMoney(worstNano, caps, spent, timesOf(intent)) as Extract<MoneyVerdict, { kind: 'capped' }>;
  const { cap } = verdict;
  const until = cap === 'day' || cap === 'start' || cap === 'home' ? days[cap].until : null;
  const heldNano = cap === 'call' ? 0 : spent[cap].doubtfulNano;
  return { ...verdict, capNano: Number(caps[cap]), heldNano, until, ...(intent.wary ? { wary: true } : {}) };
}
