/** The hot path: what happens to a call, and the money that goes with it. Each is one durable step. */

import type { NanoUsd, Outcome } from '../../core/model.js';
import { type LedgerSlot, ledgerDayOf, ledgerSlot } from '../../core/money/ledger-slot.js';
import { unknownRun } from '../../core/run-errors.js';
import { PAUSE_AFTER } from '../../schema/task-types.js';
import type { Intent, IntentResult } from '../port/intents.js';
import type { CallEndRecord, CallKey, Doubt, Refusal, Settlement, Spent } from '../port/store.js';
import { type CapDays, capOfUnpriced, capReached, newestSlot, startZone, timesOf } from './caps.js';
import { chargeDoubt, doubtRule, LATE, OUTDATED } from './doubt-charge.js';
import { addTotals, book, insertOutcome, type Operation, storable, type TotalsChange, tokenValues } from './operation.js';
import { RECONCILED } from './reconcile-operation.js';
import { SQL, type Value } from './statements.js';
import { countAlike, haltOf, stopRuns, weighAlike } from './stop-operations.js';

/** Code of a call whose process died. */
export const CRASHED = 'E_CALL_CRASHED';

/** An open call ends in doubt: it stays charged. Returns what is to be added to the totals; null when the call is not open. */
function* doubtOpen(doubted: Doubt): Operation<TotalsChange | null> {
  const { runId, index, turn, attempt, isTry, code, at } = doubted;
  const tries = isTry ? 1 : 0;
  const [call] = yield [SQL.endOpen, [runId, index, turn, attempt, 'doubtful', code, tries, at]];
  if (!call) return null;
  const held = Number(call['reserved_nano']);
  const charged = yield* chargeDoubt(doubted, held, yield* doubtRule(runId));
  const change: TotalsChange = { open: -1, reservedNano: -held, doubtful: 1, doubtfulNano: charged, tries };
  yield* book(call['ledger_slot'], change);
  return change;
}

/** Money and counts of a call: those of its run, and where it is booked. */
function* charge(runId: string, slot: Value | undefined, change: TotalsChange): Operation<void> {
  yield addTotals(runId, change);
  yield* book(slot, change);
}

/** Why the turn may not be called now, and the newest attempt. A dead owner's attempt is ended on the way. */
function* lookAtTurn(intent: Intent): Operation<{ newest: number; stop: IntentResult | null }> {
  const attempts = yield [SQL.attemptsOfTurn, [intent.runId, intent.index, intent.turn]];
  const last = attempts.at(-1);
  if (!last) return { newest: 0, stop: null };
  const newest = Number(last['attempt']);
  if (attempts.some((row) => row['state'] === 'answered')) return { newest, stop: { kind: 'answered' } };
  if ((yield [SQL.hasOutcome, [intent.runId, intent.index]]).length > 0) return { newest, stop: { kind: 'done' } };
  if (last['state'] !== 'intent') return { newest, stop: null };
  const owner = String(last['owner']);
  if (owner === intent.owner) return { newest, stop: { kind: 'elsewhere', owner } };
  const [lease] = yield [SQL.leaseOf, [owner]];
  // One that was ended in order, or that nobody knows, has no call any more.
  const until = Number(lease?.['lease_until'] ?? 0);
  const overdue = intent.overdue?.some((dead) => dead.id === owner && dead.leaseUntil === until);
  if (until > 0 && !overdue) return { newest, stop: { kind: 'elsewhere', owner } };
  const { runId, index, turn, at } = intent;
  const crashed = yield* doubtOpen({ runId, index, turn, attempt: newest, code: CRASHED, isTry: false, at });
  if (crashed) yield addTotals(runId, crashed);
  return { newest, stop: null };
}

interface Reserved {
  admitted: boolean;
  /** Where the money is to be booked. */
  slot: LedgerSlot;
  days: CapDays;
}

/** Zones of `startCap` by run, as last seen: with another one the statement refuses, and is asked again. */
const startZones = new Map<string, string>();
const KEPT_ZONES = 1_000;

function remember(runId: string, zone: string | null): void {
  if (startZones.size >= KEPT_ZONES) startZones.clear();
  if (zone === null) startZones.delete(runId);
  else startZones.set(runId, zone);
}

/** Takes the money if no cap is in the way. */
function* reserve(intent: Intent, reservedNano: NanoUsd): Operation<Reserved> {
  const { runId, index, at, timeZone = 'UTC', simulated = false, pauseAfter = PAUSE_AFTER } = intent;
  const homeCap = (simulated ? null : intent.homeCap) ?? null;
  const ask = function* (slot: LedgerSlot, zone: string | null): Operation<Reserved> {
    const day = ledgerDayOf(slot, timeZone);
    const start = zone === null ? day : ledgerDayOf(slot, zone);
    const home = homeCap === null ? day : ledgerDayOf(slot, homeCap.timeZone);
    const ranges = [day.from, day.to, homeCap?.capNano ?? null, home.from, home.to, slot];
    const more = [timesOf(intent), zone ?? '', start.from, start.to, simulated ? 0 : 1, pauseAfter];
    const admitted = (yield [SQL.reserve, [runId, reservedNano, index, ...ranges, ...more]]).length > 0;
    return { admitted, slot, days: { day, start, home } };
  };
  const now = ledgerSlot(at, null);
  const known = startZones.get(runId) ?? null;
  const asked = yield* ask(now, known);
  if (asked.admitted) return asked;
  // Refused by a cap, or because the ledger is ahead of this clock, or the zone is another one.
  const slot = ledgerSlot(at, yield* newestSlot());
  const zone = yield* startZone(runId);
  remember(runId, zone);
  return slot === now && zone === known ? asked : yield* ask(slot, zone);
}

export function* intend(intent: Intent): Operation<IntentResult> {
  const { runId, index, turn, epoch, owner, at } = intent;
  if (intent.reservedNano === null) {
    const unpriced = yield* capOfUnpriced(intent);
    if (unpriced) return unpriced;
  }
  const reservedNano = intent.reservedNano ?? 0;
  const { slot, admitted, days } = yield* reserve(intent, reservedNano);
  const booked = intent.simulated ? null : slot;
  const unpriced = intent.reservedNano === null ? 1 : 0;
  const insert = (attempt: number): Value[] => [
    ...[runId, index, turn, attempt, epoch, owner, reservedNano, at, booked, unpriced],
    ...[intent.phase, intent.role],
  ];
  const go = function* (attempt: number): Operation<IntentResult> {
    yield* book(booked, { reservedNano });
    return { kind: 'go', attempt };
  };
  // Almost every call is the first of its turn, so that is tried before looking.
  if (admitted && (yield [SQL.insertCall, insert(1)]).length > 0) return yield* go(1);
  const { newest, stop } = yield* lookAtTurn(intent);
  if (admitted && !stop) {
    yield [SQL.insertCall, insert(newest + 1)];
    return yield* go(newest + 1);
  }
  if (admitted) yield addTotals(runId, { open: -1, reservedNano: -reservedNano });
  if (stop) return stop;
  const held = (yield* haltOf(runId)) ?? (yield* weighAlike(intent));
  if (held) return held;
  return yield* capReached(intent, reservedNano, days);
}

/** Adds what the call changed and, when it ended its seed, the outcome; stops calls that would fare no better. */
function* conclude(
  runId: string,
  change: TotalsChange | null,
  { outcome, stop }: Pick<CallEndRecord, 'outcome' | 'stop'>,
): Operation<void> {
  const ended = outcome ? yield* insertOutcome(runId, outcome) : null;
  if (change || ended) yield addTotals(runId, { ...change, ...ended });
  if (outcome && ended) yield* countAlike(runId, outcome);
  if (stop) yield* stopRuns(runId, stop);
}

/** A call as it is now. Throws E_RUN_UNKNOWN when there is no such call: its run was dropped. */
function* storedCall(
  key: CallKey,
  attempt: number,
): Operation<{ state: string; isTry: boolean; code: string | null; held: number; slot: Value }> {
  const [row] = yield [SQL.callState, [key.runId, key.index, key.turn, attempt]];
  if (!row) throw unknownRun(key.runId);
  const code = row['code'] === null ? null : String(row['code']);
  const slot = row['ledger_slot'] as Value;
  return { state: String(row['state']), isTry: row['is_try'] === 1, code, held: Number(row['reserved_nano']), slot };
}

/**
 * The process was taken for dead while the answer was on its way, and another one made the turn again: the answer is not used. It was
 * paid for outside of any row, so its call is doubtful, charged with what it cost.
 */
function* settleLate(settlement: Settlement, servedModel: string): Operation<void> {
  const { runId, index, turn, attempt, finish, costNano, at } = settlement;
  const { held, slot } = yield* storedCall(settlement, attempt);
  const chargedNano = costNano ?? held;
  const late = [runId, index, turn, attempt, LATE, finish, servedModel, chargedNano, at];
  if ((yield [SQL.lateOpen, late]).length > 0) {
    yield* charge(runId, slot, { open: -1, reservedNano: -held, doubtful: 1, doubtfulNano: chargedNano });
  } else if ((yield [SQL.lateDoubtful, late]).length > 0) {
    yield* charge(runId, slot, { doubtfulNano: chargedNano - held });
  }
}

export function* settle(settlement: Settlement): Operation<'used' | 'late'> {
  const { runId, index, turn, attempt, usage, costNano } = settlement;
  const key = [runId, index, turn, attempt];
  const servedModel = storable(settlement.servedModel);
  const unpriced = costNano === null ? 1 : 0;
  const end = [settlement.finish, servedModel, ...tokenValues(usage), costNano ?? 0, settlement.at, unpriced];
  // A first attempt that is open is the only attempt of its turn.
  let [call] = yield [attempt === 1 ? SQL.answerFirst : SQL.answerOpen, [...key, ...end]];
  let change: TotalsChange | null = null;
  if (call) {
    change = { open: -1, reservedNano: -Number(call['reserved_nano']) };
  } else {
    const { state, code } = yield* storedCall(settlement, attempt);
    if (state === 'doubtful' && code !== LATE && code !== OUTDATED) {
      [call] = yield [SQL.answerDoubtful, [...key, ...end]];
      if (call) change = { doubtful: -1, doubtfulNano: -Number(call['reserved_nano']) };
    }
    // Its cost is settled already; the answer comes too late to be used.
    if (code === RECONCILED || (code === OUTDATED && state === 'superseded')) return 'late';
    if (!call && state !== 'answered' && state !== 'superseded') {
      yield* settleLate(settlement, servedModel);
      return 'late';
    }
  }
  if (change) {
    yield [SQL.insertAnswer, [...key, JSON.stringify(settlement.answer)]];
    change = { ...change, calls: 1, settledNano: costNano ?? 0, unpriced, usage };
    yield* book(call?.['ledger_slot'], change);
  }
  yield* conclude(runId, change, settlement);
  return 'used';
}

export function* refuse(refusal: Refusal): Operation<void> {
  const { runId, index, turn, attempt, kind, code, at } = refusal;
  const key = [runId, index, turn, attempt];
  const isTry = kind === 'failed';
  const counted: TotalsChange = kind === 'limited' ? { limited: 1 } : isTry ? { tries: 1 } : {};
  const state = kind === 'limited' ? 'limited' : 'failed';
  const [call] = yield [SQL.endOpen, [...key, state, code, isTry ? 1 : 0, at]];
  let change: TotalsChange | null = null;
  if (call) {
    change = { ...counted, open: -1, reservedNano: -Number(call['reserved_nano']) };
    yield* book(call['ledger_slot'], change);
  } else {
    // Declared doubtful by another process while it was on its way: it is sure now that nothing was billed.
    const before = yield* storedCall(refusal, attempt);
    if (before.state === 'doubtful') {
      yield [SQL.endDoubtful, [...key, state, code, isTry || before.isTry ? 1 : 0, at]];
      const again = before.isTry && isTry ? {} : counted;
      change = { ...again, doubtful: -1, doubtfulNano: -before.held };
      yield* book(before.slot, change);
    }
  }
  yield* conclude(runId, change, refusal);
}

export function* spend(spent: Spent): Operation<void> {
  const { runId, index, turn, attempt, isTry, code, servedModel, usage, costNano, at } = spent;
  const paid = [runId, index, turn, attempt, code, storable(servedModel), ...tokenValues(usage), costNano ?? 0, at];
  const unpriced = costNano === null ? 1 : 0;
  const gains: TotalsChange = { calls: 1, settledNano: costNano ?? 0, unpriced, usage, tries: isTry ? 1 : 0 };
  let [call] = yield [SQL.spendOpen, [...paid, isTry ? 1 : 0, unpriced]];
  let change: TotalsChange | null = null;
  if (call) {
    change = { ...gains, open: -1, reservedNano: -Number(call['reserved_nano']) };
  } else {
    // Declared doubtful by another process while it was on its way: what it cost is known now.
    const before = yield* storedCall(spent, attempt);
    [call] = yield [SQL.spendDoubtful, [...paid, isTry || before.isTry ? 1 : 0, unpriced]];
    if (call) {
      const tries = before.isTry ? 0 : (gains.tries ?? 0);
      change = { ...gains, tries, doubtful: -1, doubtfulNano: -Number(call['reserved_nano']) };
    }
  }
  if (change) yield* book(call?.['ledger_slot'], change);
  yield* conclude(runId, change, spent);
}

export function* doubt(doubted: Doubt): Operation<void> {
  const change = yield* doubtOpen(doubted);
  if (change === null) yield* storedCall(doubted, doubted.attempt);
  yield* conclude(doubted.runId, change, doubted);
}

export function* finish({ runId, outcome }: { runId: string; outcome: Outcome }): Operation<void> {
  if ((yield [SQL.hasTotals, [runId]]).length === 0) throw unknownRun(runId);
  yield* conclude(runId, null, { outcome });
}
