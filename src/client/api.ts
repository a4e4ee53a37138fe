/** The library's types: what a program sees of durable-swarm. `connect()` in connect.ts fills them. */

import type { Problem } from '../core/errors.js';
import type { Estimate } from '../core/estimate.js';
import type { Counts, FailureGroup, Outcome, RunState, StopCause, Usage } from '../core/model.js';
import type { ResizeOptions } from '../core/resize.js';
import type { SeenRows } from '../intake/seen-rows.js';
import type { Verification } from '../outputs/verify.js';
import type { SeedContent } from '../schema/seed.js';

export type { ResizeOptions, Verification };

export interface ConnectOptions {
  /** Default `SWARM_HOME` or the user's state folder. */
  home?: string;
  /** Told what starting the host does ("building temporal, 3 of 7 minutes"), a line each. */
  onProgress?: (line: string) => void;
}

/** Rows from code: texts, or objects whose fields the template names. A field `id` is the row's id. */
export type Rows = Iterable<SeedContent> | AsyncIterable<SeedContent>;

export interface StartOptions {
  /** Rows from code instead of `seeds_file`. */
  seeds?: Rows;
  /** Path of a seeds file instead of `seeds_file`. */
  seedsFile?: string;
  /** Only the first N rows. A later start without it goes on with the rest. */
  limit?: number;
  /** Exactly N rows: the seeds repeat in order when there are fewer. */
  total?: number;
  outputDir?: string;
  /** USD. */
  maxCost?: number;
  concurrency?: number;
  sliceSize?: number;
  /** The run goes on when the starter is gone, also after the host died. Library default true, CLI default false. */
  detached?: boolean;
  /**
   * A changed task or seeds file: E_OUT_MISMATCH or E_SEEDS_CHANGED (`refuse`); rows that are done stay, and those that are left, or added at
   * the end, go on with the changed task (`keep`; E_LOCKED while the run is under way); start over in the same folder (`fresh`), or in a
   * new one (`fork`).
   * @default 'refuse'
   */
  ifChanged?: 'refuse' | 'keep' | 'fresh' | 'fork';
  /**
   * The report of a check of the same task and options: rows of a file that did not change since are not read again to see that they are those
   * of the run that goes on.
   */
  checked?: CheckReport;
  /** Accepts a template without a placeholder over many rows. */
  allowConstantPrompt?: boolean;
  origin?: 'cli' | 'library' | 'http';
}

export interface SpendWarning {
  /** What asked for it. */
  key: 'warn_at' | 'SWARM_WARN_AT';
  message: string;
}

/** What a provider's usage export says of the doubtful calls of a run; names as in the receipt. */
export interface ReconcilePlan {
  run: string;
  /** What the export was taken for; null when no call is doubtful. */
  form: 'requests with our ids' | 'requests' | 'totals' | null;
  /** Answered calls in the time of the export, and how many of them it lists. */
  answered: number;
  found: number;
  /** Entries of the export that do not concern the run. */
  ignored: number;
  calls: {
    index: number;
    turn: number;
    attempt: number;
    /** Null when nobody knows what it may cost. */
    reserved_usd: number | null;
    becomes: 'settled' | 'released' | 'doubtful';
    /** Null while it stays doubtful. */
    cost_usd: number | null;
    why: string;
  }[];
}

/** Limits of a provider as calls met them; null = no limit was met. */
export interface FoundLimits {
  callsPerSecond: number | null;
  callsInFlight: number | null;
  /** Share of calls refused whatever is sent, 0..1. */
  refusedAnyway: number;
  /** Epoch ms. */
  at: number;
}

/** What a run waits for. */
export interface RunWait {
  /** `concurrency`, `slow`, `requests/min`, `tokens/min`, `provider`, `breaker`, `refused`, `quota`, `money`, `stagger`, `retry` or `paused`. */
  why: string;
  /** The same for people, with what is known of it. */
  text: string;
  /** Epoch ms. */
  since: number;
  /** When it ends, if that is known; epoch ms. */
  until: number | null;
  /** For `breaker` and `retry`: what calls met last, in words, and since when (epoch ms) none was answered; null when it is not known. */
  failure: { text: string; since: number } | null;
}

/** One moment of a run; everything comes from the store. */
export interface Progress extends Counts {
  run: string;
  name: string;
  state: RunState;
  reason: StopCause | 'user' | 'host' | null;
  message: string | null;
  epoch: number;
  /** Calls under way, at most `concurrency`. */
  inFlight: number;
  /** Answered. */
  calls: number;
  /** Calls that ended as real failures; those that were refused by a limit are not among them. */
  failedCalls: number;
  limited: number;
  doubtful: number;
  /** Why rows failed, the most frequent cause first; empty while `running` in a handle's progress, where it would be counted at every look. */
  failures: FailureGroup[];
  usage: Usage;
  /** Null when nobody knows what a call cost: its price is not known. */
  costUsd: number | null;
  /** Reserved and doubtful money on top of costUsd; null when it is not known. */
  heldUsd: number | null;
  maxCostUsd: number | null;
  /** What all runs of the day cost, against the cap of the day; null where no cap or warning of the day is set. */
  today: { costUsd: number; maxCostUsd: number | null } | null;
  /** Amounts that were to be told of and are reached. */
  warnings: SpendWarning[];
  concurrency: number;
  /** True: the gate finds how many calls in flight are worth it; `concurrency` is the most. */
  auto: boolean;
  requestsPerMinute: number | null;
  tokensPerMinute: number | null;
  /** Processes that make its calls: the host, and each `swarm worker`; null while it does not run. */
  processes: number | null;
  /** What was found of the provider's limits, for all processes and runs of this model and key; null before anything was. */
  found: FoundLimits | null;
  /** What keeps it from being quicker; null when nothing is known to, or it is not running. */
  waits: RunWait | null;
  /** What the rows that are left will take, by the first rows of the run; null before those are done, and when none are left. */
  rest: Estimate | null;
  /** Time worked: without pauses, and without the time between the end of one start and the next. */
  workedMs: number;
  startedAt: number | null;
  /** How it was started. */
  origin: 'cli' | 'library' | 'http' | 'temporal';
  endedAt: number | null;
  outputDir: string;
}

export interface RunResult {
  run: string;
  state: RunState;
  reason: Progress['reason'];
  message: string | null;
  counts: Counts;
  /** Null when nobody knows what a call cost. */
  costUsd: number | null;
  outputDir: string;
  /** Path of the published output file; null when nothing was published. */
  outputFile: string | null;
  /** 0 all ok, 1 failed rows, 2 refused request, 3 capped, 5 key or billing, 7 disk, 130 cancelled. */
  exitCode: number;
}

export interface RunHandle {
  readonly id: string;
  progress(): Promise<Progress>;
  /** Outcomes in order of arrival, from the first (or after `after`), until the run ends. */
  outcomes(options?: { after?: number; signal?: AbortSignal }): AsyncIterable<Outcome & { output: string | null; seq: number }>;
  /** Resolves when the run has ended and its output is published. An aborted signal stops the waiting, not the run. */
  result(options?: { signal?: AbortSignal }): Promise<RunResult>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  resize(options: ResizeOptions): Promise<void>;
  cancel(): Promise<void>;
  /**
   * Failed rows (of one cause) are done again; the handle then follows the new epoch. Returns how many. A run under way is waited for;
   * with `wait: false` that is E_LOCKED (exit 6). @default wait: true
   */
  retry(options?: { cause?: string; wait?: boolean }): Promise<number>;
}

export interface StartNotes {
  /** What the starter should be told: normalised values, assumed call time, resumed run, changed operational keys. */
  notes: string[];
  /** `new`, `resumed` (unfinished), `finished` (answered with no call). */
  kind: 'new' | 'resumed' | 'finished';
}

export type StartedRun = RunHandle & { start: StartNotes };

export interface CheckReport {
  problems: Problem[];
  notes: string[];
  rows: number;
  /** What a start is spared by `checked`; null for rows from code, or when they were not read to their end. */
  seen: SeenRows | null;
  /** Upper bounds for one pass without retries. */
  calls: number;
  inputTokens: number;
  outputTokens: number;
  /** Null when the price is unknown. */
  worstCostUsd: number | null;
  /** Rows that are done already: the run goes on with the others. */
  doneRows: number;
  /** Run of the same task whose first rows the estimate rests on; null = it is a guess. */
  sampleRun: string | null;
  /** What the rows that are not done will take, with intervals; null when the task has problems. */
  estimate: Estimate | null;
  /** Cap of the run (the task's or the starter's); null = none. */
  maxCostUsd: number | null;
}

export interface ListOptions {
  states?: RunState[];
  limit?: number;
  /** Whether `rest` is worked out, which reads the first rows of each run; false: it is null. @default true */
  rest?: boolean;
}

export interface Swarm {
  /**
   * Validates, stages the rows, starts or resumes. `task` is a path or an object with the keys of the file; the rows are those of
   * its `seeds_file`, or `seeds`. Bad input throws a SwarmError before any call is made.
   */
  start(task: string | object, options?: StartOptions): Promise<StartedRun>;
  start(task: string | object, seeds: Rows, options?: StartOptions): Promise<StartedRun>;
  /** Throws E_RUN_UNKNOWN. */
  get(run: string): Promise<RunHandle>;
  /** Newest first. */
  runs(options?: ListOptions): Promise<Progress[]>;
  /** Address in the Web UI of the embedded server, of a run or of all; null with a cluster of the user and with SWARM_UI=off. Throws E_RUN_UNKNOWN. */
  webUi(run?: string): Promise<string | null>;
  close(): Promise<void>;
}
