/** One moment of a run, as everybody is told it. */
import type { Estimate } from '../core/estimate.js';
import type { Counts, FailureGroup, RunState, Usage } from '../core/model.js';
import type { Role } from '../core/phases.js';
import type { Standing } from './standing.js';

/** An amount that was to be told of and is reached. */
export interface SpendWarning {
  /** What asked for it. */
  key: 'warn_at' | 'SWARM_WARN_AT';
  /** The same in words, with the amount. */
  message: string;
}

/** Limits of a provider as calls met them; null = no limit was met. */
export interface FoundLimits {
  /** Calls that the provider takes in a second, as it was found. */
  callsPerSecond: number | null;
  /** Calls that it takes at a time, as it was found. */
  callsInFlight: number | null;
  /** Share of calls refused whatever is sent, 0..1. */
  refusedAnyway: number;
  /** Epoch ms. */
  at: number;
}

/** One moment of a run; everything comes from the store. */
export type Progress = RunFacts & Standing;

/** What is known of a run wherever it stands. */
interface RunFacts extends Counts {
  /** Id of the run. */
  run: string;
  /** Name of its task. */
  name: string;
  /** What stopped it, in words, and where to go with it; null: nothing is to be said. */
  message: string | null;
  /** Which execution of the run this is, from 1: each going on after an end is the next. 0 before the first. */
  epoch: number;
  /** Step of the run that it is in, or was in last; null before the first. */
  phase: string | null;
  /** What its model does in that step; null before the first. */
  role: Role | null;
  /** Calls under way, at most `concurrency`. */
  inFlight: number;
  /** Answered. */
  calls: number;
  /** Calls that ended as real failures; those that were refused by a limit are not among them. */
  failedCalls: number;
  /** Calls that a limit or an overload refused: waits, no failures. */
  limited: number;
  /** Calls that may have been billed without an answer. */
  doubtful: number;
  /** Why rows failed, the most frequent cause first; empty while `running` in a handle's progress, where it would be counted at every look. */
  failures: FailureGroup[];
  /** Tokens of all answered calls. */
  usage: Usage;
  /** USD of all answered calls. Null when nobody knows what a call cost: its price is not known. */
  costUsd: number | null;
  /** USD that is reserved for open calls or charged for doubtful ones, on top of the cost; null when it is not known. */
  heldUsd: number | null;
  /** Cap of the run in USD; null: none. */
  maxCostUsd: number | null;
  /** USD that all runs of the day cost, against the cap of the day; null where no cap or warning of the day is set. */
  today: { costUsd: number; maxCostUsd: number | null } | null;
  /** Amounts that were to be told of and are reached. */
  warnings: SpendWarning[];
  /** Most calls in flight. */
  concurrency: number;
  /** True: the gate finds how many calls in flight are worth it; `concurrency` is the most. */
  auto: boolean;
  /** Most calls a minute, as the task or a resize says; null: no limit. */
  requestsPerMinute: number | null;
  /** Most tokens a minute, as the task or a resize says; null: no limit. */
  tokensPerMinute: number | null;
  /** What was found of the provider's limits, for all processes and runs of this model and key; null before anything was. */
  found: FoundLimits | null;
  /** What the rows that are left will take, by the first rows of the run; null before those are done, and when none are left. */
  rest: Estimate | null;
  /** Time worked in ms: without pauses, and without the time between the end of one start and the next. */
  workedMs: number;
  /** When its first epoch began, epoch ms; null before. */
  startedAt: number | null;
  /** How it was started. */
  origin: 'cli' | 'library' | 'http' | 'temporal';
  /** Its folder, an absolute path. */
  outputDir: string;
}

/** Which runs are listed. */
export interface ListOptions {
  /** Only those that stand there. @default all */
  states?: RunState[];
  /** The newest so many. @default all */
  limit?: number;
  /** Whether `rest` is worked out, which reads the first rows of each run; false: it is null. @default true */
  rest?: boolean;
}
