/** What the workflows ask of the activities, and what those answer: the contract between the two. Plain JSON, one object each. */
import type { StopCause, Usage } from '../core/model.js';
import type { ResizeOptions } from '../core/resize.js';
import type { BegunPhase, ControlNews, PhaseSource, ProcessesNews, RunInput, RunPlan, RunSummary } from './messages.js';

export interface CloseRunInput {
  run: string;
  epoch: number;
  stop: StopCause | null;
  /** Phases that were not gone through when it stopped, also where every row is done. @default 0 */
  phasesLeft?: number;
}

/** A phase of a run by its name. */
export interface PhaseInput {
  run: string;
  epoch: number;
  phase: string;
}

export interface BeginPhaseInput extends PhaseInput {
  /** Of the plan. */
  rows: PhaseSource;
}

export interface ListItemsInput {
  run: string;
  epoch: number;
  from: number;
  to: number;
}

export type OpenRunResult =
  | { kind: 'open'; plan: RunPlan }
  /** Nothing left to do: answered from the store. */
  | { kind: 'finished'; run: string; filesQueue: string };

export interface RowIdsInput {
  run: string;
  epoch: number;
  /** Positions are indexes (`range`), or places in the epoch's list of missing rows. */
  source: 'range' | 'list';
  /** In ascending order. */
  positions: number[];
}

export interface RunSliceInput {
  run: string;
  epoch: number;
  /** Absent in older histories. @default the first phase */
  phase?: string;
  from: number;
  to: number;
  source: 'range' | 'list';
  /** Workflow that started the slice's, to be told when only waiting rows are left. @default null, nobody */
  parent?: string | null;
}

export interface RunSliceResult {
  ok: number;
  failed: number;
  filtered: number;
  usage: Usage;
  /** Seeds without an outcome yet. */
  undone: number;
  /** When to send the slice again for them; null when none is undone. */
  waitUntil: number | null;
  /** The same as a time from now on, which no difference between two clocks changes; absent in older histories. */
  waitMs?: number | null;
  /** True when they wait for a resume. */
  paused: boolean;
  stop: StopCause | null;
  /** Mean time of the calls made here; null when there were none. */
  callMs: number | null;
}

export interface RunTurnInput {
  run: string;
  epoch: number;
  /** Absent in older histories. @default the first phase */
  phase?: string;
  index: number;
}

/** Facts only: no prompt, no answer. The same for a row's turn and for the activity of a once-phase. */
export type RunTurnResult =
  | { kind: 'go-on'; turn: number }
  | { kind: 'done'; status: 'ok' | 'failed' | 'filtered'; usage: Usage; callMs: number | null }
  /** `afterMs`: the same as a time from now on, which no difference between two clocks changes; absent in older histories. */
  | { kind: 'wait'; until: number; afterMs?: number; reason: string }
  | { kind: 'paused' }
  | { kind: 'stop'; cause: StopCause };

export interface WatchRunInput {
  run: string;
  epoch: number;
  /** Rows done when the details were last set. */
  shown: number;
  /** What the run waited for then; absent: only rows are news. */
  why?: string;
  /** Processes that children are planned for; absent in older histories: more of them are no news. */
  processes?: number;
}

/** Of ProcessesNews it holds something when processes live that have no work; older histories never do. */
export interface WatchRunResult extends Partial<ProcessesNews> {
  total: number;
  ok: number;
  failed: number;
  filtered: number;
  /** Null: nobody knows. */
  costUsd: number | null;
  /** Cap of the run; null = none. */
  maxCostUsd: number | null;
  calls: number;
  limited: number;
  doubtful: number;
  /** `nothing`, or the reason's name. */
  why: string;
  /** The same for people, and since when. */
  waitsFor: string;
  /** What the rows that are left will take; null before the first ones have shown it. */
  rest: string | null;
  /** What was found of the provider's limits. */
  found: string | null;
}

export interface WriteControlInput extends ResizeOptions {
  run: string;
  paused?: boolean;
  cancelled?: boolean;
}

/** All activities by name, as the workflows call them. */
export interface Activities {
  openRun(input: RunInput): Promise<OpenRunResult>;
  beginPhase(input: BeginPhaseInput): Promise<BegunPhase>;
  watchRun(input: WatchRunInput): Promise<WatchRunResult>;
  writeControl(input: WriteControlInput): Promise<ControlNews>;
  listItems(input: ListItemsInput): Promise<number[]>;
  rowIds(input: RowIdsInput): Promise<string[]>;
  runTurn(input: RunTurnInput): Promise<RunTurnResult>;
  runSlice(input: RunSliceInput): Promise<RunSliceResult>;
  closeRun(input: CloseRunInput): Promise<RunSummary>;
}
