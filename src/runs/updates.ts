/** Updates of a run's workflow, which may have no worker for a moment, or be closing. */
import { isGrpcServiceError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';

/** An Update needs a worker; without one the control row is what counts, and the workflow learns of it from its children. */
const UPDATE_MS = 5_000;

const AGAIN_MS = 250;
/** Of gRPC. */
const FAILED_PRECONDITION = 9;

export async function withinReach(update: () => Promise<unknown>): Promise<void> {
  const until = performance.now() + UPDATE_MS;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, UPDATE_MS);
  });
  const done = async () => {
    for (;;) {
      try {
        return await update();
      } catch (error) {
        // It closed in the meantime: nothing is left to pause or resume.
        if (error instanceof WorkflowNotFoundError || closedAmidUpdate(error)) return;
        if (!isNotReady(error)) throw error;
        if (performance.now() >= until) return;
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  };
  await Promise.race([done(), late]).finally(() => clearTimeout(timer));
}

/** The server takes no Update while workers that held the workflow's task died three times in a row; the next worker mends that. */
function isNotReady(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return (
    isGrpcServiceError(cause) &&
    (cause.code as number) === FAILED_PRECONDITION &&
    /workflow task in failed state/i.test(cause.details)
  );
}

/** What the server says of an Update that a workflow had accepted when it closed (temporalio/temporal#6630). */
function closedAmidUpdate(error: unknown): boolean {
  if (!(error instanceof WorkflowUpdateFailedError)) return false;
  return error.cause instanceof ApplicationFailure && error.cause.type === 'AcceptedUpdateCompletedWorkflow';
}
