/** Which workflows stay with the worker build that they began on, where workers belong to a deployment (`SWARM_WORKER_BUILD`). */
import type { WorkflowDefinitionOptions } from '@temporalio/common';
import { patched, workflowInfo } from '@temporalio/workflow';

/**
 * For workflows that end soon. Asked for when one begins: the server refuses every behaviour from a worker without a version, and its
 * deployment has no name then.
 */
export function pinnedWhereVersioned(): WorkflowDefinitionOptions {
  return workflowInfo().currentDeploymentVersion?.deploymentName ? { versioningBehavior: 'PINNED' } : {};
}

/**
 * True for runs and lanes that began since summaries name rows, a failed run fails its workflow, and its watcher is waited for. Asked once
 * at the start of an execution: one that began before does as it did, also where its history is replayed.
 */
export function tellsMore(): boolean {
  return patched('tells-more');
}
