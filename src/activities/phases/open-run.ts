/** First activity of a run's workflow: bad input fails the workflow at once, with the message that the CLI prints. */

import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { EXIT, type ExitCode, SwarmError } from '../../core/errors.js';
import type { OpenRunResult } from '../../workflows/activity-messages.js';
import type { RunInput } from '../../workflows/messages.js';
import { withHeartbeat } from '../heartbeat.js';
import type { RunOpening } from './run-opening.js';

/** Nothing of this gets better by itself: bad input, a key, a folder that another run owns, a disk. */
const FINAL: readonly ExitCode[] = [EXIT.badInput, EXIT.refused, EXIT.locked, EXIT.diskWrite];

export function createOpenRun(opening: RunOpening) {
  return async function openRun(input: RunInput): Promise<OpenRunResult> {
    const activity = Context.current();
    const { workflowExecution } = activity.info;
    if (!workflowExecution) throw new Error('openRun runs in a workflow');
    const { workflowId, runId: executionId } = workflowExecution;
    try {
      return await withHeartbeat(
        activity,
        () => null,
        () => opening.open(input, { workflowId, executionId }),
      );
    } catch (error) {
      if (!SwarmError.is(error)) throw error;
      await opening.failed(executionId, error);
      throw ApplicationFailure.create({
        message: error.message,
        type: error.code,
        nonRetryable: FINAL.includes(error.exitCode),
        details: [{ problems: error.problems, exitCode: error.exitCode }],
      });
    }
  };
}
