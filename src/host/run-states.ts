/** Keeps what the store says about runs true to Temporal: a workflow may be ended, or lost, without any activity that tells the store. */
import { EXIT } from '../core/errors.js';
import type { RunState } from '../core/model.js';
import { hasEnded } from '../core/run-end.js';
import type { Launcher } from '../runs/launch.js';
import type { Fate, RunWorkflow } from '../runs/run-fate.js';
import type { RunPatch, RunRow, Store } from '../store/port/store.js';
import { leaveCallContext, type RemembersCalls } from '../temporal-connection.js';
import { ClockSteps, type ClockStepsOptions } from './clock-steps.js';
import type { HostLog } from './log.js';

export interface RunStatesOptions {
  store: Pick<Store, 'run' | 'runs' | 'restRun' | 'updateRun'>;
  /** The launcher's. */
  connection: RemembersCalls;
  launcher: Pick<Launcher, 'startOrResume' | 'fate' | 'failureOf'> & ClockStepsOptions['launcher'];
  log: Pick<HostLog, 'info' | 'warn'>;
  /** True for the runs of this home: another home's Temporal may be another one. */
  isOf(run: RunRow): boolean;
  /** @default that of this process */
  clock?: ClockStepsOptions['clock'];
}

/** A look asks about each run that has not ended once; an answer takes about a millisecond. */
const LOOK_MS = 5_000;

/** A detached run whose rows are stored is started by its starter within this time; else the starter died in between. */
const STARTER_MS = 15_000;

/** States in which a run may wait for a workflow that is gone. */
const RESTING: readonly RunState[] = ['staged', 'paused', 'interrupted'];

type Ended = Exclude<Fate, { is: 'open' }>;

interface WithoutWorkflow {
  /** Of the run, when it was seen: `<state> <epoch>`. */
  seen: string;
  /** What was found: `<fate> <execution>`, and since when. */
  found: string;
  since: number;
  /** The run's row says all there is to say. */
  told: boolean;
}

export class RunStates {
  readonly #options: RunStatesOptions;
  /** Epochs that were started in place of their starter, `<run> <epoch>`: one that fails to open is not tried for ever. */
  readonly #startedLeft = new Set<string>();
  /** Resting runs that have no open workflow, by id. */
  #resting = new Map<string, WithoutWorkflow>();
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();
  #steps: ClockSteps | null = null;

  constructor(options: RunStatesOptions) {
    this.#options = options;
  }

  /** Looks now and every few seconds. The first look waits until its answers are stored; runs that rest can wait for the next. */
  async start(): Promise<void> {
    await this.look([]);
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
  async look(resting: readonly RunState[] = RESTING): Promise<void> {
    const { store, isOf, log, connection } = this.#options;
    try {
      for (const run of await store.runs({ states: ['running'] })) if (isOf(run)) await this.#lookAt(run);
      const known = new Map<string, WithoutWorkflow>();
      for (const run of await store.runs({ states: resting })) {
        const found = isOf(run) && !hasEnded(run) ? await this.#lookAtRest(run) : null;
        if (found !== null) known.set(run.id, found);
      }
      this.#resting = known;
    } catch (error) {
      log.warn({ err: error }, 'the states of the runs could not be compared with Temporal');
    } finally {
      leaveCallContext(connection);
    }
  }

  async #lookAt(seen: RunRow): Promise<void> {
    const { id, workflowId } = seen;
    if (workflowId === null) return;
    const { store, launcher, log } = this.#options;
    const fate = await launcher.fate(seen);
    if (fate.is === 'open') return;
    // Read after the answer: an end that the workflow's own last activity wrote is in it.
    const run = await store.run(id);
    if (run?.state !== 'running' || run.workflowId !== workflowId) return;
    if (fate.is === 'lost' && run.detached) {
      log.info(
        { run: id, workflow: workflowId },
        'Temporal does not know the workflow of a detached run: its next epoch is started',
      );
      await launcher.startOrResume(id);
      return;
    }
    const patch = await this.#truth(run, fate);
    // Calls under way may finish; no more are begun for a workflow that is gone.
    if (!(await store.restRun(id, workflowId, patch))) return;
    log.warn({ run: id, workflow: workflowId, state: patch.state }, patch.message ?? '');
  }

  /** Null while its workflow is open: somebody can let it go on. */
  async #lookAtRest(run: RunRow): Promise<WithoutWorkflow | null> {
    const { launcher, store, log } = this.#options;
    const seen = `${run.state} ${run.epoch}`;
    const before = this.#resting.get(run.id);
    if (before?.seen === seen && before.told) return before;
    const fate = await launcher.fate(run);
    if (fate.is === 'open') return null;
    const found = fate.is === 'lost' ? 'lost' : `${fate.is} ${fate.executionId}`;
    const same = before?.seen === seen && before.found === found;
    const now: WithoutWorkflow = { seen, found, since: same ? before.since : Date.now(), told: false };
    const unstarted = run.state === 'staged' && fate.is === 'lost';
    if (unstarted && run.detached) await this.#startLeft(run);
    // Whoever lets it go on may be about to: only what stays so is told.
    else if (same && (!unstarted || Date.now() - now.since >= STARTER_MS)) {
      now.told = true;
      const patch = await this.#truth(run, fate);
      // What interrupted it first says as well how it goes on.
      if (patch.state === run.state) return now;
      if (await store.updateRun(run.id, patch, [run.state])) log.warn({ run: run.id, state: patch.state }, patch.message ?? '');
    }
    return now;
  }

  /** Its rows are all there, and it was to go on by itself. An epoch happens once, should its starter be slow. */
  async #startLeft(run: RunRow): Promise<void> {
    const { launcher, log } = this.#options;
    // A time that is still to come was written before the clock was set back: it says nothing.
    const age = Date.now() - run.createdAt;
    if (age < STARTER_MS && age > -STARTER_MS) return;
    const epoch = `${run.id} ${run.epoch}`;
    if (this.#startedLeft.has(epoch)) return;
    log.info({ run: run.id }, 'a detached run was left by its starter: it is started');
    await launcher.startOrResume(run.id);
    this.#startedLeft.add(epoch);
  }

  /** What the run's row is to say of a workflow that has closed without saying it. */
  async #truth({ id, state }: RunRow, fate: Ended): Promise<RunPatch> {
    const goOn = `go on with: swarm resume ${id}`;
    const interrupted = (reason: 'user' | 'host', found: string): RunPatch => ({
      state: 'interrupted',
      reason,
      message: `${found}; ${goOn}`,
    });
    switch (fate.is) {
      case 'TERMINATED':
        return interrupted('user', `its workflow was terminated${await because(fate.workflow)}`);
      case 'TIMED_OUT':
        return interrupted('host', 'its workflow ran into a time limit of the cluster');
      case 'COMPLETED':
        return interrupted('host', 'its workflow has completed, but the store has no end of the run (an older copy of it?)');
      case 'lost':
        if (state === 'staged') return interrupted('host', 'its starter ended before it had started it');
        return interrupted('host', 'Temporal does not know its workflow any more (its database was lost?)');
      case 'CANCELLED':
        return { state: 'cancelled', reason: 'cancelled', message: 'its workflow was cancelled', endedAt: Date.now() };
      case 'FAILED': {
        const failure = await this.#options.launcher.failureOf(fate.workflow, id);
        // The store could not take it when it was met.
        if (failure?.exitCode === EXIT.diskWrite)
          return { state: 'paused', reason: 'disk', message: failure.message, endedAt: Date.now() };
        const why = failure?.problems.map(({ found }) => `: ${found}`).join('') ?? '';
        return { state: 'failed', reason: null, message: `its workflow failed${why}; ${goOn}`, endedAt: Date.now() };
      }
    }
  }
}

/** `: the words of whoever ended it`, as far as Temporal still has them. */
async function because(workflow: RunWorkflow): Promise<string> {
  const error = await workflow.result().then(
    () => null,
    (thrown: Error & { cause?: Error }) => thrown.cause,
  );
  return error?.message ? `: ${error.message}` : '';
}
