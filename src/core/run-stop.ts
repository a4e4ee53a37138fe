/** Why all calls of a run stop by themselves, and when failed rows are no accident any more. Pure. */
import type { Outcome, StopCause } from './model.js';

export interface RunStop {
  cause: StopCause;
  /** For people; redacted. */
  message: string;
}

/** Whose calls stop: those of the run, of all running runs on its model, or of all that use its key. */
export type StopScope = 'run' | 'model' | 'key';

/** What may help, by the cause of the rows. */
const HELP: Partial<Record<NonNullable<Outcome['cause']>, string>> = {
  refused: 'the request has to change, or the model: the provider refuses it for every row',
  content_filter: 'the prompt has to change, or the model: its filter takes every row',
  truncated: 'raise worker_max_tokens, or set on_truncate: continue',
  empty: 'raise worker_max_tokens (a model that reasons may use all of them), or take another model',
  transport: 'look at the provider’s status page, and at worker_api_base',
  schema: 'ask for less in output_schema or labels, say more of it in the prompt, or take a model that keeps to it',
  too_long: 'shorten the prompt or the rows, or take a model with a larger window',
  finish: 'take another model, or look at what its server says of such an ending',
};

/** Rows that failed alike without one that was ok in between; null while they may be an accident, or are none of the provider's. */
export function systematicStop(rows: number, outcome: Outcome, pauseAfter: number | null): RunStop | null {
  if (pauseAfter === null || rows < pauseAfter) return null;
  const { id, cause, code, message } = outcome;
  const what = code ?? cause ?? 'failed';
  const help = cause === undefined ? undefined : HELP[cause];
  // What is wrong with an answer may quote it, and the message goes into the history of the workflow.
  const example = cause === 'schema' ? ', whose answer is in failed.jsonl' : `: ${message ?? what}`;
  const found = `${rows} rows in a row failed with ${what} and none was ok, such as row ${id}${example}`;
  const off = 'pause_after: never in the task lets it go on whatever fails';
  return { cause: 'systematic', message: [found, ...(help === undefined ? [] : [help]), off].join('; ') };
}

/** True for rows whose failing alike says that something is wrong for all: a cap of their own has done what it is for. */
export function mayBeSystematic({ status, cause }: Pick<Outcome, 'status' | 'cause'>): boolean {
  return status === 'failed' && cause !== 'capped';
}
