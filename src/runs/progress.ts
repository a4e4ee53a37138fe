/** One moment of a run, as everybody is told it. */
import type { Estimate } from '../core/estimate.js';
import type { Counts, FailureGroup, RunState, Usage } from '../core/model.js';
import type { Role } from '../core/phases.js';
import type { Standing } from './standing.js';

export interface SpendWarning {
  /** What asked for it. */
  key: 'warn_at' | 'SWARM_WARN_AT';
  message: string;
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

/** One moment of a run; everything comes from the store. */
export type Progress = RunFacts & Standing;

/** What is known of a run wherever it stands. */
interface RunFacts extends Counts {
  run: string;
  name: string;
  message: string | null;
  epoch: number;
  /** Step of the run that it is in, or was in last, and what its model does there; null before the first. */
  phase: string | null;
  role: Role | null;
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
  /** What was found of the provider's limits, for all processes and runs of this model and key; null before anything was. */
  found: FoundLimits | null;
  /** What the rows that are left will take, by the first rows of the run; null before those are done, and when none are left. */
  rest: Estimate | null;
  /** Time worked: without pauses, and without the time between the end of one start and the next. */
  workedMs: number;
  startedAt: number | null;
  /** How it was started. */
  origin: 'cli' | 'library' | 'http' | 'temporal';
  outputDir: string;
}

export interface ListOptions {
  states?: RunState[];
  limit?: number;
  /** Whether `rest` is worked out, which reads the first rows of each run; false: it is null. @default true */
  rest?: boolean;
}
