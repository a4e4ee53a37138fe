/** What Temporal says of a run's workflow: the one of its epoch, or the one that is to open the next. */
import { type Client, WorkflowFailedError, type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import { runWorkflowId } from '../core/names.js';
import type { RunRow } from '../store/port/store.js';
import type { RunInput, RunSummary } from '../workflows/messages.js';

export type RunWorkflow = WorkflowHandle<(input: RunInput) => Promise<RunSummary>>;

type Closed = 'COMPLETED' | 'CANCELLED' | 'FAILED' | 'TERMINATED' | 'TIMED_OUT';

interface Execution {
  workflow: RunWorkflow;
  /** Temporal's run id. */
  executionId: string;
}

/** What Temporal says of a run's workflow. `lost`: it has none, or none any more. */
export type Fate = ({ is: 'open' } & Execution) | ({ is: Closed } & Execution) | { is: 'lost' };

/**
 * Where a run's workflow may be, the latest last. The one that is to open the next epoch may be under way already, or have ended before it
 * could.
 */
function workflowIds({ id, state, epoch, workflowId }: RunRow): string[] {
  if (state === 'running' && workflowId !== null) return [workflowId];
  const next = runWorkflowId(id, epoch + 1);
  return workflowId === null || state === 'staged' ? [next] : [workflowId, next];
}

/** What became of the run's latest workflow, or that one of its workflows is open. */
export async function fateOf(client: Pick<Client, 'workflow'>, run: RunRow): Promise<Fate> {
  let latest: Fate = { is: 'lost' };
  for (const workflowId of workflowIds(run)) {
    const found = await describedFate(client, workflowId);
    if (found.is === 'open') return found;
    if (found.is !== 'lost') latest = found;
  }
  return latest;
}

export async function describedFate(client: Pick<Client, 'workflow'>, workflowId: string): Promise<Fate> {
  const workflow = client.workflow.getHandle(workflowId);
  try {
    const { status, runId: executionId } = await workflow.describe();
    if (status.name === 'RUNNING') return { is: 'open', workflow, executionId };
    return { is: status.name as Closed, workflow, executionId };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { is: 'lost' };
    throw error;
  }
}

/** Waits for its end, whatever that is. Throws when Temporal does not answer: then nobody knows. */
export async function untilClosed(open: RunWorkflow): Promise<void> {
  await open.result().catch((error: unknown) => {
    if (!(error instanceof WorkflowFailedError) && !(error instanceof WorkflowNotFoundError)) throw error;
  });
}
