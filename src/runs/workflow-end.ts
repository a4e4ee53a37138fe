/** How a run's workflow ended, by what Temporal's SDK throws. */
import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { EXIT, type ExitCode, type Problem, SwarmError } from '../core/errors.js';
import { RUN_FAILED } from '../workflows/messages.js';
import { endedEarly } from './run-errors.js';

/** Null when the error says nothing about the workflow. `failure` is null when the run's state tells its end: cancelled, or forgotten. */
export function workflowEnd(error: unknown, runId: string): { failure: SwarmError | null } | null {
  if (error instanceof WorkflowFailedError) return { failure: failureOf(error, runId) };
  return error instanceof WorkflowNotFoundError ? { failure: null } : null;
}

/** The message that openRun failed the workflow with, as the SwarmError it was. */
function failureOf(error: WorkflowFailedError, runId: string): SwarmError | null {
  const { cause } = error;
  if (cause?.name === 'CancelledFailure') return null;
  const inner = cause?.cause instanceof ApplicationFailure ? cause.cause : cause;
  if (inner instanceof ApplicationFailure) {
    // Its last activity has told the store how it ended.
    if (inner.type === RUN_FAILED) return null;
    const [details] = (inner.details ?? []) as { problems?: readonly Problem[]; exitCode?: ExitCode }[];
    if (details?.problems) return new SwarmError(details.problems, details.exitCode ?? EXIT.badInput);
  }
  return endedEarly(runId, inner?.message ?? error.message, error);
}
