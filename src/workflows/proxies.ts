/** Every timeout and retry of the house in one view. */

import { ActivityCancellationType, type ActivityInterfaceFor, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import { MAIN_QUEUE } from '../core/names.js';
import type { Activities, PhaseInput, RunTurnResult } from './activity-messages.js';
import type { PhaseUse } from './messages.js';

type All = ActivityInterfaceFor<Activities>;

/**
 * Attempts are unlimited: what ends a row is decided from real failures in the store, never by Temporal.
 * Waits for a provider come back as results, so this policy only meets infrastructure failures.
 */
const retry = { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' } as const;

/** A worker that is silent this long is taken for dead. Its successor normally says so sooner, by task token. */
const HEARTBEAT = '30s';
/** Time at the gate and for storing, on top of a call's own deadline. */
const AROUND_A_CALL_MS = 120_000;
/** Calls of one slice come one after the other for a seed; this is patience, not a target. */
const SLICE_MS = 24 * 3_600_000;

export const { openRun } = proxyActivities<All>({
  taskQueue: MAIN_QUEUE,
  startToCloseTimeout: '1h',
  // A process that died while it staged a large file is replaced soon; the activity only waits for files and the store.
  heartbeatTimeout: '15s',
  // What it opened must be closed again.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry,
});

/** Short work at the store. One that was handed to a process in the moment of its death is handed out again after this. */
export const { writeControl } = proxyActivities<All>({ taskQueue: MAIN_QUEUE, startToCloseTimeout: '15s', retry });

export const { listItems } = proxyActivities<All>({ taskQueue: MAIN_QUEUE, startToCloseTimeout: '1m', retry });

/** A phase over many rows measures its first calls. */
export const { beginPhase } = proxyActivities<All>({ taskQueue: MAIN_QUEUE, startToCloseTimeout: '1m', retry });

/**
 * Inside of the workflow task: a look into the store that no child is to wait for longer than that. What fails is left out, so there is
 * no patience.
 */
export const { rowIds } = proxyLocalActivities<All>({ scheduleToCloseTimeout: '5s', retry: { maximumAttempts: 1 } });

/** Writes the partial output, so it runs where the files are. `waited`: a cancel is over when the activity is. */
export function watchActivity(queue: string, waited: boolean): All['watchRun'] {
  const { TRY_CANCEL, WAIT_CANCELLATION_COMPLETED } = ActivityCancellationType;
  return proxyActivities<All>({
    taskQueue: queue,
    startToCloseTimeout: '365d',
    heartbeatTimeout: HEARTBEAT,
    cancellationType: waited ? WAIT_CANCELLATION_COMPLETED : TRY_CANCEL,
    retry,
  }).watchRun;
}

/** Turns run on their model's own queue: its rate holds over all worker processes. */
export function turnActivity({ queue, timeoutMs }: PhaseUse): All['runTurn'] {
  return proxyActivities<All>({
    taskQueue: queue,
    startToCloseTimeout: timeoutMs + AROUND_A_CALL_MS,
    heartbeatTimeout: HEARTBEAT,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry,
  }).runTurn;
}

export const { runSlice } = proxyActivities<All>({
  taskQueue: MAIN_QUEUE,
  startToCloseTimeout: SLICE_MS,
  heartbeatTimeout: HEARTBEAT,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry,
});

type OnceActivity = (input: PhaseInput) => Promise<RunTurnResult>;

/** The activity of a once-phase, by its name. */
export function onceActivity(name: string): OnceActivity {
  const activities = proxyActivities<Record<string, OnceActivity>>({
    taskQueue: MAIN_QUEUE,
    startToCloseTimeout: SLICE_MS,
    heartbeatTimeout: HEARTBEAT,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry,
  });
  return activities[name] as OnceActivity;
}

/** A slice that is meant for one process. Should that be gone, the slice goes to whoever takes it: so no retry here. */
export function sliceActivity(queue: string): All['runSlice'] {
  return proxyActivities<All>({
    taskQueue: queue,
    scheduleToStartTimeout: '10s',
    startToCloseTimeout: SLICE_MS,
    heartbeatTimeout: HEARTBEAT,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { maximumAttempts: 1 },
  }).runSlice;
}

/** Files are the business of the host that opened the run. */
export function closeActivity(queue: string): All['closeRun'] {
  return proxyActivities<All>({ taskQueue: queue, startToCloseTimeout: '12h', heartbeatTimeout: '60s', retry }).closeRun;
}
