/** Starts, resumes or joins the workflow of a staged run. */
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { EXIT, SwarmError } from '../core/errors.js';
import { OPEN_STATES, type RunState } from '../core/model.js';
import { MAIN_QUEUE, runWorkflowId } from '../core/names.js';
import type { ResizeOptions } from '../core/resize.js';
import { unknownRun } from '../core/run-errors.js';
import type { DayCap } from '../store/intent-port.js';
import type { RunRow, Store } from '../store/port.js';
import {
  pauseUpdate,
  RUN_WORKFLOW,
  type RunInput,
  type RunSummary,
  resizeUpdate,
  resumeUpdate,
  runAttributes,
  WORKFLOW_TASK_TIMEOUT,
} from '../workflows/messages.js';
import type { HostConnection } from './host-connection.js';
import { hasEnded } from './progress.js';

export type RunWorkflow = WorkflowHandle<(input: RunInput) => Promise<RunSummary>>;

/** What a host writes when it finds the workflow of a running run closed. */
const CLOSED_STATES: readonly RunState[] = ['interrupted', 'cancelled', 'failed'];

/** How long a workflow without a poller is waited for. */
const NO_WORKER_MS = 5_000;

export interface LaunchedFor {
  host?: Partial<Pick<HostConnection, 'opens' | 'goOn'>>;
  cap?: DayCap | null;
}

export class Launcher {
  readonly #client: Client;
  readonly #store: Store;
  readonly #host: Partial<Pick<HostConnection, 'opens' | 'goOn'>>;

  readonly #cap: DayCap | null;

  /**
   * `host` is told of what was started and of what was let go on, so that its calls need not wait for Temporal; it may fail. `cap`: that of
   * the starter for all runs of a day, which holds for every process that makes calls for a run that it starts or joins.
   */
  constructor(client: Client, store: Store, { host = {}, cap = null }: LaunchedFor = {}) {
    this.#client = client;
    this.#store = store;
    this.#host = host;
    this.#cap = cap;
  }

  handle(workflowId: string): RunWorkflow {
    return this.#client.workflow.getHandle(workflowId);
  }

  /** The run's workflow when it is open; null when it has closed, or Temporal does not know it any more. */
  async open(run: RunRow): Promise<RunWorkflow | null> {
    if (run.workflowId === null) return null;
    const handle = this.handle(run.workflowId);
    try {
      const { status } = await handle.describe();
      return status.name === 'RUNNING' ? handle : null;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    }
  }

  /** Joins the open workflow and lets it go on, or starts the run's next epoch. */
  async startOrResume(runId: string): Promise<RunWorkflow> {
    const run = await this.#store.run(runId);
    if (!run) throw unknownRun(runId);
    const open = await this.open(run);
    const control = await this.#store.control(runId);
    // A workflow whose epoch is published, or could not be, is about to close: it takes nothing on any more.
    if (open && !control.cancelled && run.publishedAt === null && !hasEnded(run)) {
      // Who joins a run that others started may only lower its cap.
      await this.#takeCap(runId, control.paused);
      if (control.paused) await this.resume(runId, open);
      return open;
    }
    // The next epoch comes after it, or after a cancel that is being carried out.
    if (open) await open.result().catch(() => undefined);
    await this.#stage(run);
    // Two may start a new run at once: the lower cap holds.
    await this.#takeCap(runId, run.epoch > 0);
    return await this.#start(run);
  }

  async #takeCap(runId: string, replace: boolean): Promise<void> {
    if (this.#cap !== null) await this.#store.takeStartCap(runId, this.#cap, replace);
  }

  /** Ready for its next epoch. */
  async #stage({ id, state }: RunRow): Promise<void> {
    if (state !== 'staged') {
      // Another starter may have been quicker: then its epoch is the one. A host may have said meanwhile how the last one ended.
      const from = [state, ...CLOSED_STATES];
      await this.#store.updateRun(id, { state: 'staged', reason: null, message: null, publishedAt: null, endedAt: null }, from);
    }
    // Read now that nobody pauses the run any more for how its last epoch ended.
    const { paused, cancelled } = await this.#store.control(id);
    if (paused || cancelled) await this.#store.setControl(id, { paused: false, cancelled: false });
  }

  async #start(run: RunRow): Promise<RunWorkflow> {
    const workflowId = runWorkflowId(run.id, run.epoch + 1);
    try {
      const started = await this.#client.workflow.start<(input: RunInput) => Promise<RunSummary>>(RUN_WORKFLOW, {
        taskQueue: MAIN_QUEUE,
        workflowId,
        args: [{ run: run.id }],
        // An epoch happens once, whoever else starts it at this moment.
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
        staticSummary: `${run.name}: ${run.total} rows on ${run.task.model.provider}/${run.task.model.model}`,
        typedSearchAttributes: runAttributes({ run: run.id, model: `${run.task.model.provider}/${run.task.model.model}` }),
        memo: { labels: run.task.labels, outputDir: run.outputDir, rows: run.total },
      });
      // Nobody waits for this: the workflow does the same.
      this.#host.opens?.(run.id, { workflowId, executionId: started.firstExecutionRunId }).catch(() => undefined);
      return started;
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return this.handle(workflowId);
      throw error;
    }
  }

  /** The control row stops calls at once; the Update stops the workflow from starting more children. */
  async pause(runId: string, open: RunWorkflow | null): Promise<void> {
    await this.#store.setControl(runId, { paused: true });
    await this.#store.updateRun(runId, { state: 'paused', reason: 'user' }, OPEN_STATES);
    if (open) await withinReach(open.executeUpdate(pauseUpdate));
  }

  async resume(runId: string, open: RunWorkflow): Promise<void> {
    await this.#store.setControl(runId, { paused: false });
    await this.#store.updateRun(runId, { state: 'running', reason: null, message: null }, OPEN_STATES);
    await this.#host.goOn?.(runId).catch(() => undefined);
    await withinReach(open.executeUpdate(resumeUpdate));
  }

  /** The control row is written already: the Update changes how many children there are. */
  async resize(open: RunWorkflow | null, changes: ResizeOptions): Promise<void> {
    if (open) await withinReach(open.executeUpdate(resizeUpdate, { args: [changes] }));
  }

  /** Throws E_NO_WORKER (exit 4) when nothing polls the main queue. */
  async needWorker(): Promise<void> {
    const until = Date.now() + NO_WORKER_MS;
    const request = { namespace: this.#client.options.namespace, taskQueue: { name: MAIN_QUEUE }, taskQueueType: 1 } as const;
    while (Date.now() < until) {
      const { pollers } = await this.#client.workflowService.describeTaskQueue(request);
      if (pollers && pollers.length > 0) return;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    throw new SwarmError(
      {
        code: 'E_NO_WORKER',
        found: `no worker polls the queue ${MAIN_QUEUE}; the run is stored and waits for one`,
        fix: 'start one with: swarm worker (cluster) or swarm start (this machine)',
      },
      EXIT.unreachable,
    );
  }
}

/** An Update needs a worker; without one the control row is what counts, and the workflow learns of it from its children. */
const UPDATE_MS = 5_000;

async function withinReach(update: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, UPDATE_MS);
  });
  const done = update.catch((error: unknown) => {
    // It closed in the meantime: nothing is left to pause or resume.
    if (!(error instanceof WorkflowNotFoundError) && !closedAmidUpdate(error)) throw error;
  });
  await Promise.race([done, late]).finally(() => clearTimeout(timer));
}

/** What the server says of an Update that a workflow had accepted when it closed (temporalio/temporal#6630). */
function closedAmidUpdate(error: unknown): boolean {
  if (!(error instanceof WorkflowUpdateFailedError)) return false;
  return error.cause instanceof ApplicationFailure && error.cause.type === 'AcceptedUpdateCompletedWorkflow';
}
