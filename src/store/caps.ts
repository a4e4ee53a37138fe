/** Which cap stands in the way of a call, after the statement that admits it did not. */
import type { LedgerDay } from '../core/gate/ledger-slot.js';
import { admitMoney, type Caps, type Charged, type MoneyVerdict } from '../core/gate/reservation.js';
import type { NanoUsd } from '../core/model.js';
import { unknownRun } from '../core/run-errors.js';
import type { Capped, Intent, IntentResult } from './intent-port.js';
import type { Operation } from './operation.js';
import { type Row, SQL } from './statements.js';

/** Null in an empty ledger. */
export function* newestSlot(): Operation<number | null> {
  const [row] = yield [SQL.newestSlot, []];
  const slot = row?.['slot'] ?? null;
  return slot === null ? null : Number(slot);
}

function* capsOf({ runId, homeCap = null }: Intent): Operation<Caps> {
  const [row] = yield [SQL.caps, [runId]];
  if (!row) throw unknownRun(runId);
  const cap = (column: string) => (row[column] === null ? null : Number(row[column]));
  return {
    call: cap('call_cap_nano'),
    row: cap('row_cap_nano'),
    run: cap('cap_nano'),
    day: cap('day_cap_nano'),
    home: homeCap?.capNano ?? null,
  };
}

const NOTHING: Charged = { settledNano: 0, reservedNano: 0, doubtfulNano: 0 };

/** A call that may cost anything under a cap: null when there is none. */
export function* capOfUnpriced(intent: Intent): Operation<IntentResult | null> {
  const charged = { row: NOTHING, run: NOTHING, day: NOTHING, home: NOTHING };
  const verdict = admitMoney(null, yield* capsOf(intent), charged);
  return verdict.kind === 'unpriced' ? verdict : null;
}

function charged(row: Row | undefined): Charged {
  return {
    settledNano: Number(row?.['settled_nano']),
    reservedNano: Number(row?.['reserved_nano']),
    doubtfulNano: Number(row?.['doubtful_nano']),
  };
}

/** Throws E_RUN_UNKNOWN. */
export function* capReached(
  intent: Intent,
  worstNano: NanoUsd,
  { day, homeDay }: { day: LedgerDay; homeDay: LedgerDay },
): Operation<Capped> {
  const { runId, index } = intent;
  const caps = yield* capsOf(intent);
  const [run] = yield [SQL.runMoney, [runId]];
  const [row] = yield [SQL.rowMoney, [runId, index]];
  const [today] = yield [SQL.ledgerMoney, [day.from, day.to]];
  const [homeToday] = yield [SQL.ledgerMoney, [homeDay.from, homeDay.to]];
  const spent = {
    // A row has one call at a time: what it holds beside that is in doubt.
    row: { settledNano: Number(row?.['kept']), reservedNano: 0, doubtfulNano: Number(row?.['held']) },
    run: charged(run),
    day: charged(today),
    home: charged(homeToday),
  };
  // The statement that refused it compared the same.
  const verdict = admitMoney(worstNano, caps, spent) as Extract<MoneyVerdict, { kind: 'capped' }>;
  const { cap } = verdict;
  const until = cap === 'day' ? day.until : cap === 'home' ? homeDay.until : null;
  const heldNano = cap === 'call' ? 0 : spent[cap].doubtfulNano;
  return { ...verdict, capNano: Number(caps[cap]), heldNano, until };
}
