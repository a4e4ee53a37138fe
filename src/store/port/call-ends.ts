/** How calls end, as the store takes it down. */
import type { Answer } from '../../core/conversation/message.js';
import type { EpochMs, Finish, NanoUsd, Outcome, Usage } from '../../core/model.js';
import type { RunStop, StopScope } from '../../core/run-stop.js';
import type { ModelRef } from '../../schema/task-types.js';
import type { Attempt } from './store.js';

export interface Settlement extends Attempt {
  answer: Answer;
  finish: Finish;
  servedModel: string;
  usage: Usage | null;
  /** Null: nobody knows. */
  costNano: NanoUsd | null;
  at: EpochMs;
  /** Set when this answer ends the seed: recorded in the same transaction. */
  outcome?: Outcome;
}

/** What every end of a call without an answer has. */
export interface CallEndRecord extends Attempt {
  code: string;
  at: EpochMs;
  outcome?: Outcome;
  /** Set when it says that no other call will fare better: theirs stop in the same transaction. `model`: the one that was called. */
  stop?: RunStop & { of: StopScope; model: ModelRef };
}

/** An answer that is of no use (empty, an error within it) and says what it took. */
export interface Spent extends CallEndRecord {
  /** True when it counts as a real failure. */
  isTry: boolean;
  servedModel: string;
  usage: Usage | null;
  /** Null: nobody knows. */
  costNano: NanoUsd | null;
}

export interface Refusal extends CallEndRecord {
  /**
   * `limited`: 429, overload (not a try). `failed`: a sure refusal that is a real failure (a try). `refused`: key, billing or
   * another refusal of the whole run (not a try of the row). All release the reservation.
   */
  kind: 'limited' | 'failed' | 'refused';
}

export interface Doubt extends CallEndRecord {
  /** True for timeouts, resets, cut bodies: a try. False for crashes and cancels. */
  isTry: boolean;
}
