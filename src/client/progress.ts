/** A run's progress and result, read from the store alone. */
import { join } from 'node:path';
import { EXIT, type ExitCode } from '../core/errors.js';
import type { Learned } from '../core/gate/learned.js';
import { FirstRows, lookAt } from '../core/look.js';
import type { RunState } from '../core/model.js';
import { gateKey } from '../core/names.js';
import { knownUsd, nanoToUsd, spentOf } from '../core/price.js';
import { unknownRun } from '../core/run-errors.js';
import { whereToGo } from '../schema/providers.js';
import type { Control, RunRow, RunTotals, Store } from '../store/port.js';
import type { FoundLimits, ListOptions, Progress, RunResult } from './api.js';
import { type DaySettings, DaySums, spendOf } from './spend.js';

/** States in which a run does nothing until somebody starts it again. */
export const ENDED_STATES: readonly RunState[] = ['completed', 'capped', 'cancelled', 'failed'];

export function firstRowsOf(store: Store, runId: string): FirstRows {
  return new FirstRows((count) => store.firstRows(runId, count));
}

/** A run that was started. Throws E_RUN_UNKNOWN. */
export async function startedRun(store: Store, runId: string): Promise<RunRow> {
  const run = await store.run(runId);
  if (!run || run.state === 'staging') throw unknownRun(runId);
  return run;
}

/** Throws E_RUN_UNKNOWN. Who looks again and again keeps the first rows from look to look. */
export async function readProgress(
  store: Store,
  runId: string,
  settings: DaySettings,
  firstRows: FirstRows = firstRowsOf(store, runId),
): Promise<Progress> {
  const run = await startedRun(store, runId);
  return await progressOf(store, run, { settings, sums: new DaySums(store), firstRows });
}

/** Newest first. */
export async function listProgress(store: Store, options: ListOptions, settings: DaySettings): Promise<Progress[]> {
  const { rest = true, ...filter } = options;
  const runs = (await store.runs(filter)).filter(({ state }) => state !== 'staging');
  const sums = new DaySums(store);
  return await Promise.all(
    runs.map((run) => progressOf(store, run, { settings, sums, firstRows: rest ? firstRowsOf(store, run.id) : null })),
  );
}

interface ProgressSources {
  settings: DaySettings;
  sums: DaySums;
  /** Null: `rest` is not asked for. */
  firstRows: FirstRows | null;
}

async function progressOf(store: Store, run: RunRow, { settings, sums, firstRows }: ProgressSources): Promise<Progress> {
  const now = Date.now();
  const [totals, control, learned, waits] = await Promise.all([
    store.totals(run.id),
    store.control(run.id),
    store.limits(gateKey(run.task.model)),
    run.state === 'running' ? store.waits(run.id, now) : [],
  ]);
  const { total, ok, failed, filtered, calls, tries, limited, doubtful, usage } = totals;
  const left = total - ok - failed - filtered;
  const rows = (await firstRows?.at({ ...totals, epoch: run.epoch })) ?? [];
  const { wait, rest } = lookAt({ run: run.id, control, learned, waits, rows, left, price: run.task.price }, now);
  return {
    run: run.id,
    name: run.name,
    state: run.state,
    reason: run.reason,
    message: messageOf(run),
    epoch: run.epoch,
    total,
    ok,
    failed,
    filtered,
    inFlight: callsAtProvider(totals, control),
    calls,
    failedCalls: tries,
    limited,
    doubtful,
    usage,
    costUsd: knownUsd(spentOf(totals)),
    heldUsd: heldUsd(totals),
    maxCostUsd: control.capNano === null ? null : nanoToUsd(control.capNano),
    ...(await spendOf(run, { totals, control, sums }, settings)),
    concurrency: control.concurrency,
    auto: control.auto,
    requestsPerMinute: control.requestsPerMinute,
    tokensPerMinute: control.tokensPerMinute,
    found: learned && foundLimits(learned),
    waits: wait && { why: wait.why, text: wait.text, since: wait.since, until: wait.until, failure: wait.failure ?? null },
    rest,
    workedMs: run.workedMs + (run.workingSince === null ? 0 : Math.max(0, now - run.workingSince)),
    startedAt: run.startedAt,
    origin: run.origin,
    endedAt: run.endedAt,
    outputDir: run.outputDir,
  };
}

function foundLimits({ pace, window, noise, at }: Learned): FoundLimits {
  return { callsPerSecond: pace, callsInFlight: window, refusedAnyway: noise, at };
}

/** Calls under way and doubtful ones of a run whose price is not known hold what nobody knows. */
function heldUsd({ reservedNano, doubtfulNano, unpriced, open, doubtful }: RunTotals): number | null {
  const heldNano = reservedNano + doubtfulNano;
  return heldNano === 0 && unpriced > 0 && open + doubtful > 0 ? null : nanoToUsd(heldNano);
}

/** Intents are stored a little ahead of their calls, so that a place at the provider is never empty: those are not under way yet. */
function callsAtProvider({ open }: RunTotals, { concurrency }: Control): number {
  return Math.min(open, concurrency);
}

/** What the provider or the engine said, and where to go with it. */
function messageOf({ message, reason, task }: RunRow): string | null {
  const page = reason === 'billing' || reason === 'key' ? whereToGo(task.model.provider, reason) : null;
  return message === null || page === null ? message : `${message}; ${page}`;
}

/** True when the run's epoch is over and what it has is published, or cannot be. */
export function hasEnded(run: RunRow): boolean {
  if (run.state === 'paused') {
    // A disk that failed may have kept the output from being published.
    if (run.reason === 'disk') return run.endedAt !== null;
    return run.reason !== 'user' && run.reason !== null && run.publishedAt !== null;
  }
  return ENDED_STATES.includes(run.state) && run.endedAt !== null;
}

export function resultOf(run: RunRow, totals: RunTotals): RunResult {
  const { total, ok, failed, filtered } = totals;
  return {
    run: run.id,
    state: run.state,
    reason: run.reason,
    message: messageOf(run),
    counts: { total, ok, failed, filtered },
    costUsd: knownUsd(spentOf(totals)),
    outputDir: run.outputDir,
    outputFile: run.publishedAt === null ? null : join(run.outputDir, `output.${run.task.outputFormat}`),
    exitCode: exitCodeOf(run, totals),
  };
}

function exitCodeOf(run: RunRow, totals: RunTotals): ExitCode {
  if (run.state === 'completed') return totals.failed > 0 ? EXIT.failedRows : EXIT.ok;
  switch (run.reason) {
    case 'capped':
      return EXIT.capped;
    case 'billing':
    case 'key':
      return EXIT.refused;
    case 'request':
      return EXIT.badInput;
    case 'unreachable':
      return EXIT.unreachable;
    case 'disk':
      return EXIT.diskWrite;
    case 'cancelled':
      return EXIT.sigint;
    default:
      return EXIT.failedRows;
  }
}
