/** The store: runs, seeds, calls, outcomes, money, controls, queues, owners. Filled by libsql (a file) and by PostgreSQL. */
import type { Answer } from '../../core/conversation/message.js';
import type { SampledRow } from '../../core/estimate.js';
import type { Counts, EpochMs, FailureGroup, Finish, NanoUsd, Outcome, RunState, StopCause, Usage } from '../../core/model.js';
import type { Role } from '../../core/phases.js';
import type { RunStop } from '../../core/run-stop.js';
import type { Seed } from '../../schema/seed.js';
import type { Task } from '../../schema/task-types.js';
import type { Doubt, Refusal, Settlement, Spent } from './call-ends.js';
import type { ChangedRowStore } from './changed-rows.js';
import type { DayCap, Intent, IntentResult } from './intents.js';
import type { MoneyStore } from './money.js';
import type { Reconciliation } from './reconciliation.js';
import type { TaskVersionStore } from './task-versions.js';
import type { SharedStore } from './workers.js';

export interface RunRow {
  id: string;
  name: string;
  state: RunState;
  /** Why it stopped or waits; null while all is well. */
  reason: StopCause | 'user' | 'host' | null;
  /** Text of the last refusal or failure that concerns the whole run. */
  message: string | null;
  /** Execution count; 0 before the first start. */
  epoch: number;
  task: Task;
  taskFingerprint: string;
  /** sha256 chained over the rows, in hex; covers exactly `total` rows. */
  seedsFingerprint: string;
  total: number;
  /** Real path of the output folder. */
  outputDir: string;
  /** Detached and submitted runs go on by themselves after the host died; attached ones wait for `swarm run`. */
  detached: boolean;
  /** True when `--limit` cut the rows: the run may go on with more of them. */
  limited: boolean;
  origin: 'cli' | 'library' | 'http' | 'temporal';
  /** Workflow id of the current epoch; null before the first start. */
  workflowId: string | null;
  createdAt: EpochMs;
  startedAt: EpochMs | null;
  endedAt: EpochMs | null;
  /** When the output was published for the current epoch. */
  publishedAt: EpochMs | null;
  /** Id of the home whose process reads and writes the run's files; empty when it was not kept. */
  home: string;
  /** Time worked until `workingSince`, or until it rested last: pauses and the time between epochs do not count. */
  workedMs: number;
  /** Since when it is worked on; null while it rests. */
  workingSince: EpochMs | null;
  /** Name of the phase that it is in, or was in last; null before the first. */
  phase: string | null;
}

/** What may change of a run after it was created; undefined fields stay. */
export type RunPatch = Partial<
  Pick<
    RunRow,
    | 'state'
    | 'reason'
    | 'message'
    | 'workflowId'
    | 'startedAt'
    | 'endedAt'
    | 'publishedAt'
    | 'detached'
    | 'limited'
    | 'outputDir'
    | 'task'
    | 'home'
    | 'phase'
  >
>;

/** Some rows of a run: positions from..to (exclusive), or a list. */
export type Indexes = { from: number; to: number } | { list: readonly number[] };

export interface NewRun {
  id: string;
  name: string;
  task: Task;
  taskFingerprint: string;
  outputDir: string;
  detached: boolean;
  limited: boolean;
  origin: RunRow['origin'];
  createdAt: EpochMs;
  /** Default: empty. */
  home?: string;
}

/** One execution of a run's workflow. */
export interface WorkflowExecution {
  workflowId: string;
  /** Temporal's run id. */
  executionId: string;
}

/** Live totals of a run, one row, updated in the same transaction as what they count. */
export interface RunTotals extends Counts {
  /** Highest outcome sequence number. */
  seq: number;
  usage: Usage;
  /** Calls answered. */
  calls: number;
  /** Calls that ended as real failures. */
  tries: number;
  /** Calls refused by a rate limit or overload. */
  limited: number;
  /** Calls that may have been billed without an answer; listed in the receipt. */
  doubtful: number;
  /** Calls under way now. */
  open: number;
  settledNano: NanoUsd;
  /** Reserved by calls under way. */
  reservedNano: NanoUsd;
  /** Still charged for doubtful calls. */
  doubtfulNano: NanoUsd;
  /** Answered calls whose cost nobody knows: `settledNano` is without them. */
  unpriced: number;
}

/** What stops or resizes calls. Written by Updates, CLI and HTTP; obeyed by the gates. */
export interface Control {
  paused: boolean;
  cancelled: boolean;
  concurrency: number;
  requestsPerMinute: number | null;
  /** Of the run. */
  capNano: NanoUsd | null;
  /** Of each call, of each row, and of all runs of a day. */
  callCapNano: NanoUsd | null;
  rowCapNano: NanoUsd | null;
  dayCapNano: NanoUsd | null;
  /** For all runs of a day, as the command brought it that let the run go on (`takeStartCap`). */
  startCap: DayCap | null;
  tokensPerMinute: number | null;
  /** True: `concurrency` is the most there may be, the gate finds how many are worth it. */
  auto: boolean;
  /** Why all its calls stop by themselves until the next epoch; null while they may go. */
  stop: RunStop | null;
  /** Grows with every change. */
  version: number;
}

type AlwaysGiven = 'paused' | 'cancelled' | 'concurrency' | 'requestsPerMinute' | 'capNano';
/** A run's first control row; what is absent is no cap, no limit, not automatic. */
export type NewControl = Pick<Control, AlwaysGiven> & Partial<Omit<Control, AlwaysGiven | 'startCap' | 'stop' | 'version'>>;

export interface CallKey {
  runId: string;
  /** Of the row; negative for a conversation beside the rows. */
  index: number;
  /** 1-based; the numbers go on over phases. */
  turn: number;
}

export interface Attempt extends CallKey {
  attempt: number;
}

export type { CallEndRecord, Doubt, Refusal, Settlement, Spent } from './call-ends.js';

/**
 * `superseded`: paid, and its answer is not used: that of a failed row that was opened again, of a row that is done anew
 * (`E_CALL_OUTDATED`), one that is of no use (empty), or lost (`E_CALL_RECONCILED`).
 */
export type CallState = 'intent' | 'answered' | 'doubtful' | 'limited' | 'failed' | 'superseded';

export interface CallRow extends Attempt {
  epoch: number;
  phase: string;
  role: Role;
  state: CallState;
  owner: string;
  isTry: boolean;
  code: string | null;
  answer: Answer | null;
  finish: Finish | null;
  servedModel: string | null;
  usage: Usage | null;
  /** What a doubtful call is charged with; null when nobody knows what it may cost. */
  reservedNano: NanoUsd | null;
  /** Null for an answered call when nobody knows. */
  costNano: NanoUsd | null;
  startedAt: EpochMs;
  endedAt: EpochMs | null;
}

export interface OutputRow extends Outcome {
  seed: unknown;
  /** Null for failed rows. */
  output: string | null;
}

export interface Store extends SharedStore, MoneyStore, TaskVersionStore, ChangedRowStore {
  /** Writes come soon: makes the writer ready now, so that the first one does not wait for it. */
  expectWrites(): void;

  // Staging, by the process that starts a run.
  createRun(run: NewRun): Promise<void>;
  /** One row per (run, index): the newest content counts. For indexes beyond the sealed total. */
  appendSeeds(runId: string, seeds: readonly Seed[]): Promise<void>;
  /** staging -> staged, with its control row. */
  sealRun(runId: string, sealed: { seedsFingerprint: string; total: number; control: NewControl }): Promise<void>;
  /** Removes a run and all its rows. */
  dropRun(runId: string): Promise<void>;

  // Runs.
  run(runId: string): Promise<RunRow | null>;
  /** Newest first. */
  runs(filter?: { states?: readonly RunState[]; outputDir?: string; home?: string; limit?: number }): Promise<RunRow[]>;
  /**
   * Changes a run; with `whileIn` only while its state is one of these. False when it was not. `restedAt`: when work on it ended, where
   * that is told late, after its process had died. @default now
   */
  updateRun(runId: string, patch: RunPatch, whileIn?: readonly RunState[], restedAt?: EpochMs): Promise<boolean>;
  /**
   * A running run rests: changes it and pauses its calls. False when that is not its workflow any more, or it does not run. `restedAt` as for
   * updateRun.
   */
  restRun(runId: string, workflowId: string | null, patch: RunPatch, restedAt?: EpochMs): Promise<boolean>;
  /** A run in one of these states is running, and its calls are not paused any more. False when it is in another one. One transaction. */
  letGoOn(runId: string, from: readonly RunState[]): Promise<boolean>;
  /**
   * Starts the next epoch: epoch + 1, state running. When rows are done already, the missing ones are listed
   * as items (position -> index) and `kind` is `list`; else positions are indexes. One transaction.
   * The same execution asking again gets the epoch that it opened.
   */
  openEpoch(
    runId: string,
    workflow: WorkflowExecution,
    at: EpochMs,
  ): Promise<{ epoch: number; kind: 'range' | 'list'; items: number }>;
  /** Indexes of the items at positions from..to (exclusive) of a `list` epoch. */
  items(runId: string, epoch: number, from: number, to: number): Promise<number[]>;
  totals(runId: string): Promise<RunTotals>;
  /** Totals of several runs; unknown runs are left out. */
  totalsOf(runIds: readonly string[]): Promise<Map<string, RunTotals>>;
  /** Failed rows become pending again (a spent last answer is superseded); returns how many. */
  reopenFailed(runId: string, cause?: string): Promise<number>;

  // Reading rows.
  seeds(runId: string, indexes: Indexes): Promise<Seed[]>;
  /** All calls of these seeds, ordered by (index, turn, attempt). */
  calls(runId: string, indexes: Indexes): Promise<CallRow[]>;
  outcome(runId: string, index: number): Promise<Outcome | null>;
  /** Indexes among these that have an outcome. */
  done(runId: string, indexes: Indexes): Promise<Set<number>>;
  /** Outcomes after a sequence number, in order of arrival. */
  outcomesAfter(runId: string, seq: number, limit: number): Promise<{ seq: number; outcome: Outcome }[]>;
  /** Place of an ok row among all ok rows in their order of arrival, from 1, and its id; null for a row that is not ok. */
  okPlace(runId: string, index: number): Promise<{ seq: number; nth: number; id: string } | null>;
  /** Rows with their outcome in input order, in pages: index >= from. */
  outputRows(runId: string, filter: { status: Outcome['status']; from: number; limit: number }): Promise<OutputRow[]>;
  /** The causes of failed rows, the most frequent first. */
  failures(runId: string): Promise<FailureGroup[]>;
  /** True when a call of this role in the run was answered. */
  hasAnswer(runId: string, role: Role): Promise<boolean>;
  /** Rows among the first `count` that have their outcome, with the sums of their answered calls. */
  firstRows(runId: string, count: number): Promise<SampledRow[]>;

  // The hot path: each is one durable step (committed when the promise resolves).
  intend(intent: Intent): Promise<IntentResult>;
  /**
   * `late`: the turn has another answer, or the seed its outcome, since this process was taken for dead while it waited. This answer and
   * its outcome are not used; its call is doubtful, charged with what it cost.
   */
  settle(settlement: Settlement): Promise<'used' | 'late'>;
  refuse(refusal: Refusal): Promise<void>;
  /** The call is paid for and its cost known, though it has no answer. */
  spend(spent: Spent): Promise<void>;
  /** The call stays charged: with its reservation, or with an estimate where the task says so (`doubtful: settle_at_estimate`). */
  doubt(doubt: Doubt): Promise<void>;
  /** Settles or releases doubtful calls, all in one step. Those that are not doubtful any more are left alone. Returns how many were. */
  reconcile(reconciliation: Reconciliation): Promise<{ settled: number; released: number }>;
  /** A seed that ends without a call. */
  finish(runId: string, outcome: Outcome): Promise<void>;

  // Control.
  control(runId: string): Promise<Control>;
  /** `capsFall`: a cap that is lower already, at that moment, stays. @default false */
  setControl(
    runId: string,
    patch: Partial<Omit<Control, 'startCap' | 'stop' | 'version'>>,
    options?: { capsFall?: boolean },
  ): Promise<Control>;
  /** A command's cap for all runs of a day joins a run; with `replace` it takes the place of what is there, else the lower one stays. */
  takeStartCap(runId: string, cap: DayCap, replace: boolean): Promise<void>;
  /** Control rows of several runs; unknown runs are left out. */
  controls(runIds: readonly string[]): Promise<Map<string, Control>>;
  /** Calls the listener right after a write of this store object that changed the row was committed. Returns what ends it. */
  onControl(listener: (runId: string, control: Control) => void): () => void;

  /** Waits for queued writes, then closes. */
  close(): Promise<void>;
}
