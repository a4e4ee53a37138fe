/** Addresses in Temporal's Web UI. */
import { runWorkflowId } from '../core/names.js';
import type { RunRow } from '../store/port/store.js';

/** Of the run's workflow: the epoch under way or, until that is open, the one that was asked for. */
export function runAddress(uiUrl: string, namespace: string, run: Pick<RunRow, 'id' | 'state' | 'epoch' | 'workflowId'>): string {
  const next = run.workflowId === null || run.state === 'staged';
  const workflowId = next ? runWorkflowId(run.id, run.epoch + 1) : (run.workflowId as string);
  return `${uiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
}
