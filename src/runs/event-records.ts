/** A run as programs are told of it, a JSON object each. Programs depend on the names: they are in json-records.ts. */

import { problemsOf } from '../core/errors.js';
import type { Estimate } from '../core/estimate.js';
import { parseExactJson } from '../core/exact-json.js';
import type { Counts } from '../core/model.js';
import { knownUsd } from '../core/money/price.js';
import type { CheckReport } from './check.js';
import type {
  CheckRecord,
  EndEvent,
  ErrorEvent,
  EstimateRecord,
  OutcomeEvent,
  PausedEvent,
  ProgressEvent,
  ProgressRecord,
  StartEvent,
  WarningEvent,
} from './json-records.js';
import type { Progress, SpendWarning } from './progress.js';
import type { FoundOutcome, RunResult } from './results.js';
import type { StartNotes } from './start-options.js';

function counts({ total, ok, failed, filtered }: Counts): Counts {
  return { total, ok, failed, filtered };
}

/** Each figure as `{low, expected, high}`. */
function estimateRecord({ rows, sample, calls, inputTokens, outputTokens, costUsd, ms }: Estimate): EstimateRecord {
  const tokens = { input_tokens: inputTokens, output_tokens: outputTokens };
  return { rows, sample_rows: sample, calls, ...tokens, cost_usd: costUsd, ms };
}

/** A moment of a run: `status --json`, `runs --json`, and the `progress` event. */
export function progressRecord(progress: Progress): ProgressRecord {
  return {
    run: progress.run,
    name: progress.name,
    state: progress.state,
    reason: progress.reason,
    message: progress.message,
    epoch: progress.epoch,
    phase: progress.phase,
    role: progress.role,
    ...counts(progress),
    in_flight: progress.inFlight,
    calls: progress.calls,
    failed_calls: progress.failedCalls,
    limited: progress.limited,
    doubtful: progress.doubtful,
    failures: progress.failures,
    usage: progress.usage,
    cost_usd: progress.costUsd,
    held_usd: progress.heldUsd,
    max_cost_usd: progress.maxCostUsd,
    today_cost_usd: progress.today?.costUsd ?? null,
    max_daily_cost_usd: progress.today?.maxCostUsd ?? null,
    warnings: progress.warnings.map(({ message }) => message),
    concurrency: progress.concurrency,
    auto: progress.auto,
    requests_per_minute: progress.requestsPerMinute,
    tokens_per_minute: progress.tokensPerMinute,
    processes: progress.processes,
    found_calls_per_second: progress.found?.callsPerSecond ?? null,
    found_calls_in_flight: progress.found?.callsInFlight ?? null,
    waits_for: progress.waits?.why ?? null,
    waits_text: progress.waits?.text ?? null,
    waits_since: progress.waits?.since ?? null,
    waits_until: progress.waits?.until ?? null,
    waits_failure: progress.waits?.failure?.text ?? null,
    waits_failure_since: progress.waits?.failure?.since ?? null,
    rest: progress.rest === null ? null : estimateRecord(progress.rest),
    worked_ms: progress.workedMs,
    started_at: progress.startedAt,
    origin: progress.origin,
    ended_at: progress.endedAt,
    output_dir: progress.outputDir,
  };
}

export function startEvent(progress: Progress, start: StartNotes | null): StartEvent {
  return { event: 'start', kind: start?.kind ?? null, notes: start?.notes ?? [], ...progressRecord(progress) };
}

export function progressEvent(progress: Progress): ProgressEvent {
  return { event: 'progress', ...progressRecord(progress) };
}

/** Once for each amount that is reached. */
export function warningEvent(run: string, { key, message }: SpendWarning): WarningEvent {
  return { event: 'warning', run, key, message };
}

/** One row that is done, as in output.jsonl and failed.jsonl, without the seed. */
export function outcomeEvent(outcome: FoundOutcome): OutcomeEvent {
  return {
    event: 'outcome',
    seq: outcome.seq,
    id: outcome.id,
    index: outcome.index,
    status: outcome.status,
    // Whole numbers as they are, which the parsed value may not have.
    output: outcome.outputJson === undefined ? outcome.output : parseExactJson(outcome.outputJson),
    model: outcome.model,
    finish: outcome.finish,
    turns: outcome.turns,
    attempts: outcome.attempts,
    usage: outcome.usage,
    cost_usd: knownUsd(outcome.costNano),
    ...(outcome.status === 'ok'
      ? {}
      : { cause: outcome.cause ?? null, code: outcome.code ?? null, message: outcome.message ?? null }),
  };
}

export function endEvent(result: RunResult): EndEvent {
  return {
    event: 'end',
    run: result.run,
    state: result.state,
    reason: result.reason,
    message: result.message,
    ...counts(result.counts),
    cost_usd: result.costUsd,
    output_dir: result.outputDir,
    output_file: result.outputFile,
    exit_code: result.exitCode,
  };
}

/** The end of the following, not of the run: it was paused by a signal. */
export function pausedEvent(progress: Progress, exitCode: number): PausedEvent {
  return { event: 'paused', ...progressRecord(progress), exit_code: exitCode };
}

/** What was told on stderr, for programs that read only stdout. */
export function errorEvent(error: unknown, exitCode: number): ErrorEvent {
  const problems = problemsOf(error);
  return { event: 'error', problems, exit_code: exitCode };
}

export function checkRecord(report: CheckReport): CheckRecord {
  return {
    problems: report.problems,
    notes: report.notes,
    rows: report.rows,
    calls: report.calls,
    input_tokens: report.inputTokens,
    output_tokens: report.outputTokens,
    worst_cost_usd: report.worstCostUsd,
    max_cost_usd: report.maxCostUsd,
    done_rows: report.doneRows,
    anew_rows: report.anewRows,
    sample_run: report.sampleRun,
    estimate: report.estimate && estimateRecord(report.estimate),
    model_check: report.modelCheck,
  };
}
