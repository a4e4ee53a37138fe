/** Builds the parts of a worker process and runs its Temporal Workers. */
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { activityParts, createActivities } from '../activities/index.js';
import { CallEnds } from '../activities/turn/call-ends.js';
import type { Config } from '../config.js';
import { dayCap } from '../core/money/price.js';
import { filesQueue, MAIN_QUEUE, STATE_ATTRIBUTE, sliceQueue } from '../core/names.js';
import { createSdkAdapter } from '../llm/sdk-adapter.js';
import { ALL_WIRES } from '../llm/wires/all-wires.js';
import { createPrices } from '../pricing/prices.js';
import { stageInput } from '../runs/temporal-input.js';
import type { Store, WorkflowExecution } from '../store/port/store.js';
import { leaveCallContext, type TemporalConnectionSettings } from '../temporal-connection.js';
import { activityDeps, SimulatorEndpoint } from './activity-deps.js';
import { ProcessGates } from './gates/process-gates.js';
import { DeadOwners } from './owners/dead-owners.js';
import { Lease } from './owners/lease.js';
import { newIdentity } from './owners/process-identity.js';
import { processClock } from './process-clock.js';
import { RunFiles } from './run-files.js';
import { ModelQueues } from './temporal/model-queues.js';
import { installRuntime } from './temporal/runtime.js';
import { StateAttribute } from './temporal/state-attribute.js';
import { versionOptions, workerBasics } from './temporal/temporal-worker.js';

/** The workflow bundle that the build made; the SDK version that built it and the one that runs it are the same package set. */
const BUNDLE = fileURLToPath(new URL('../workflows/bundle.js', import.meta.url));
/** Activities in flight of the main queue (slices and bookkeeping of many runs) and of the files queue (their watchers). */
const MAIN_SLOTS = 1_000;
/** About 80 kB each: the workflows in flight of an embedded server, twice over. */
const CACHED_WORKFLOWS = 600;
/** A run does not wait for longer to learn which search attributes there are. */
const ASKED_MS = 5_000;
/** Pause between two questions that the server did not answer, in ms. */
const ASK_AGAIN_MS = 1_000;
/** Calls under way when the process is asked to stop get this long by default. */
const GRACE_MS = 30_000;

export interface WorkerOptions {
  config: Config;
  store: Store;
  /** Value of an API key by the name of its variable. */
  keys: (name: string) => string | undefined;
  /** Names the files queue. */
  homeId: string;
  /** Home that this process's calls are booked under; default homeId. */
  ownerHome?: string;
  log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
  graceMs?: number;
  /** Build of a worker deployment; default none, then it takes what has no version. */
  version?: Config['workerVersion'];
}

export interface WorkerHandle {
  /** Runs that have calls under way or waiting in this process, and ends of calls that wait for the store. */
  activeRuns(): Promise<number>;
  /** Takes no new work, gives calls under way `graceMs`, then ends. */
  shutdown(graceMs: number): Promise<void>;
  /** Resolves when the Workers have ended, asked or not. */
  ended: Promise<void>;
}

/** A worker that can make calls already; it takes work from Temporal once it is started. */
export interface PreparedWorker {
  /** Opens a run whose workflow was started and begins its first calls, ahead of Temporal. Returns at once. */
  opens(runId: string, workflow: WorkflowExecution): void;
  /** Makes the calls again that the run's last process died with. Returns at once; a paused run is left alone, here and in `goOn`. */
  makeAgain(runId: string): void;
  /** The same, and the rows behind them until Temporal brings the run's children. Its workflow is open. */
  goOn(runId: string): void;
  start(connection: TemporalConnectionSettings): Promise<WorkerHandle>;
  /** Instead of `start`, or when it failed. */
  discard(): Promise<void>;
}

/** Books the process as an owner and builds everything that needs no Temporal server. */
export async function prepareWorker(options: WorkerOptions): Promise<PreparedWorker> {
  const { config, store, keys, homeId, log } = options;
  const ownerHome = options.ownerHome ?? homeId;
  installRuntime(log);
  const owner = newIdentity();
  const clock = processClock();
  const onError = (error: unknown) => log.error({ err: error }, 'worker');

  const lease = new Lease({ store, owner: { id: owner, home: ownerHome, pid: process.pid }, clock, onError });
  await lease.start();
  lease.onLapse(() => log.warn({ owner }, 'the lease was lost and taken again: calls under way may have been taken for dead'));
  const gates = new ProcessGates(store, { clock, onError, lease });
  const callEnds = new CallEnds({ store, log });
  const adapter = createSdkAdapter(ALL_WIRES, { proxies: config.proxies });
  const prices = createPrices();
  const simulator = new SimulatorEndpoint();
  const files = new RunFiles({ store, home: config.home });
  let queues: ModelQueues | null = null;
  let deadOwners: DeadOwners | null = null;
  let stateAttribute: StateAttribute | null = null;
  let closed = false;

  const deps = activityDeps(
    {
      store,
      clock,
      gates,
      callEnds,
      adapter,
      prices,
      keys,
      owner,
      homeId,
      homeCap: dayCap(config),
      log,
      hasStateAttribute: async () => (await stateAttribute?.has()) ?? false,
      openQueue: async (queue) => await queues?.open(queue),
      stage: (input, workflowId) =>
        stageInput(
          {
            store,
            home: config.home,
            homeId,
            homeCapUsd: config.maxDailyCost?.usd ?? null,
            readKey: keys,
            taskRoots: config.taskRoots,
            inputs: config.temporalInputs,
          },
          input,
          workflowId,
        ),
      claim: (run) => files.claim(run),
      publish: (runId) => files.publish(runId),
      checkpoint: (runId) => files.checkpoint(runId),
      discardPartial: (runId) => files.discardPartial(runId),
    },
    simulator,
  );
  const parts = activityParts(deps);
  const activities = createActivities(deps, parts);

  async function start(settings: TemporalConnectionSettings): Promise<WorkerHandle> {
    const { namespace, ...connectionOptions } = settings;
    const connection = await NativeConnection.connect(connectionOptions);
    try {
      return await startOver(connection, namespace);
    } catch (error) {
      // It may be started again.
      await Promise.allSettled([deadOwners?.close(), queues?.close()]);
      await connection.close().catch(() => undefined);
      throw error;
    }
  }

  async function startOver(connection: NativeConnection, namespace: string): Promise<WorkerHandle> {
    deadOwners = new DeadOwners({ store, lease, clock, connection, namespace, log, onError });
    stateAttribute = new StateAttribute(
      () => hasAttribute(connection, namespace, STATE_ATTRIBUTE),
      () => clock.now(),
    );
    void stateAttribute.has();
    const basics = workerBasics({ connection, namespace, owner, store, graceMs: options.graceMs ?? GRACE_MS, clock, onError });
    queues = new ModelQueues({ basics, connection, store, activities });

    const { closeRun, watchRun, runTurn: _onModelQueues, ...onMain } = activities;
    const [main, filesWorker, ownSlices] = await Promise.all([
      Worker.create({
        ...basics.options(),
        ...versionOptions(options.version ?? null),
        connection,
        taskQueue: MAIN_QUEUE,
        workflowBundle: { codePath: BUNDLE },
        activities: onMain,
        maxConcurrentActivityTaskExecutions: MAIN_SLOTS,
        maxHeartbeatThrottleInterval: '5s',
        maxCachedWorkflows: CACHED_WORKFLOWS,
      }),
      Worker.create({
        ...basics.options(),
        connection,
        taskQueue: filesQueue(homeId),
        activities: { closeRun, watchRun },
        maxConcurrentActivityTaskExecutions: MAIN_SLOTS,
        // Live counts in the Web UI; the default would be 24 s.
        maxHeartbeatThrottleInterval: '5s',
      }),
      Worker.create({
        ...basics.options(),
        connection,
        taskQueue: sliceQueue(owner),
        activities: { runSlice: activities.runSlice },
        maxConcurrentActivityTaskPolls: 1,
        maxHeartbeatThrottleInterval: '5s',
      }),
    ]);
    // Nobody waits for this: until it is known, the dead are left to others.
    void belong(connection, namespace);
    const ended = Promise.all([
      basics.watch(main.run(), MAIN_QUEUE),
      basics.watch(filesWorker.run(), filesQueue(homeId)),
      basics.watch(ownSlices.run(), sliceQueue(owner)),
    ]).then(() => undefined);

    async function shutdown(graceMs: number): Promise<void> {
      gates.drain();
      await settled(() => gates.inFlight(), graceMs);
      for (const worker of [main, filesWorker, ownSlices]) if (worker.getState() === 'RUNNING') worker.shutdown();
      await Promise.all([queues?.close(), ended]);
      await close();
      await connection.close();
    }
    // A process that keeps answers in memory must not leave for being idle.
    return { activeRuns: async () => gates.busyRuns() + callEnds.count(), shutdown, ended };
  }

  /** Asked until it is answered: the server may die meanwhile. */
  async function belong(connection: NativeConnection, namespace: string): Promise<void> {
    while (!closed) {
      try {
        return await lease.belongsTo(await namespaceId(connection, namespace));
      } catch (error) {
        if (!closed) onError(error);
        await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
      }
    }
  }

  async function close(): Promise<void> {
    closed = true;
    await callEnds.close();
    gates.close();
    await deadOwners?.close();
    await Promise.allSettled([adapter.close(), simulator.close(), files.close()]);
    await lease.end();
  }

  return {
    opens: (runId, workflow) => parts.opening.ahead(runId, workflow),
    makeAgain: (runId) => parts.headStart.makeAgain(runId),
    goOn: (runId) => parts.headStart.goOn(runId),
    start,
    discard: async () => {
      gates.drain();
      await settled(() => gates.inFlight(), options.graceMs ?? GRACE_MS);
      await close();
    },
  };
}

/** Task tokens hold inside one namespace of one server: its id, which no other has. */
async function namespaceId(connection: NativeConnection, namespace: string): Promise<string> {
  const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace });
  return namespaceInfo?.id ?? '';
}

async function hasAttribute(connection: NativeConnection, namespace: string, name: string): Promise<boolean> {
  const asked = () => connection.operatorService.listSearchAttributes({ namespace });
  try {
    const { customAttributes } = await connection.withDeadline(Date.now() + ASKED_MS, asked);
    return customAttributes?.[name] !== undefined;
  } finally {
    leaveCallContext(connection);
  }
}

/** Waits until no call is under way, at most `graceMs`. */
async function settled(inFlight: () => number, graceMs: number): Promise<void> {
  const until = performance.now() + graceMs;
  while (inFlight() > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
}
