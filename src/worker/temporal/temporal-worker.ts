/** What all Temporal Workers of a process have in common. */
import type { WorkerDeploymentVersion } from '@temporalio/common';
import type { ActivityInterceptorsFactory, NativeConnection, WorkerOptions } from '@temporalio/worker';
import type { Clock } from '../../core/clock.js';
import type { Store } from '../../store/port/store.js';
import { leaveContexts } from './async-contexts.js';

/**
 * Options of the Worker that runs workflows. Seeds and slices end on the build that they began on (they are declared pinned); runs and lanes
 * go over to the deployment's current build with their next task, so that the older one has nothing left after a few minutes.
 * The Workers of models and files stay without a version: their queues are made at run time and belong to all builds.
 */
export function versionOptions(version: WorkerDeploymentVersion | null): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (version === null) return {};
  return { workerDeploymentOptions: { version, useWorkerVersioning: true, defaultVersioningBehavior: 'AUTO_UPGRADE' } };
}

export interface WorkerBasics {
  clock: Clock;
  onError(error: unknown): void;
  options(): Pick<
    WorkerOptions,
    'namespace' | 'identity' | 'interceptors' | 'shutdownGraceTime' | 'stickyQueueScheduleToStartTimeout'
  >;
  /** Resolves when the Worker has ended; an unexpected end is reported, not thrown. */
  watch(running: Promise<void>, queue: string): Promise<void>;
}

/**
 * Task tokens of running activities are in the store: when this process dies, its successor fails them at once
 * instead of waiting for the heartbeat to time out.
 */
export function taskTokens(store: Store, owner: string, onError: (error: unknown) => void): ActivityInterceptorsFactory {
  return (context) => ({
    inbound: {
      async execute(input, next) {
        const token = Buffer.from(context.info.taskToken).toString('base64');
        store.activityStarted(owner, token).catch(onError);
        try {
          return await next(input);
        } finally {
          store.activityEnded(token).catch(onError);
        }
      },
    },
  });
}

export function workerBasics(options: {
  connection: NativeConnection;
  namespace: string;
  owner: string;
  store: Store;
  graceMs: number;
  clock: Clock;
  onError(error: unknown): void;
}): WorkerBasics {
  const { connection, namespace, owner, store, graceMs, clock, onError } = options;
  return {
    clock,
    onError,
    options: () => ({
      namespace,
      identity: owner,
      interceptors: { activity: [taskTokens(store, owner, onError), leaveContexts(connection)] },
      shutdownGraceTime: graceMs,
      // After a worker died its workflows move to the others within a second.
      stickyQueueScheduleToStartTimeout: '1s',
    }),
    watch: async (running, queue) => {
      try {
        await running;
      } catch (error) {
        onError(new Error(`the worker of queue ${queue} ended`, { cause: error }));
      }
    },
  };
}
