/** Keeps what the store says about runs true to Temporal: a workflow may be ended, or lost, without any activity that tells the store. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Launcher } from '../client/launch.js';
import type { RunPatch, RunRow, Store } from '../store/port.js';
import { leaveCallContext, type RemembersCalls } from '../temporal-connection.js';
import { ClockSteps, type ClockStepsOptions } from './clock-steps.js';
import type { HostLog } from './log.js';

export interface RunStatesOptions {
  store: Pick<Store, 'run' | 'runs' | 'restRun' | 'updateRun'>;
  client: Pick<Client, 'workflow'>;
  /** The client's. */
  connection: RemembersCalls;
  launcher: Pick<Launcher, 'startOrResume'>;
  log: Pick<HostLog, 'info' | 'warn'>;
  /** True for the runs of this home: another home's Temporal may be another one. */
  isOf(run: RunRow): boolean;
  /** @default that of this process */
  clock?: ClockStepsOptions['clock'];
}

/** A look asks about each running run once; an answer takes about a millisecond. */
const LOOK_MS = 5_000;

/** A detached run whose rows are stored is started by its starter within this time; else the starter died in between. */
const STARTER_MS = 15_000;

/** Null while the workflow is open. `lost`: Temporal does not know it. */
type Closed = 'COMPLETED' | 'CANCELLED' | 'FAILED' | 'TERMINATED' | 'TIMED_OUT' | 'lost';

export class RunStates {
  readonly #options: RunStatesOptions;
  /** Epochs that were started in place of their starter, `<run> <epoch>`: one that fails to open is not tried for ever. */
  readonly #startedLeft = new Set<string>();
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();
  #steps: ClockSteps | null = null;

  constructor(options: RunStatesOptions) {
    this.#options = options;
  }

  /** Looks now and every few seconds. The first look waits until its answers are stored. */
  async start(): Promise<void> {
    await this.look();
    this.#steps = new ClockSteps(this.#options);
    this.#timer = setInterval(() => {
      this.#looking = this.#looking.then(() => this.look());
    }, LOOK_MS);
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#looking;
    await this.#steps?.stop();
  }

  /** Never throws: a server that is away is asked again. */
  async look(): Promise<void> {
    const { store, isOf, log, connection } = this.#options;
    try {
      for (const run of await store.runs({ states: ['running'] })) if (isOf(run)) await this.#lookAt(run);
      for (const run of await store.runs({ states: ['staged'] })) if (isOf(run)) await this.#startLeft(run);
    } catch (error) {
      log.warn({ err: error }, 'the states of the runs could not be compared with Temporal');
    } finally {
      leaveCallContext(connection);
    }
  }

  /** Its rows are all there, and it was to go on by itself. An epoch happens once, should its starter be slow. */
  async #startLeft(run: RunRow): Promise<void> {
    const { launcher, log } = this.#options;
    // A time that is still to come was written before the clock was set back: it says nothing.
    const age = Date.now() - run.createdAt;
    if (!run.detached || (age < STARTER_MS && age > -STARTER_MS)) return;
    const epoch = `${run.id} ${run.epoch}`;
    if (this.#startedLeft.has(epoch)) return;
    log.info({ run: run.id }, 'a detached run was left by its starter: it is started');
    await launcher.startOrResume(run.id);
    this.#startedLeft.add(epoch);
  }

  async #lookAt({ id, workflowId }: RunRow): Promise<void> {
    if (workflowId === null) return;
    const closed = await this.#closed(workflowId);
    if (closed === null) return;
    const { store, launcher, log } = this.#options;
    // Read after the answer: an end that the workflow's own last activity wrote is in it.
    const run = await store.run(id);
    if (run?.state !== 'running' || run.workflowId !== workflowId) return;
    if (closed === 'lost' && run.detached) {
      log.info(
        { run: id, workflow: workflowId },
        'Temporal does not know the workflow of a detached run: its next epoch is started',
      );
      await launcher.startOrResume(id);
      return;
    }
    const patch = await this.#truth(run, workflowId, closed);
    // Calls under way may finish; no more are begun for a workflow that is gone.
    if (!(await store.restRun(id, workflowId, patch))) return;
    log.warn({ run: id, workflow: workflowId, state: patch.state }, patch.message ?? '');
  }

  async #closed(workflowId: string): Promise<Closed | null> {
    try {
      const { status } = await this.#options.client.workflow.getHandle(workflowId).describe();
      return status.name === 'RUNNING' ? null : (status.name as Closed);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return 'lost';
      throw error;
    }
  }

  async #truth({ id }: RunRow, workflowId: string, closed: Closed): Promise<RunPatch> {
    const goOn = `go on with: swarm resume ${id}`;
    const interrupted = (reason: 'user' | 'host', found: string): RunPatch => ({
      state: 'interrupted',
      reason,
      message: `${found}; ${goOn}`,
    });
    switch (closed) {
      case 'TERMINATED':
        return interrupted('user', `its workflow was terminated${await this.#because(workflowId)}`);
      case 'TIMED_OUT':
        return interrupted('host', 'its workflow ran into a time limit of the cluster');
      case 'COMPLETED':
        return interrupted('host', 'its workflow has completed, but the store has no end of the run (an older copy of it?)');
      case 'lost':
        return interrupted('host', 'Temporal does not know its workflow any more (its database was lost?)');
      case 'CANCELLED':
        return { state: 'cancelled', reason: 'cancelled', message: 'its workflow was cancelled', endedAt: Date.now() };
      case 'FAILED':
        return {
          state: 'failed',
          reason: null,
          message: `its workflow failed${await this.#because(workflowId)}; ${goOn}`,
          endedAt: Date.now(),
        };
    }
  }

  /** `: the words of whoever ended it`, as far as Temporal still has them. */
  async #because(workflowId: string): Promise<string> {
    const error = await this.#options.client.workflow
      .getHandle(workflowId)
      .result()
      .then(
        () => null,
        (thrown: Error & { cause?: Error }) => thrown.cause,
      );
    return error?.message ? `: ${error.message}` : '';
  }
}
