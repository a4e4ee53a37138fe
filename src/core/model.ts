/** The words of the design as plain-JSON types: what crosses folders, processes and the store. */

/** USD in nano-dollars (1e-9 USD), always a whole number. $1 = 1_000_000_000. */
export type NanoUsd = number;

/** Milliseconds since the Unix epoch. */
export type EpochMs = number;

/** Tokens of one or more calls. `input` includes `cached`; `output` includes `reasoning`. */
export interface Usage {
  /** Tokens of the prompts, cached ones among them. */
  input: number;
  /** Of these: from the provider's cache. */
  cached: number;
  /** Tokens of the answers, reasoning among them. */
  output: number;
  /** Of these: reasoning. */
  reasoning: number;
}

export const NO_USAGE: Usage = { input: 0, cached: 0, output: 0, reasoning: 0 };

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    input: a.input + b.input,
    cached: a.cached + b.cached,
    output: a.output + b.output,
    reasoning: a.reasoning + b.reasoning,
  };
}

/**
 * How a model ended its answer, one vocabulary for all providers; `length` is the output limit, `filter` the provider's filter or a refusal,
 * `pause`: the provider wants it back to go on.
 */
export type Finish = 'stop' | 'length' | 'filter' | 'tool' | 'pause' | 'error' | 'unknown';

/** Causes of a failed row, coarse enough to retry by (`swarm retry --cause`). */
export const FAILURE_CAUSES = [
  'refused', // the provider refused this row for good (4xx about the row)
  'content_filter', // the provider's filter, or a refusal of the model; `filtered` is a row that a rule of the task took out
  'truncated', // the answer hit the output limit and on_truncate is fail
  'empty', // an answer without text
  'transport', // connection, timeout, 5xx: tries used up
  'schema', // the answer is none of the labels, or does not meet the schema, also after max_repairs
  'too_long', // the prompt is over the context window: no call was made
  'finish', // an ending that we do not know
  'capped', // the next call could pass a cap of its row or call: none was made
] as const;
/** Why a row failed, coarse enough to retry by. */
export type FailureCause = (typeof FAILURE_CAUSES)[number];

/** A seed's terminal record. */
export interface Outcome {
  /** Position among the rows, from 0. */
  index: number;
  /** Id of the row: its own, or the one that was made from its content. */
  id: string;
  /** What became of it; `filtered`: a rule of the task took its answer out. */
  status: 'ok' | 'failed' | 'filtered';
  /** Why it failed, coarse enough to retry by; for failed rows alone. */
  cause?: FailureCause;
  /** `E_...`, set for failed rows. */
  code?: string;
  /** The same in words, for failed and filtered rows. */
  message?: string;
  /** How the model ended its last answer; null when no call was answered. */
  finish: Finish | null;
  /** Model that answered last, as the provider named it; null when no call was answered. */
  model: string | null;
  /** First turn (1-based) whose answer belongs to the output; the output is the join of the answers fromTurn..turns. */
  fromTurn: number;
  /** Number of answered turns. */
  turns: number;
  /** What an ok row came to, as JSON, where its task says what an answer must be. @default that text of the turns */
  outputJson?: string;
  /** Calls of the row that were answered or really failed; those that a limit refused were waits. 0: none was made. */
  attempts: number;
  /** Tokens of all its answered calls. */
  usage: Usage;
  /** Nano-USD (1e-9 USD) of all its answered calls. Null: nobody knows. */
  costNano: NanoUsd | null;
}

/** Failed rows of a run with one cause. */
export interface FailureGroup {
  /** What they failed with, as `swarm retry --cause` takes it. */
  cause: string;
  /** How many. */
  rows: number;
  /** The first of them. */
  example: {
    /** Id of the row. */
    id: string;
    /** Position among the rows, from 0. */
    index: number;
    /** A code of [rows that fail](errors.md#rows-that-fail). */
    code: string;
    /** The same in words. */
    message: string;
  };
}

/** Counts of a run, always adding up: total = ok + failed + filtered + pending. */
export interface Counts {
  /** Rows of the run. */
  total: number;
  /** Rows that are done. */
  ok: number;
  /** Rows that failed for good. */
  failed: number;
  /** Rows whose answer a rule of the task took out. */
  filtered: number;
}

export const RUN_STATES = [
  'staging', // seeds are being written
  'staged', // ready to start
  'running',
  'paused', // by a person, or by a refusal named in `reason`
  'interrupted', // the host died under an attached run
  'completed',
  'capped',
  'cancelled',
  'failed', // the whole run could not go on (bad request shape, our bug)
] as const;
/** Where a run stands. */
export type RunState = (typeof RUN_STATES)[number];

/** What a pause or a resume may change: an end is never taken back. */
export const OPEN_STATES: readonly RunState[] = ['staged', 'running', 'paused', 'interrupted'];

/** Why a run ended before all rows were done. */
export type StopCause =
  | 'capped'
  | 'billing'
  | 'key'
  | 'request'
  | 'systematic' // rows in a row failed alike (`pause_after`)
  | 'unreachable'
  | 'disk'
  | 'cancelled';
