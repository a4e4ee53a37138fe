/** Rows of the tables as the port's types. Integers are numbers on both databases. */
import { parseExactJson } from '../../core/exact-json.js';
import type { Finish, Outcome, RunState, Usage } from '../../core/model.js';
import type { Seed, SeedContent } from '../../schema/seed.js';
import { storedTask } from '../../schema/stored-task.js';
import type { DayCap } from '../port/intents.js';
import type { CallRow, Control, RunRow, RunTotals } from '../port/store.js';
import type { QueueRow } from '../port/workers.js';
import { isPaid } from './paid-calls.js';
import type { Row } from './statements.js';
import type { CallsTable, ControlsTable, QueuesTable, RunsTable, RunTotalsTable, SeedsTable } from './tables.js';

export function readRun(run: RunsTable): RunRow {
  return {
    id: run.id,
    name: run.name,
    state: run.state as RunState,
    reason: run.reason as RunRow['reason'],
    message: run.message,
    epoch: run.epoch,
    task: storedTask(run.task_json),
    taskFingerprint: run.task_fingerprint,
    seedsFingerprint: run.seeds_fingerprint,
    total: run.total,
    outputDir: run.output_dir,
    detached: run.detached === 1,
    limited: run.limited === 1,
    origin: run.origin as RunRow['origin'],
    workflowId: run.workflow_id,
    createdAt: run.created_at,
    startedAt: run.started_at,
    endedAt: run.ended_at,
    publishedAt: run.published_at,
    home: run.home,
    workedMs: run.worked_ms,
    workingSince: run.working_since,
    phase: run.phase,
  };
}

export function readTotals(row: RunTotalsTable): RunTotals {
  return {
    total: row.total,
    ok: row.ok,
    failed: row.failed,
    filtered: row.filtered,
    seq: row.seq,
    usage: { input: row.input_tokens, cached: row.cached_tokens, output: row.output_tokens, reasoning: row.reasoning_tokens },
    calls: row.calls,
    tries: row.tries,
    limited: row.limited,
    doubtful: row.doubtful,
    open: row.open_calls,
    settledNano: row.settled_nano,
    reservedNano: row.reserved_nano,
    doubtfulNano: row.doubtful_nano,
    unpriced: row.unpriced,
  };
}

export function readSeed(row: Row | SeedsTable): Seed {
  const seed = row as SeedsTable;
  return { index: seed.idx, id: JSON.parse(seed.id_json), content: parseExactJson(seed.content_json) as SeedContent };
}

function readUsage(call: CallsTable): Usage | null {
  if (call.input_tokens === null) return null;
  return {
    input: call.input_tokens,
    cached: call.cached_tokens ?? 0,
    output: call.output_tokens ?? 0,
    reasoning: call.reasoning_tokens ?? 0,
  };
}

/** `answer_json` is not a column of the table: it comes from `answers`, or is left out. */
export function readCall(row: Row | CallsTable): CallRow {
  const call = row as CallsTable & { answer_json?: string | null };
  return {
    runId: call.run_id,
    index: call.idx,
    turn: call.turn,
    attempt: call.attempt,
    epoch: call.epoch,
    phase: call.phase,
    role: call.role,
    state: call.state,
    owner: call.owner,
    isTry: call.is_try === 1,
    code: call.code,
    answer: typeof call.answer_json === 'string' ? JSON.parse(call.answer_json) : null,
    finish: call.finish as Finish | null,
    servedModel: call.served_model,
    usage: readUsage(call),
    reservedNano: call.unpriced === 1 && call.reserved_nano === 0 ? null : call.reserved_nano,
    costNano: call.unpriced === 1 && isPaid(call) ? null : call.cost_nano,
    startedAt: call.started_at,
    endedAt: call.ended_at,
  };
}

export function readOutcome(row: { outcome_json: string }): Outcome {
  return JSON.parse(row.outcome_json);
}

function readStartCap({ start_cap_nano, start_cap_zone }: ControlsTable): DayCap | null {
  return start_cap_nano === null ? null : { capNano: start_cap_nano, timeZone: start_cap_zone ?? 'UTC' };
}

export function readControl(row: Row | ControlsTable): Control {
  const control = row as ControlsTable;
  return {
    paused: control.paused === 1,
    cancelled: control.cancelled === 1,
    concurrency: control.concurrency,
    requestsPerMinute: control.requests_per_minute,
    capNano: control.cap_nano,
    callCapNano: control.call_cap_nano,
    rowCapNano: control.row_cap_nano,
    dayCapNano: control.day_cap_nano,
    startCap: readStartCap(control),
    tokensPerMinute: control.tokens_per_minute,
    auto: control.auto === 1,
    stop: control.stop_json === null ? null : JSON.parse(control.stop_json),
    version: control.version,
  };
}

export function readQueue(row: Row | QueuesTable): QueueRow {
  return {
    name: row.name as string,
    provider: row.provider as string,
    model: row.model as string,
    requestsPerMinute: row.requests_per_minute as number | null,
    callMs: row.call_ms as number | null,
    lastUsedAt: row.last_used_at as number,
  };
}
