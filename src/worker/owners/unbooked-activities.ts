/**
 * Activities that Temporal had handed to a dead process in the moment before the store knew: found by asking the open workflows.
 * Without this each waits for its heartbeat timeout.
 */
import type { ConnectionLike } from '@temporalio/client';
import { MAIN_QUEUE } from '../../core/names.js';

/** An activity as Temporal names it without a task token. */
export interface ActivityPlace {
  workflowId: string;
  runId: string;
  activityId: string;
}

interface Place {
  workflowId: string;
  runId: string;
}

/** Of temporal.api.enums.v1, `PENDING_ACTIVITY_STATE_`: STARTED and CANCEL_REQUESTED. One that is to be cancelled was started, too. */
const HANDED_OUT: readonly (number | null | undefined)[] = [2, 3];
const AT_A_TIME = 32;
const PAGE = 1_000;

async function openWorkflows(connection: ConnectionLike, namespace: string, until: number): Promise<Place[]> {
  const query = `TaskQueue="${MAIN_QUEUE}" AND ExecutionStatus="Running"`;
  const { executions } = await connection.withDeadline(until, () =>
    connection.workflowService.listWorkflowExecutions({ namespace, query, pageSize: PAGE }),
  );
  return executions.map(({ execution }) => ({ workflowId: execution?.workflowId ?? '', runId: execution?.runId ?? '' }));
}

/**
 * To be called after the activities with a known token were returned. `isDead` says so of a process's Temporal identity. Calls that are not
 * answered at `until` (ms since the Unix epoch) end this with their error.
 */
export async function unbookedActivities(
  connection: ConnectionLike,
  namespace: string,
  isDead: (identity: string) => boolean,
  until: number,
): Promise<ActivityPlace[]> {
  const found: ActivityPlace[] = [];
  const seen = new Set<string>();
  // The list is a moment late: children that have just started are known to their parents.
  let level = await openWorkflows(connection, namespace, until);
  while (level.length > 0) {
    const next: Place[] = [];
    const look = async (execution: Place) => {
      const { pendingActivities, pendingChildren } = await connection.withDeadline(until, () =>
        connection.workflowService.describeWorkflowExecution({ namespace, execution }),
      );
      for (const { activityId, state, lastWorkerIdentity } of pendingActivities) {
        if (HANDED_OUT.includes(state) && isDead(lastWorkerIdentity ?? ''))
          found.push({ ...execution, activityId: activityId ?? '' });
      }
      for (const { workflowId, runId } of pendingChildren) next.push({ workflowId: workflowId ?? '', runId: runId ?? '' });
    };
    const unseen = level.filter(({ runId }) => !seen.has(runId));
    for (const { runId } of unseen) seen.add(runId);
    for (let from = 0; from < unseen.length; from += AT_A_TIME) await Promise.all(unseen.slice(from, from + AT_A_TIME).map(look));
    level = next;
  }
  return found;
}
