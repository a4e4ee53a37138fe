/** A run's progress and result, read from the store alone. */
import { join } from 'node:path';
import { EXIT, type ExitCode } from '../core/errors.js';
import { restOf, SAMPLED_ROWS, speedOf } from '../core/estimate.js';
import type { Learned } from '../core/gate/learned.js';
import { heaviest, type Wait, type WaitFacts, waitText } from '../core/gate/wait.js';
import type { RunState } from '../core/model.js';
import { gateKey } from '../core/names.js';
import { nanoToUsd } from '../core/price.js';
import { unknownRun } from '../core/run-errors.js';
import { whereToGo } from '../schema/providers.js';
import type { Control, RunRow, RunTotals, Store } from '../store/port.js';
import type { FoundLimits, Progress, RunResult, RunWait } from './api.js';
import { type DaySettings, spendOf } from './spend.js';

/** States in which a run does nothing until somebody starts it again. */
export const ENDED_STATES: readonly RunState[] = ['completed', 'capped', 'cancelled', 'failed'];

/** Throws E_RUN_UNKNOWN. */
export async function readProgress(store: Store, runId: string, settings: DaySettings): Promise<Progress> {
  const run = await store.run(runId);
  if (!run || run.state === 'staging') throw unknownRun(runId);
  return await progressOf(store, run, settings);
}

export async function progressOf(store: Store, run: RunRow, settings: DaySettings): Promise<Progress> {
  const now = Date.now();
  const [totals, control, learned, waits] = await Promise.all([
    store.totals(run.id),
    store.control(run.id),
    store.limits(gateKey(run.task.model)),
    run.state === 'running' ? store.waits(run.id, now) : [],
  ]);
  const found = learned && foundLimits(learned);
  const facts = {
    run: run.id,
    ...control,
    callsPerSecond: found?.callsPerSecond ?? null,
    callsInFlight: found?.callsInFlight ?? null,
  };
  const { total, ok, failed, filtered, calls, limited, doubtful, usage } = totals;
  const left = total - ok - failed - filtered;
  const rows = left > 0 && left < total ? await store.firstRows(run.id, SAMPLED_ROWS) : [];
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
    limited,
    doubtful,
    usage,
    costUsd: nanoToUsd(totals.settledNano),
    heldUsd: nanoToUsd(totals.reservedNano + totals.doubtfulNano),
    maxCostUsd: control.capNano === null ? null : nanoToUsd(control.capNano),
    ...(await spendOf(store, run, { totals, control }, settings)),
    concurrency: control.concurrency,
    auto: control.auto,
    requestsPerMinute: control.requestsPerMinute,
    tokensPerMinute: control.tokensPerMinute,
    found,
    waits: waitOf(heaviest(waits), facts, now),
    rest: restOf(rows, left, speedOf(control, learned)),
    workedMs: run.workedMs + (run.workingSince === null ? 0 : Math.max(0, now - run.workingSince)),
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    outputDir: run.outputDir,
  };
}

function waitOf(wait: Wait | null, facts: WaitFacts, now: number): RunWait | null {
  return wait && { why: wait.why, text: waitText(wait, facts, now), since: wait.since, until: wait.until };
}

function foundLimits({ pace, window, noise, at }: Learned): FoundLimits {
  return { callsPerSecond: pace, callsInFlight: window, refusedAnyway: noise, at };
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
    costUsd: nanoToUsd(totals.settledNano),
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
