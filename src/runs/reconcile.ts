/** `swarm receipt RUN --reconcile FILE`: doubtful calls of a run against what its provider says that it billed. */
import { plural } from '../core/format.js';
import { knownUsd, nanoToUsd } from '../core/money/price.js';
import { type Decision, type KnownCall, type Reconciled, reconcile } from '../core/money/reconcile.js';
import { callId } from '../core/names.js';
import { BESIDE_ROWS, type ModelUse, TASK_PHASES, usesOf } from '../core/phases.js';
import { knownRun, runBusy } from '../core/run-errors.js';
import { readUsageExport } from '../intake/usage-export.js';
import { republishReceipt } from '../outputs/publish.js';
import { taskAt, taskOfEpoch } from '../outputs/task-versions.js';
import { createPrices } from '../pricing/prices.js';
import type { Task } from '../schema/task-types.js';
import type { CallRow, RunRow, Store } from '../store/port/store.js';
import type { TaskVersion } from '../store/port/task-versions.js';
import { isPaid } from '../store/sql/paid-calls.js';

/** What a provider's usage export says of the doubtful calls of a run; names as in the receipt. */
export interface ReconcilePlan {
  /** Id of the run. */
  run: string;
  /** What the export was taken for; null when no call is doubtful. */
  form: 'requests with our ids' | 'requests' | 'totals' | null;
  /** Answered calls in the time of the export. */
  answered: number;
  /** How many of them it lists. */
  found: number;
  /** Entries of the export that do not concern the run. */
  ignored: number;
  /** The doubtful calls, and what would be done. */
  calls: {
    /** Of the row; negative for a conversation beside the rows. */
    index: number;
    /** Step of the run that it belongs to. */
    phase: string;
    /** Turn of its conversation, from 1. */
    turn: number;
    /** Which attempt at that turn, from 1. */
    attempt: number;
    /** USD that it is charged with. Null when nobody knows what it may cost. */
    reserved_usd: number | null;
    /** `settled`: it was billed; `released`: it was not; `doubtful`: nothing follows from the export without a guess. */
    becomes: 'settled' | 'released' | 'doubtful';
    /** USD that it cost. Null while it stays doubtful. */
    cost_usd: number | null;
    /** In words. */
    why: string;
  }[];
}

const PAGE = 1_000;
/** A late answer of a call that was taken for lost would come after its money was moved. */
const UNDER_WAY = ['staging', 'staged', 'running', 'interrupted'] as const;

function known(call: CallRow): KnownCall {
  return { id: callId(call), startedAt: call.startedAt, endedAt: call.endedAt ?? call.startedAt, usage: call.usage };
}

async function answeredCalls(store: Store, run: RunRow): Promise<CallRow[]> {
  const found: CallRow[] = [];
  const add = (calls: readonly CallRow[]) => {
    for (const call of calls) if (isPaid(call)) found.push({ ...call, answer: null });
  };
  add(await store.calls(run.id, BESIDE_ROWS));
  for (let from = 0; from < run.total; from += PAGE) {
    add(await store.calls(run.id, { from, to: Math.min(run.total, from + PAGE) }));
  }
  return found;
}

/** The use that a model was asked in. One that was served under another name is the worker's. */
function useServing(task: Task, servedModel: string): ModelUse {
  return usesOf(task).find(({ model }) => model.model === servedModel) ?? TASK_PHASES.useOf(task, 'worker');
}

async function settledRun(store: Store, runId: string): Promise<RunRow> {
  const run = await knownRun(store, runId);
  const { open } = await store.totals(runId);
  if (open === 0 && !(UNDER_WAY as readonly string[]).includes(run.state)) return run;
  const found = `run ${runId} is ${run.state}, with ${plural(open, 'call')} under way: answers may still come`;
  throw runBusy(runId, found);
}

interface Planned {
  run: RunRow;
  /** Of the task. */
  tasks: TaskVersion[];
  doubtful: CallRow[];
  /** Null when no call is doubtful. */
  found: Reconciled | null;
}

async function plan(store: Store, runId: string, file: string): Promise<Planned & { plan: ReconcilePlan }> {
  const run = await settledRun(store, runId);
  const [doubtful, tasks] = await Promise.all([store.doubtfulCalls(runId), store.taskVersions(runId)]);
  const nothing = { form: null, answered: 0, found: 0, ignored: 0, calls: [] };
  if (doubtful.length === 0) return { run, tasks, doubtful, found: null, plan: { run: runId, ...nothing } };
  const answered = await answeredCalls(store, run);
  const asked = [run.task, ...tasks.map(({ task }) => task)].flatMap((task) => usesOf(task).map(({ model }) => model.model));
  const models = [...new Set([...asked, ...answered.flatMap(({ servedModel }) => servedModel ?? [])])];
  const prices = createPrices();
  const exported = await readUsageExport(file, models, (servedModel, at, usage) => {
    const { model, price } = useServing(taskAt(run.task, tasks, at), servedModel);
    return prices.cost({ model, servedModel, override: price, at }, usage);
  });
  const found = reconcile(doubtful.map(known), answered.map(known), exported);
  const calls = doubtful.map((call) => planned(call, found?.decisions.get(callId(call))));
  const { form = null, answered: inTime = 0, found: listed = 0 } = found ?? {};
  return {
    run,
    tasks,
    doubtful,
    found,
    plan: { run: runId, form, answered: inTime, found: listed, ignored: exported.ignored, calls },
  };
}

function planned(call: CallRow, decision: Decision | undefined): ReconcilePlan['calls'][number] {
  const { index, phase, turn, attempt, reservedNano } = call;
  const base = { index, phase, turn, attempt, reserved_usd: knownUsd(reservedNano) };
  if (decision?.kind === 'settle')
    return { ...base, becomes: 'settled', cost_usd: nanoToUsd(decision.costNano), why: `line ${decision.line.line}` };
  if (decision?.kind === 'release') return { ...base, becomes: 'released', cost_usd: 0, why: 'the provider did not bill it' };
  return { ...base, becomes: 'doubtful', cost_usd: null, why: decision?.why ?? 'the export says nothing of it' };
}

/** What would be done. Throws E_RUN_UNKNOWN, E_RUN_BUSY, E_EXPORT_FORMAT. */
export async function planReconcile(store: Store, runId: string, file: string): Promise<ReconcilePlan> {
  return (await plan(store, runId, file)).plan;
}

/** Does it, in one step, and writes receipt.json anew where the run folder is here. */
export async function applyReconcile(
  store: Store,
  runId: string,
  file: string,
  versions: Readonly<Record<string, string>>,
): Promise<{ settled: number; released: number }> {
  const { run, tasks, doubtful, found } = await plan(store, runId, file);
  const settled: Parameters<Store['reconcile']>[0]['settled'][number][] = [];
  const released: CallRow[] = [];
  for (const call of doubtful) {
    const decision = found?.decisions.get(callId(call));
    const { index, turn, attempt } = call;
    if (decision?.kind === 'release') released.push(call);
    if (decision?.kind !== 'settle') continue;
    const { line, costNano } = decision;
    const { role } = call;
    const model = line.model ?? call.servedModel ?? TASK_PHASES.useOf(taskOfEpoch(run.task, tasks, call.epoch), role).model.model;
    settled.push({ index, turn, attempt, costNano, model, usage: line.usage });
  }
  if (settled.length + released.length === 0) return { settled: 0, released: 0 };
  const at = Date.now();
  const done = await store.reconcile({
    runId,
    settled,
    released: released.map(({ index, turn, attempt }) => ({ index, turn, attempt })),
    at,
  });
  await republishReceipt(store, runId, { at, versions });
  return done;
}
