/**
 * What programs are told, field by field: the events of a followed run and the documents of `--json`. Names as in the output files
 * (snake_case). docs/json.md is made from it; a field without words of its own is what its type names.
 */
import type { Problem } from '../core/errors.js';
import type { Estimate } from '../core/estimate.js';
import type { Counts, Outcome } from '../core/model.js';
import type { Receipt } from '../outputs/receipt.js';
import type { Verification } from '../outputs/verify.js';
import type { CheckReport } from './check.js';
import type { FoundLimits, Progress, SpendWarning } from './progress.js';
import type { ReconcilePlan } from './reconcile.js';
import type { FoundOutcome, RunResult } from './results.js';
import type { RunWait } from './standing.js';
import type { StartNotes } from './start-options.js';

/** What rows will take, with intervals: nine of ten times between `low` and `high`. */
export interface EstimateRecord {
  rows: Estimate['rows'];
  sample_rows: Estimate['sample'];
  calls: Estimate['calls'];
  input_tokens: Estimate['inputTokens'];
  output_tokens: Estimate['outputTokens'];
  cost_usd: Estimate['costUsd'];
  ms: Estimate['ms'];
}

/** How a run stands, as the store has it. */
export interface ProgressRecord {
  run: Progress['run'];
  name: Progress['name'];
  state: Progress['state'];
  reason: Progress['reason'];
  message: Progress['message'];
  epoch: Progress['epoch'];
  phase: Progress['phase'];
  role: Progress['role'];
  total: Counts['total'];
  ok: Counts['ok'];
  failed: Counts['failed'];
  filtered: Counts['filtered'];
  in_flight: Progress['inFlight'];
  calls: Progress['calls'];
  failed_calls: Progress['failedCalls'];
  limited: Progress['limited'];
  doubtful: Progress['doubtful'];
  failures: Progress['failures'];
  usage: Progress['usage'];
  cost_usd: Progress['costUsd'];
  held_usd: Progress['heldUsd'];
  max_cost_usd: Progress['maxCostUsd'];
  /** USD that all runs of the day cost; null where no cap or warning of the day is set. */
  today_cost_usd: number | null;
  /** Cap of the day in USD; null: none. */
  max_daily_cost_usd: number | null;
  /** Amounts that were to be told of and are reached, in words. */
  warnings: string[];
  concurrency: Progress['concurrency'];
  auto: Progress['auto'];
  requests_per_minute: Progress['requestsPerMinute'];
  tokens_per_minute: Progress['tokensPerMinute'];
  processes: Progress['processes'];
  found_calls_per_second: FoundLimits['callsPerSecond'];
  found_calls_in_flight: FoundLimits['callsInFlight'];
  /**
   * What the run waits for: `concurrency`, `slow`, `requests/min`, `tokens/min`, `provider`, `breaker`, `refused`, `quota`, `money`,
   * `stagger`, `retry` or `paused`; null: for nothing that is known.
   */
  waits_for: string | null;
  /** The same for people, with what is known of it. */
  waits_text: string | null;
  /** Since when, epoch ms. */
  waits_since: number | null;
  waits_until: RunWait['until'];
  /** For `breaker` and `retry`: what calls met last, in words; null when it is not known. */
  waits_failure: string | null;
  /** Since when none was answered, epoch ms; null when it is not known. */
  waits_failure_since: number | null;
  /** What the rows that are left will take, by the first rows of the run; null before those are done, and when none are left. */
  rest: EstimateRecord | null;
  worked_ms: Progress['workedMs'];
  started_at: Progress['startedAt'];
  origin: Progress['origin'];
  ended_at: Progress['endedAt'];
  output_dir: Progress['outputDir'];
}

/** The run is there: the first line. */
export interface StartEvent extends ProgressRecord {
  event: 'start';
  /** `new`, `resumed` (rows were done already), `finished` (answered with no call); null of `watch` and `retry`. */
  kind: StartNotes['kind'] | null;
  notes: StartNotes['notes'];
}

/** At most once a second, when anything but the time changed, and once at the end. */
export interface ProgressEvent extends ProgressRecord {
  event: 'progress';
}

/** An amount that was to be told of is reached: once for each. */
export interface WarningEvent {
  event: 'warning';
  run: Progress['run'];
  key: SpendWarning['key'];
  message: SpendWarning['message'];
}

/** A row that is done, in order of arrival, each once, as in output.jsonl and failed.jsonl without the seed. */
export interface OutcomeEvent {
  event: 'outcome';
  seq: FoundOutcome['seq'];
  id: Outcome['id'];
  index: Outcome['index'];
  status: Outcome['status'];
  output: FoundOutcome['output'];
  model: Outcome['model'];
  finish: Outcome['finish'];
  turns: Outcome['turns'];
  attempts: Outcome['attempts'];
  usage: Outcome['usage'];
  /** USD of all its answered calls; null when nobody knows. */
  cost_usd: number | null;
  /** Only where it is not ok: why it failed, coarse enough to retry by. */
  cause?: Outcome['cause'] | null;
  /** Only where it is not ok: a code of [rows that fail](errors.md#rows-that-fail), or the rule that filtered it. */
  code?: string | null;
  /** Only where it is not ok: the same in words. */
  message?: string | null;
}

/** The run has ended: the last line. */
export interface EndEvent {
  event: 'end';
  run: RunResult['run'];
  state: RunResult['state'];
  reason: RunResult['reason'];
  message: RunResult['message'];
  total: Counts['total'];
  ok: Counts['ok'];
  failed: Counts['failed'];
  filtered: Counts['filtered'];
  cost_usd: RunResult['costUsd'];
  output_dir: RunResult['outputDir'];
  output_file: RunResult['outputFile'];
  exit_code: RunResult['exitCode'];
}

/** The end of the following, not of the run: a signal paused it. The last line. */
export interface PausedEvent extends ProgressRecord {
  event: 'paused';
  /** What the command exits with: 130 or 143. */
  exit_code: number;
}

/** What was told on stderr, of any command with `--json`. The last line. */
export interface ErrorEvent {
  event: 'error';
  /** What is wrong, with codes of [errors](errors.md). */
  problems: readonly Problem[];
  /** What the command exits with. */
  exit_code: number;
}

/** What a run of a task would do, and cost at most. */
export interface CheckRecord {
  problems: CheckReport['problems'];
  notes: CheckReport['notes'];
  rows: CheckReport['rows'];
  calls: CheckReport['calls'];
  input_tokens: CheckReport['inputTokens'];
  output_tokens: CheckReport['outputTokens'];
  worst_cost_usd: CheckReport['worstCostUsd'];
  max_cost_usd: CheckReport['maxCostUsd'];
  done_rows: CheckReport['doneRows'];
  anew_rows: CheckReport['anewRows'];
  sample_run: CheckReport['sampleRun'];
  /** What the rows that are not done will take; null when the rows could not be read. */
  estimate: EstimateRecord | null;
  model_check: CheckReport['modelCheck'];
}

/** What a provider's usage export says of the doubtful calls of a run, and whether it was written to the store. */
export interface ReconcileRecord extends ReconcilePlan {
  /** True: with `--yes`, or after a yes, and something followed from the export. */
  written: boolean;
}

/** The lines of commands that follow a run. */
export type RunEvent = StartEvent | ProgressEvent | WarningEvent | OutcomeEvent | EndEvent | PausedEvent | ErrorEvent;

/** What each command writes to stdout with `--json`, an object a line. After a failure the last line of any is an `error` event. */
export interface JsonOutput {
  run: RunEvent;
  retry: RunEvent;
  watch: RunEvent;
  check: CheckRecord | ErrorEvent;
  status: ProgressRecord | ErrorEvent;
  runs: ProgressRecord | ErrorEvent;
  receipt: Receipt | Verification | ReconcileRecord | ErrorEvent;
}
