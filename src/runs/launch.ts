/** Starts, resumes or joins the workflow of a staged run. */
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { EXIT, SwarmError } from '../core/errors.js';
import { plural } from '../core/format.js';
import { OPEN_STATES, type RunState } from '../core/model.js';
import { MAIN_QUEUE, modelName, runWorkflowId } from '../core/names.js';
import type { ResizeOptions } from '../core/resize.js';
import { hasEnded, isInterruptedByHost } from '../core/run-end.js';
import { knownRun } from '../core/run-errors.js';
import type { DayCap } from '../store/port/intents.js';
import type { RunRow, Store, WorkflowExecution } from '../store/port/store.js';
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
import { describedFate, type Fate, fateOf, type RunWorkflow, untilClosed } from './run-fate.js';
import { withinReach } from './updates.js';
import { workflowEnd } from './workflow-end.js';

/** What a host writes when it finds the workflow of a running run closed. */
const CLOSED_STATES: readonly RunState[] = ['interrupted', 'cancelled', 'failed'];

/** A pause that a person or a host's death made. */
export const RESTING: readonly RunState[] = ['paused', 'interrupted'];

/** How long a workflow without a poller is waited for. */
const NO_WORKER_MS = 5_000;

/** How long a workflow is waited for to open its epoch. Opening one takes some tens of milliseconds; a cluster may have no worker now. */
const OPENING_MS = 10_000;
const OPENING_LOOK_MS = 50;

/** Who makes the calls of this home: told ahead of Temporal, which takes longer to say it. */
export interface CallMaker {
  /** The run's workflow was started. */
  opens(runId: string, workflow: WorkflowExecution): Promise<unknown>;
  /** A run that rested was let go on. */
  goOn(runId: string): Promise<unknown>;
}

export interface LaunchedFor {
  host?: Partial<CallMaker>;
  cap?: DayCap | null;
}

export class Launcher {
  readonly #client: Client;
  readonly #store: Store;
  readonly #host: Partial<CallMaker>;

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

  /** What became of the run's latest workflow, or that one of its workflows is open. */
  fate(run: RunRow): Promise<Fate> {
    return fateOf(this.#client, run);
  }

  /** The run's workflow when it is open; null when it has closed, or Temporal does not know it any more. */
  async open(run: RunRow): Promise<RunWorkflow | null> {
    const fate = await this.fate(run);
    return fate.is === 'open' ? fate.workflow : null;
  }

  /** Joins the open workflow and lets it go on, or starts the run's next epoch. */
  async startOrResume(runId: string): Promise<RunWorkflow> {
    let run = await knownRun(this.#store, runId);
    const open = await this.open(run);
    const control = await this.#store.control(runId);
    // A workflow whose epoch is published, or could not be, is about to close: it takes nothing on any more.
    if (open && !control.cancelled && run.publishedAt === null && !hasEnded(run)) {
      // Who joins a run that others started may only lower its cap.
      await this.#takeCap(runId, control.paused);
      if (control.paused || RESTING.includes(run.state)) await this.resume(runId, open);
      // Who let it go on may have died before its workflow heard of it.
      else if (run.state === 'running') void this.#lookAgain(open).catch(() => undefined);
      return open;
    }
    if (open) {
      // The next epoch comes after it, or after a cancel that is being carried out.
      await untilClosed(open);
      run = await knownRun(this.#store, runId);
    }
    await this.#stage(run);
    // Two may start a new run at once: the lower cap holds.
    await this.#takeCap(runId, run.epoch > 0);
    return await this.#start(run);
  }

  /** As goOn, for a run that goes on by itself after its host died: one that was cancelled or has ended is left so. */
  async wake(runId: string): Promise<void> {
    const [run, { cancelled }] = await Promise.all([knownRun(this.#store, runId), this.#store.control(runId)]);
    if (!cancelled && !hasEnded(run)) await this.goOn(runId);
  }

  /** As startOrResume, and waits until the run is open. Throws why it could not be: a folder or disk that fails (exit 7), among others. */
  async goOn(runId: string): Promise<void> {
    const workflow = await this.startOrResume(runId);
    const closed = this.failureOf(workflow, runId);
    for (const until = performance.now() + OPENING_MS; performance.now() < until; ) {
      if ((await knownRun(this.#store, runId)).workflowId === workflow.workflowId) return;
      const end = await Promise.race([closed, new Promise<'open'>((resolve) => setTimeout(resolve, OPENING_LOOK_MS, 'open'))]);
      if (end === null) return;
      if (end !== 'open') throw end;
    }
  }

  /** Waits for a workflow's end: what it failed with, as the SwarmError it was; null when it did not fail, or that is not known any more. */
  async failureOf(workflow: RunWorkflow, runId: string): Promise<SwarmError | null> {
    return await workflow.result().then(
      () => null,
      (error: unknown) => workflowEnd(error, runId)?.failure ?? null,
    );
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

  /** An epoch happens once, whoever else starts it at this moment. A workflow that ended before it could open it does not count. */
  async #start(run: RunRow): Promise<RunWorkflow> {
    const started = await this.#startAs(run, 'REJECT_DUPLICATE');
    if (started !== null) return started;
    const workflow = this.handle(runWorkflowId(run.id, run.epoch + 1));
    const { is } = await describedFate(this.#client, workflow.workflowId);
    if (is === 'open' || is === 'lost' || (await knownRun(this.#store, run.id)).epoch > run.epoch) return workflow;
    return (await this.#startAs(run, 'ALLOW_DUPLICATE')) ?? workflow;
  }

  /** Null when there is such a workflow already. */
  async #startAs(run: RunRow, reuse: 'REJECT_DUPLICATE' | 'ALLOW_DUPLICATE'): Promise<RunWorkflow | null> {
    const workflowId = runWorkflowId(run.id, run.epoch + 1);
    try {
      const started = await this.#client.workflow.start<(input: RunInput) => Promise<RunSummary>>(RUN_WORKFLOW, {
        taskQueue: MAIN_QUEUE,
        workflowId,
        args: [{ run: run.id }],
        workflowIdReusePolicy: reuse,
        workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
        staticSummary: `${run.name}: ${plural(run.total, 'row')} on ${modelName(run.task.model)}`,
        typedSearchAttributes: runAttributes({ run: run.id, model: modelName(run.task.model) }),
        memo: { tags: run.task.tags, outputDir: run.outputDir, rows: run.total },
      });
      // Nobody waits for this: the workflow does the same.
      this.#host.opens?.(run.id, { workflowId, executionId: started.firstExecutionRunId }).catch(() => undefined);
      return started;
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
      throw error;
    }
  }

  /** The control row stops calls at once; the Update stops the workflow from starting more children. */
  async pause(runId: string, open: RunWorkflow | null): Promise<void> {
    await this.#store.setControl(runId, { paused: true });
    await this.#store.updateRun(runId, { state: 'paused', reason: 'user' }, OPEN_STATES);
    if (open) await withinReach(() => open.executeUpdate(pauseUpdate));
  }

  async resume(runId: string, open: RunWorkflow): Promise<void> {
    await this.#store.letGoOn(runId, OPEN_STATES);
    await this.#host.goOn?.(runId).catch(() => undefined);
    await withinReach(() => open.executeUpdate(resumeUpdate));
  }

  /**
   * After the death of a host that a run was going on with: goes on with it where its successor has interrupted it. One that rests for
   * another reason is left alone. May be done again and again, by several programs at once.
   */
  async goOnAfterDeath(runId: string): Promise<void> {
    const run = await knownRun(this.#store, runId);
    const interrupted = isInterruptedByHost(run);
    if (!interrupted && run.state !== 'running') return;
    const open = await this.open(run);
    if (open === null) {
      // Temporal lost it with the host. One that has closed meanwhile has said how it ended, and a cancel is not to be undone.
      if (interrupted && (await this.#waitsForHost(runId))) await this.startOrResume(runId);
      return;
    }
    // A person may pause it meanwhile.
    if (interrupted && !(await this.#store.letGoOn(runId, ['interrupted']))) return;
    await this.#host.goOn?.(runId).catch(() => undefined);
    await this.#lookAgain(open);
  }

  /** Read once its workflow is known to have closed: an end that its last activity wrote is in it. */
  async #waitsForHost(runId: string): Promise<boolean> {
    const [run, { cancelled }] = await Promise.all([knownRun(this.#store, runId), this.#store.control(runId)]);
    return isInterruptedByHost(run) && !cancelled;
  }

  /**
   * Its workflow tells its children what the control row says: they would rest for long on news that died with a host. It changes nothing,
   * so that it takes no pause back.
   */
  async #lookAgain(open: RunWorkflow): Promise<void> {
    await this.resize(open, {});
  }

  /**
   * The control row is written already: the Update changes how many children there are, and wakes rows that wait. It holds no caps: those
   * may only fall by an Update, since anybody may send one.
   */
  async resize(open: RunWorkflow | null, changes: ResizeOptions): Promise<void> {
    const { concurrency, requestsPerMinute, tokensPerMinute } = changes;
    const args: [ResizeOptions] = [
      {
        ...(concurrency === undefined ? {} : { concurrency }),
        ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
        ...(tokensPerMinute === undefined ? {} : { tokensPerMinute }),
      },
    ];
    if (open) await withinReach(() => open.executeUpdate(resizeUpdate, { args }));
  }

  /** Throws E_NO_WORKER (exit 4) when nothing polls the main queue. */
  async needWorker(): Promise<void> {
    const until = performance.now() + NO_WORKER_MS;
    const request = { namespace: this.#client.options.namespace, taskQueue: { name: MAIN_QUEUE }, taskQueueType: 1 } as const;
    while (performance.now() < until) {
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
