/** Inputs, results, Updates, signals and queries of the workflows. Plain JSON, one object each; shared with clients. */

import { defineSearchAttributeKey, type SearchAttributePair, SearchAttributeType } from '@temporalio/common';
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { StopCause, Usage } from '../core/model.js';
import { STATE_ATTRIBUTE, TAIL_SIGNAL } from '../core/names.js';
import type { Phase, Role } from '../core/phases.js';
import type { ResizeOptions } from '../core/resize.js';
import type { RowGrain } from '../core/slice-size.js';
import type { WatchRunResult } from './activity-messages.js';

export const RUN_WORKFLOW = 'swarmRun';

/** Type of the failure of a run's workflow whose run failed; its details are the RunSummary. */
export const RUN_FAILED = 'E_RUN_FAILED';

/** A workflow task that a dead worker holds goes to another one after this long; Temporal's default is 10 s. */
export const WORKFLOW_TASK_TIMEOUT = '5s';

export const runKey = defineSearchAttributeKey('SwarmRun', SearchAttributeType.KEYWORD);
export const modelKey = defineSearchAttributeKey('SwarmModel', SearchAttributeType.KEYWORD);
export const phaseKey = defineSearchAttributeKey('SwarmPhase', SearchAttributeType.KEYWORD);
/** Of a run alone: its state, as `swarm runs` tells it. */
export const stateKey = defineSearchAttributeKey(STATE_ATTRIBUTE, SearchAttributeType.KEYWORD);

/** Search attributes of a run and its children. Set when they start: an upsert would cost the server a visibility write. */
export function runAttributes(run: { run: string; model: string }): SearchAttributePair[] {
  return [
    { key: runKey, value: run.run },
    { key: modelKey, value: run.model },
  ];
}

/** How a run may be started. Other starters than plain Temporal stage first and pass the reference; what that gives is checked in openRun. */
export type RunInput =
  /** A staged run. */
  | { run: string }
  /** A task file under the host's task roots, owned by the host's user. */
  | { task: string; limit?: number; total?: number }
  /** Prompts in the input (they are then in the history); `model` as in worker_model, default `sim/quick`, of those that the host allows. */
  | { prompts: string[]; model?: string; apiBase?: string; apiKeyEnv?: string };

/** What a run's workflow returns. */
export interface RunSummary {
  run: string;
  epoch: number;
  state: 'completed' | 'capped' | 'paused' | 'interrupted' | 'cancelled' | 'failed';
  stop: StopCause | null;
  /** Why it stopped, for people; null when it completed or was cancelled. */
  message: string | null;
  counts: { total: number; ok: number; failed: number; filtered: number };
  usage: Usage;
  /** Null: nobody knows. */
  costUsd: number | null;
  outputDir: string;
}

/** What a phase needs of its role's model to plan with. Price and limits are no business of a workflow: who writes its input is not known. */
export interface PhaseUse {
  /** `provider/model`. */
  model: string;
  /** Queue of its turn activities. */
  queue: string;
  /** Deadline of one call, ms. */
  timeoutMs: number;
  /** Known mean call time, ms, or null. */
  callMs: number | null;
  /** Mean number of turns to plan with. */
  turns: number;
  /** Rows per child. */
  sliceSize: number | 'auto';
}

interface Begun {
  name: string;
  role: Role;
  use: PhaseUse;
}

/** A phase that has begun and maps items to children. */
export interface MapPhase extends Begun {
  kind: 'map';
  source: PhaseSource;
}

/** Positions 0..items are the indexes themselves (`range`), or places in the epoch's list of missing rows. */
export interface PhaseSource {
  kind: 'range' | 'list';
  items: number;
}

/** A phase that has begun and is one activity. */
export interface OncePhase extends Begun {
  kind: 'once';
  activity: string;
}

export type BegunPhase = MapPhase | OncePhase;

/** What openRun tells the workflow. */
export interface RunPlan {
  run: string;
  epoch: number;
  name: string;
  /** Run in order; publishing always comes last. */
  phases: Phase[];
  /** The first of them, which begins as the run is opened: no activity more for it. */
  first: BegunPhase;
  /** The rows that the epoch began with: those without an outcome. */
  rows: PhaseSource;
  /** Queue of the host that opened the run. */
  filesQueue: string;
  concurrency: number;
  paused: boolean;
  /** Where every row has a child of its own. Not in what older histories hold. @default ROW_GRAIN_BEFORE */
  rowGrain?: RowGrain;
  /** Worker processes that live as the run is opened; watchRun tells of more. Not in what older histories hold. @default 1 */
  processes?: number;
  /** Address of the run's folder, for the current details. */
  outputDir: string;
  /** True where SwarmState is registered: elsewhere the server would refuse it for ever. Not in what older histories hold. @default false */
  stateAttribute?: boolean;
}

/** Part of a phase, handed from the run to a lane and from one lane execution to the next. */
export interface LaneInput {
  plan: RunPlan;
  phase: MapPhase;
  root: string;
  lane: number;
  lanes: number;
  /** First position of what the lanes share. */
  from: number;
  /** Items of one block; lane i takes blocks i, i + lanes, ... */
  block: number;
  /** Next block of this lane, and items of it that were started. */
  cursor: { block: number; offset: number };
  sums: Sums;
  /** Mean time of the run's calls so far; null before the first is known. Not in what older histories hold. @default null */
  callMs?: number | null;
  paused: boolean;
  concurrency: number;
  /** Processes to plan children for. Not in what older histories hold. @default those of the plan */
  processes?: number;
  stop: StopCause | null;
}

/** What children report upwards. */
export interface Sums {
  ok: number;
  failed: number;
  filtered: number;
  usage: Usage;
}

export interface SeedInput {
  run: string;
  epoch: number;
  phase: MapPhase;
  index: number;
}

export interface SliceInput {
  run: string;
  epoch: number;
  phase: MapPhase;
  /** Positions from..to (exclusive). */
  from: number;
  to: number;
  /** Queue of the process that it is meant for. @default whoever takes it */
  queue?: string;
  /** Of the executions before this one. */
  sums?: Sums;
}

export interface ChildResult extends Sums {
  /** Set when the run must not start more: a cap, a refusal. */
  stop: StopCause | null;
  /** Mean call time seen, for the size of the next slices; null when no call was made. */
  callMs: number | null;
}

/** State of a run as its workflow sees it; the store has the live figures. */
export interface ProgressReply {
  run: string;
  epoch: number;
  /** `open` before the first one. */
  phase: string;
  /** Of the phase; null before the first one. */
  role: Role | null;
  paused: boolean;
  /** Rows that the phase goes over; 0 where it goes over none. */
  items: number;
  /** Children in flight. */
  inFlight: number;
  /** What finished children reported in this epoch. */
  sums: Sums;
  /** The store's counts as of the last 5 % step. */
  seen: WatchRunResult | null;
  stop: StopCause | null;
}

export const progressQuery = defineQuery<ProgressReply>('progress');
export const pauseUpdate = defineUpdate<void>('pause');
export const resumeUpdate = defineUpdate<void>('resume');
export const resizeUpdate = defineUpdate<void, [ResizeOptions]>('resize');

/** Run -> lanes -> children: the control row changed; waiting ends. */
export interface ControlNews {
  paused: boolean;
  concurrency: number;
}
export const controlSignal = defineSignal<[ControlNews]>('control');

/** Run -> lanes: some processes have no work, so more children may be in flight. */
export interface ProcessesNews {
  /** To plan children for; never fewer than before. */
  processes: number;
  /** Queues of those without work: the next slices are theirs. */
  idle: string[];
}
export const processesSignal = defineSignal<[ProcessesNews]>('processes');

/** Slice -> its parent: most of its rows are done, the others wait for retries. It needs no place in the window any more. */
export interface SliceTailNews {
  /** Workflow id of the slice. */
  child: string;
  /** Mean time of its calls so far; null when there were none. */
  callMs: number | null;
}
export const tailSignal = defineSignal<[SliceTailNews]>(TAIL_SIGNAL);
