/** Writes about what all processes have in common: model queues, send slots, shares of limits, owners and the activities that run in them. */

import type { Learned } from '../../core/gate/learned.js';
import { type Share, type ShareHolder, shareOf, shareTurn } from '../../core/gate/shares.js';
import type { Wait } from '../../core/gate/wait.js';
import type { EpochMs } from '../../core/model.js';
import { type Excess, joined } from '../../core/money/excess.js';
import type { KnownLease, QueueRow, ShareRequest } from '../port/workers.js';
import { CRASHED } from './call-operations.js';
import { chargeDoubt, doubtRule } from './doubt-charge.js';
import { addTotals, book, type Operation } from './operation.js';
import { readQueue } from './rows.js';
import { type Row, SQL, type Value } from './statements.js';

export function* registerQueue({ queue }: { queue: QueueRow }): Operation<QueueRow> {
  const [row] = yield [
    SQL.upsertQueue,
    [queue.name, queue.provider, queue.model, queue.requestsPerMinute, queue.callMs, queue.lastUsedAt],
  ];
  return readQueue(row as Row);
}

export interface Slots {
  rateKey: string;
  count: number;
  intervalMs: number;
  now: EpochMs;
}

/** A wall that is so much behind the last slots' was set back. Walls of machines of one cluster differ by less. */
const SKEW_US = 3_000_000;

export function* takeSlots({ rateKey, count, intervalMs, now }: Slots): Operation<EpochMs> {
  const lengthUs = Math.ceil(count * intervalMs * 1000);
  const [row] = yield [SQL.takeSlots, [rateKey, Math.ceil(now * 1000), lengthUs, SKEW_US]];
  return Math.ceil((Number(row?.['next_us']) - lengthUs) / 1000);
}

/** What a gate has learned; the newest counts. */
export function* setLimits({ gateKey, learned }: { gateKey: string; learned: Learned }): Operation<void> {
  yield [SQL.setLimits, [gateKey, JSON.stringify(learned)]];
}

/** Several processes see the same model: the most of it counts. */
export function* exceeded({ modelKey, excess }: { modelKey: string; excess: Excess }): Operation<Excess> {
  const [row] = yield [SQL.excess, [modelKey]];
  const known: Excess | null = row ? JSON.parse(String(row['excess_json'])) : null;
  const all = joined(known, excess);
  yield [SQL.setExcess, [modelKey, JSON.stringify(all)]];
  return all;
}

export function* setWait({ owner, runId, wait }: { owner: string; runId: string; wait: Wait | null }): Operation<void> {
  yield wait === null ? [SQL.endWait, [runId, owner]] : [SQL.setWait, [runId, owner, JSON.stringify(wait)]];
}

export interface Beat {
  owner: { id: string; home: string; pid: number; temporal?: string };
  until: EpochMs;
}

export function* beat({ owner, until }: Beat): Operation<void> {
  yield [SQL.beat, [owner.id, owner.home, owner.pid, until, owner.temporal ?? '']];
}

/** Divides limits: one transaction, serial over all processes for a key. */
export function* share({ request }: { request: ShareRequest }): Operation<[key: string, share: Share][]> {
  const { owner, at, dead } = request;
  const shares: [string, Share][] = [];
  for (const { key, limit, wanted, held } of [...request.asks].sort((a, b) => (a.key < b.key ? -1 : 1))) {
    yield [SQL.endEndedShares, [key, owner]];
    for (const { id, leaseUntil } of dead) yield [SQL.endDeadShares, [key, id, leaseUntil]];
    const rows = yield [SQL.sharesOf, [key]];
    const mine = rows.find((row) => row['owner'] === owner);
    const others = rows
      .filter((row) => row !== mine)
      .map((row): ShareHolder => ({ owner: String(row['owner']), wanted: Number(row['wanted']), booked: Number(row['booked']) }));
    const got = shareOf({ owner, limit, wanted, held, granted: Number(mine?.['granted'] ?? 0) }, others, shareTurn(at));
    yield [SQL.setShare, [key, owner, wanted, got.granted, got.booked]];
    shares.push([key, got]);
  }
  return shares;
}

export function* endShares({ owner, keys }: { owner: string; keys: readonly string[] }): Operation<void> {
  for (const key of keys) yield [SQL.endShare, [key, owner]];
}

/** Calls that were open in a dead process are doubtful now: they stay charged. */
function* countCrashed(crashed: readonly Row[]): Operation<void> {
  const byRun = new Map<string, Row[]>();
  for (const row of crashed) {
    const runId = String(row['run_id']);
    const rows = byRun.get(runId);
    if (rows) rows.push(row);
    else byRun.set(runId, [row]);
  }
  const bySlot = new Map<Value, { held: number; charged: number }>();
  for (const [runId, rows] of [...byRun].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const rule = yield* doubtRule(runId);
    const sum = { held: 0, charged: 0 };
    for (const row of rows) {
      const key = { runId, index: Number(row['idx']), turn: Number(row['turn']), attempt: Number(row['attempt']) };
      const held = Number(row['reserved_nano']);
      const charged = yield* chargeDoubt(key, held, rule);
      const slot = row['ledger_slot'] ?? null;
      const booked = bySlot.get(slot) ?? { held: 0, charged: 0 };
      bySlot.set(slot, { held: booked.held + held, charged: booked.charged + charged });
      sum.held += held;
      sum.charged += charged;
    }
    const calls = rows.length;
    yield addTotals(runId, { open: -calls, reservedNano: -sum.held, doubtful: calls, doubtfulNano: sum.charged });
  }
  for (const [slot, { held, charged }] of bySlot) yield* book(slot, { reservedNano: -held, doubtfulNano: charged });
}

export interface EndOwner {
  owner: KnownLease;
  successor: string;
  at: EpochMs;
}

export function* endOwner({ owner: { id: owner, leaseUntil }, successor, at }: EndOwner): Operation<string[] | null> {
  if ((yield [SQL.endOwner, [owner, leaseUntil]]).length === 0) return null;
  yield* countCrashed(yield [SQL.crashCallsOf, [owner, CRASHED, at]]);
  yield [SQL.endSharesOf, [owner]];
  yield [SQL.endWaitsOf, [owner]];
  const activities = yield [SQL.adoptActivities, [owner, successor]];
  return activities.map((row) => String(row['task_token']));
}

export function* endOwners({ home, keep, at }: { home: string; keep: string; at: EpochMs }): Operation<string[]> {
  yield* countCrashed(yield [SQL.crashCalls, [home, keep, CRASHED, at]]);
  yield [SQL.endSharesOfDead, [home, keep]];
  yield [SQL.endWaitsOfDead, [home, keep]];
  const activities = yield [SQL.endActivities, [home, keep]];
  yield [SQL.endOwners, [home, keep]];
  return activities.map((row) => String(row['task_token']));
}

export function* activityStarted({ owner, taskToken }: { owner: string; taskToken: string }): Operation<void> {
  yield [SQL.activityStarted, [owner, taskToken]];
}

export function* activityEnded({ taskToken }: { taskToken: string }): Operation<void> {
  yield [SQL.activityEnded, [taskToken]];
}
