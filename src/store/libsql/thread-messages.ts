/** What crosses between the main thread and the writer thread. */
import { type ExitCode, type Problem, SwarmError } from '../../core/errors.js';
import type { Write } from '../sql/all-operations.js';

export interface ThreadData {
  file: string;
}

/** To the thread: all writes of one event-loop turn, or the end. */
export type ToWriter = { writes: (Write & { id: number })[] } | { close: true };

export type Failure = { problems: readonly Problem[]; exitCode: ExitCode } | { message: string; stack: string | undefined };

export type WriteResult = { id: number; value: unknown } | { id: number; failure: Failure };

/** From the thread: the results of a committed group. */
export interface FromWriter {
  results: WriteResult[];
}

export function packFailure(error: Error): Failure {
  if (SwarmError.is(error)) return { problems: error.problems, exitCode: error.exitCode };
  return { message: error.message, stack: error.stack };
}

export function unpackFailure(failure: Failure): Error {
  if ('problems' in failure) return new SwarmError(failure.problems, failure.exitCode);
  const error = new Error(failure.message);
  if (failure.stack !== undefined) error.stack = failure.stack;
  return error;
}
