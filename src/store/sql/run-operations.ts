/** Writes about whole runs: staging, epochs, control, retry, dropping. */

import type { EpochMs, RunState } from '../../core/model.js';
import { unknownRun } from '../../core/run-errors.js';
import type { DayCap } from '../port/intents.js';
import type { Control, NewControl, NewRun, RunPatch, WorkflowExecution } from '../port/store.js';
import { runExists, runNotStaged } from '../store-errors.js';
import { chargeAnew } from './doubt-charge.js';
import { addTotals, type Operation, storable } from './operation.js';
import { readControl } from './rows.js';
import { insertSeeds, SQL, type Statement, updateColumns, type Value } from './statements.js';
import { forgetStop } from './stop-operations.js';
import { dropTaskVersions } from './task-versions.js';

/** Index, id as JSON, content as JSON. */
export type SeedTuple = readonly [index: number, idJson: string, contentJson: string];

/** Sizes of multi-row inserts: few statement texts, few statements. */
const INSERT_SIZES = [100, 10, 1] as const;

function flag(value: boolean): number {
  return value ? 1 : 0;
}

/** `dropped` when an earlier dropRun of this id was cut short: finish that first. */
export function* createRun({ run }: { run: NewRun }): Operation<'created' | 'dropped'> {
  const { id, name, task, taskFingerprint, outputDir, detached, limited, origin, createdAt, home } = run;
  const parameters = [
    id,
    name,
    JSON.stringify(task),
    taskFingerprint,
    outputDir,
    flag(detached),
    flag(limited),
    origin,
    createdAt,
    home ?? '',
  ];
  if ((yield [SQL.insertRun, parameters]).length === 0) {
    const [row] = yield [SQL.isDropped, [id]];
    if (row?.['dropped'] === 1) return 'dropped';
    throw runExists(id);
  }
  yield [SQL.insertTotals, [id]];
  return 'created';
}

export function* appendSeeds({ runId, seeds }: { runId: string; seeds: readonly SeedTuple[] }): Operation<void> {
  if ((yield [SQL.hasTotals, [runId]]).length === 0) throw unknownRun(runId);
  let from = 0;
  for (const size of INSERT_SIZES) {
    for (; seeds.length - from >= size; from += size) {
      yield [insertSeeds(size), [runId, ...seeds.slice(from, from + size).flat()]];
    }
  }
}

export interface Sealed {
  runId: string;
  seedsFingerprint: string;
  total: number;
  control: NewControl;
}

export function* sealRun({ runId, seedsFingerprint, total, control }: Sealed): Operation<void> {
  if ((yield [SQL.sealRun, [runId, seedsFingerprint, total]]).length === 0) throw unknownRun(runId);
  yield [SQL.setTotal, [runId, total]];
  const { paused, cancelled, concurrency, requestsPerMinute, capNano, auto = false } = control;
  const { callCapNano = null, rowCapNano = null, dayCapNano = null, tokensPerMinute = null } = control;
  const caps = [capNano, callCapNano, rowCapNano, dayCapNano];
  const parameters = [runId, flag(paused), flag(cancelled), concurrency, requestsPerMinute, ...caps, tokensPerMinute, flag(auto)];
  yield [SQL.insertControl, parameters];
}

const DROP_STEPS: readonly (readonly [any: Statement, some: Statement])[] = [
  [SQL.anyCall, SQL.dropCalls],
  [SQL.anyAnswer, SQL.dropAnswers],
  [SQL.anyOutcome, SQL.dropOutcomes],
  [SQL.anyItem, SQL.dropItems],
  [SQL.anySeed, SQL.dropSeeds],
];

/** Hides the run, then removes a bounded share of its rows. Returns true while there is more to remove. */
export function* dropSome({ runId }: { runId: string }): Operation<boolean> {
  yield [SQL.markDropped, [runId]];
  yield [SQL.dropTotals, [runId]];
  yield [SQL.dropControl, [runId]];
  yield [SQL.dropWaits, [runId]];
  yield [dropTaskVersions, [runId]];
  for (const [any, some] of DROP_STEPS) {
    if ((yield [any, [runId]]).length === 0) continue;
    yield [some, [runId]];
    return true;
  }
  yield [SQL.dropRun, [runId]];
  return false;
}

const RUN_COLUMNS: { [K in keyof RunPatch]-?: string } = {
  state: 'state',
  reason: 'reason',
  message: 'message',
  workflowId: 'workflow_id',
  startedAt: 'started_at',
  endedAt: 'ended_at',
  publishedAt: 'published_at',
  detached: 'detached',
  limited: 'limited',
  outputDir: 'output_dir',
  task: 'task_json',
  home: 'home',
  phase: 'phase',
};

function runValue(key: keyof RunPatch, value: unknown): Value {
  if (key === 'task') return JSON.stringify(value);
  if (key === 'message' && typeof value === 'string') return storable(value);
  return typeof value === 'boolean' ? flag(value) : (value as Value);
}

export interface RunChange {
  runId: string;
  patch: RunPatch;
  whileIn: readonly RunState[] | null;
  at: EpochMs;
  /** When work on it ended, if that was before `at`. */
  restedAt: EpochMs | null;
}

export function* updateRun({ runId, patch, whileIn, at, restedAt }: RunChange): Operation<boolean> {
  if (whileIn) {
    const [run] = yield [SQL.stateOf, [runId]];
    if (!run) throw unknownRun(runId);
    if (!whileIn.includes(run['state'] as RunState)) return false;
  }
  const keys = (Object.keys(RUN_COLUMNS) as (keyof RunPatch)[]).filter((key) => patch[key] !== undefined);
  if (keys.length === 0) return true;
  const statement = updateColumns(
    'runs',
    keys.map((key) => RUN_COLUMNS[key]),
  );
  const rows = yield [statement, [runId, ...keys.map((key) => runValue(key, patch[key]))]];
  if (rows.length === 0) throw unknownRun(runId);
  if (patch.state !== undefined) yield [SQL.workedUntil, [runId, restedAt ?? at, patch.state === 'running' ? at : null]];
  return true;
}

/**
 * A running run rests: nobody works on it, or its workflow was found closed. `patch` says so, and its calls pause. One step, so that it
 * never meets the next epoch. Null when the run has gone on, or has ended, meanwhile.
 */
export function* restRun({
  workflowId,
  ...change
}: Omit<RunChange, 'whileIn'> & { workflowId: string | null }): Operation<Control | null> {
  const { runId } = change;
  const [run] = yield [SQL.stateOf, [runId]];
  if (!run) throw unknownRun(runId);
  if (run['workflow_id'] !== workflowId) return null;
  if (!(yield* updateRun({ ...change, whileIn: ['running'] }))) return null;
  return yield* setControl({ runId, patch: { paused: true } });
}

/** The opposite, one step too: state and calls go on together, or neither does. Null when its state is another one. */
export function* letGoOn({
  runId,
  from,
  at,
}: {
  runId: string;
  from: readonly RunState[];
  at: EpochMs;
}): Operation<Control | null> {
  const patch: RunPatch = { state: 'running', reason: null, message: null };
  if (!(yield* updateRun({ runId, patch, whileIn: from, at, restedAt: null }))) return null;
  yield [SQL.forgetAlike, [runId]];
  return yield* setControl({ runId, patch: { paused: false } });
}

export interface OpenedEpoch {
  epoch: number;
  kind: 'range' | 'list';
  items: number;
}

export function* openEpoch({
  runId,
  workflow,
  at,
}: {
  runId: string;
  workflow: WorkflowExecution;
  at: EpochMs;
}): Operation<OpenedEpoch> {
  const { workflowId, executionId } = workflow;
  const [opened] = yield [SQL.epochOf, [runId, executionId]];
  if (opened) {
    const epoch = Number(opened['epoch']);
    const [count] = yield [SQL.countItems, [runId, epoch]];
    const items = Number(count?.['n']);
    // An epoch that begins with every row done lists none.
    const listed = items > 0 || (yield [SQL.hasPending, [runId]]).length === 0;
    return listed ? { epoch, kind: 'list', items } : { epoch, kind: 'range', items: Number(opened['total']) };
  }
  const [run] = yield [SQL.startEpoch, [runId, workflowId, at, executionId]];
  if (!run) {
    const [row] = yield [SQL.isDropped, [runId]];
    throw row?.['dropped'] === 0 ? runNotStaged(runId) : unknownRun(runId);
  }
  const epoch = Number(run['epoch']);
  yield* chargeAnew(runId);
  yield* forgetStop(runId);
  // A pause may come between the start of the workflow and this.
  const [control] = yield [SQL.pausedOf, [runId]];
  if (Number(control?.['paused']) === 1)
    yield* updateRun({ runId, patch: { state: 'paused', reason: 'user' }, whileIn: null, at, restedAt: null });
  if ((yield [SQL.anyOutcome, [runId]]).length === 0) return { epoch, kind: 'range', items: Number(run['total']) };
  yield [SQL.listMissing, [runId, epoch]];
  const [count] = yield [SQL.countItems, [runId, epoch]];
  return { epoch, kind: 'list', items: Number(count?.['n']) };
}

export function* reopenFailed({ runId, cause }: { runId: string; cause: string | null }): Operation<number> {
  if ((yield [SQL.hasTotals, [runId]]).length === 0) throw unknownRun(runId);
  const [count] = yield [SQL.countFailed, [runId, cause]];
  const failed = Number(count?.['n']);
  if (failed === 0) return 0;
  yield [SQL.supersedeSpent, [runId, cause]];
  yield [SQL.deleteFailed, [runId, cause]];
  yield addTotals(runId, { failed: -failed });
  return failed;
}

const CONTROL_COLUMNS: { [K in keyof Omit<Control, 'startCap' | 'stop' | 'version'>]: string } = {
  paused: 'paused',
  cancelled: 'cancelled',
  concurrency: 'concurrency',
  requestsPerMinute: 'requests_per_minute',
  capNano: 'cap_nano',
  callCapNano: 'call_cap_nano',
  rowCapNano: 'row_cap_nano',
  dayCapNano: 'day_cap_nano',
  tokensPerMinute: 'tokens_per_minute',
  auto: 'auto',
};

type ControlPatch = Partial<Omit<Control, 'startCap' | 'stop' | 'version'>>;

const CAP_COLUMNS = [
  CONTROL_COLUMNS.capNano,
  CONTROL_COLUMNS.callCapNano,
  CONTROL_COLUMNS.rowCapNano,
  CONTROL_COLUMNS.dayCapNano,
];

export interface ControlChange {
  runId: string;
  patch: ControlPatch;
  /** A cap that is lower already stays. @default false */
  capsFall?: boolean;
}

export function* setControl({ runId, patch, capsFall = false }: ControlChange): Operation<Control> {
  const keys = (Object.keys(CONTROL_COLUMNS) as (keyof ControlPatch)[]).filter((key) => patch[key] !== undefined);
  const statement = updateColumns(
    'controls',
    keys.map((key) => CONTROL_COLUMNS[key]),
    capsFall ? CAP_COLUMNS : [],
  );
  const values = keys.map((key) => {
    const value = patch[key] ?? null;
    return typeof value === 'boolean' ? flag(value) : value;
  });
  const [row] = yield [statement, [runId, ...values]];
  if (!row) throw unknownRun(runId);
  return readControl(row);
}

export interface StartCap {
  runId: string;
  cap: DayCap;
  replace: boolean;
}

/** Null when a lower one is there, or the run is not sealed yet. */
export function* takeStartCap({ runId, cap, replace }: StartCap): Operation<Control | null> {
  const [row] = yield [SQL.takeStartCap, [runId, cap.capNano, cap.timeZone, flag(replace)]];
  return row ? readControl(row) : null;
}
