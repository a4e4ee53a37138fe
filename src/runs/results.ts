/** What came of a run: its end, its rows, its receipt. Read from the store and from its folder. */
import { join } from 'node:path';
import { callsByRow, outputOf } from '../core/conversation/output.js';
import { EXIT, type ExitCode } from '../core/errors.js';
import type { Counts, Outcome, RunState } from '../core/model.js';
import { knownUsd, spentOf } from '../core/money/price.js';
import { currentPhase, TASK_PHASES } from '../core/phases.js';
import { buildReceipt, publishedReceipt, type Receipt } from '../outputs/receipt.js';
import { whereToGo } from '../schema/providers.js';
import type { CallRow, RunRow, RunTotals, Store } from '../store/port/store.js';
import type { Progress } from './progress.js';

export { exportRun } from '../outputs/export.js';
export { type Verification, verifyRun } from '../outputs/verify.js';
export type { OutputFormat } from '../schema/task-types.js';
export type { Receipt };

/** What came of a run that has ended. */
export interface RunResult {
  /** Id of the run. */
  run: string;
  /** Where it stands. */
  state: RunState;
  /** Why it ended before all rows were done; null when they are. */
  reason: Progress['reason'];
  /** The same in words, and where to go with it; null when nothing is to be said. */
  message: string | null;
  /** What became of its rows. */
  counts: Counts;
  /** USD of all answered calls. Null when nobody knows what a call cost. */
  costUsd: number | null;
  /** Its folder, an absolute path. */
  outputDir: string;
  /** Path of the published output file; null when nothing was published. */
  outputFile: string | null;
  /** 0 all ok, 1 failed rows, 2 refused request, 3 capped, 5 key or billing, 7 disk, 130 cancelled. */
  exitCode: number;
}

/** What the provider or the engine said, and where to go with it. */
export function messageOf(run: RunRow): string | null {
  const { message, reason, task } = run;
  if (message === null || (reason !== 'billing' && reason !== 'key')) return message;
  const { provider, apiKeyEnv } = TASK_PHASES.useOf(task, currentPhase(run).role).model;
  const named = apiKeyEnv === null || message.includes(apiKeyEnv) ? null : `the key is that in ${apiKeyEnv}`;
  return [message, named, whereToGo(provider, reason)].filter((part) => part !== null).join('; ');
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
    case 'systematic':
      return EXIT.failedRows;
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

/** A row that is done. */
export interface FoundOutcome extends Outcome {
  /** The answer of an ok row: a text, or with `labels` or `output_schema` the parsed value; null for others. */
  output: unknown;
  /** Where it stands in the order of arrival, from 1; a later call goes on behind it (`after`). */
  seq: number;
}

const OUTCOMES_PAGE = 500;

/** The next rows that are done behind `after` (0 = from the first), in order of arrival, with what ok ones came to; none = none so far. */
export async function outcomesAfter(store: Store, runId: string, after: number): Promise<FoundOutcome[]> {
  const page = await store.outcomesAfter(runId, after, OUTCOMES_PAGE);
  const ok = page.filter(({ outcome }) => outcome.status === 'ok').map(({ outcome }) => outcome.index);
  const calls = ok.length === 0 ? null : callsByRow(await store.calls(runId, { list: ok }));
  return page.map(({ seq, outcome }) => ({
    ...outcome,
    seq,
    output: outcome.status === 'ok' ? foundOutput(outcome, calls?.get(outcome.index) ?? []) : null,
  }));
}

function foundOutput(outcome: Outcome, calls: readonly CallRow[]): unknown {
  return outcome.outputJson === undefined ? outputOf(calls, outcome) : JSON.parse(outcome.outputJson);
}

/** As it was published; else as the store has it now. Throws E_RUN_UNKNOWN. */
export async function receiptOf(store: Store, runId: string, versions: Readonly<Record<string, string>>): Promise<Receipt> {
  const run = await store.run(runId);
  return (run && (await publishedReceipt(run))) ?? (await buildReceipt(store, runId, { at: Date.now(), versions }));
}
