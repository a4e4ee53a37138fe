/** Writes about what all processes share: model queues, send slots, owners and the activities that run in them. */
import type { EpochMs } from '../core/model.js';
import { CRASHED } from './call-operations.js';
import { addTotals, type Operation } from './operation.js';
import type { QueueRow } from './port.js';
import { readQueue } from './rows.js';
import { type Row, SQL } from './statements.js';

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

export function* takeSlots({ rateKey, count, intervalMs, now }: Slots): Operation<EpochMs> {
  const lengthUs = Math.ceil(count * intervalMs * 1000);
  const [row] = yield [SQL.takeSlots, [rateKey, Math.ceil(now * 1000), lengthUs]];
  return Math.ceil((Number(row?.['next_us']) - lengthUs) / 1000);
}

export interface Beat {
  owner: { id: string; home: string; pid: number };
  until: EpochMs;
}

export function* beat({ owner, until }: Beat): Operation<void> {
  yield [SQL.beat, [owner.id, owner.home, owner.pid, until]];
}

export function* endOwners({ home, keep, at }: { home: string; keep: string; at: EpochMs }): Operation<string[]> {
  const crashed = yield [SQL.crashCalls, [home, keep, CRASHED, at]];
  const byRun = new Map<string, { calls: number; held: number }>();
  for (const row of crashed) {
    const runId = String(row['run_id']);
    const sum = byRun.get(runId) ?? { calls: 0, held: 0 };
    byRun.set(runId, { calls: sum.calls + 1, held: sum.held + Number(row['reserved_nano']) });
  }
  for (const [runId, { calls, held }] of [...byRun].sort(([a], [b]) => (a < b ? -1 : 1))) {
    yield addTotals(runId, { open: -calls, reservedNano: -held, doubtful: calls, doubtfulNano: held });
  }
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
