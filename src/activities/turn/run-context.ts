/** A run as the activities of this process know it: loaded once per epoch. */

import type { SwarmError } from '../../core/errors.js';
import { phaseNamed, TASK_PHASES } from '../../core/phases.js';
import { knownRun } from '../../core/run-errors.js';
import { FirstRows } from '../../core/run-outlook.js';
import type { RunRow } from '../../store/port/store.js';
import type { ActivityDeps } from '../deps.js';
import { pendingOf } from '../phases/publication.js';
import { PhaseContext } from './phase-context.js';
import type { TurnEnd } from './turn-end.js';

export interface RunContext {
  run: RunRow;
  cancelSignal: AbortSignal;
  /** Rows without an outcome, as far as this process knows. */
  left: number;
  firstRows: FirstRows;
  /** Set when the whole run was refused, or has no money for a next call: no turn of this epoch sends any more. */
  stop: (TurnEnd & { kind: 'stop' }) | null;
  /** Set when a disk failed under this epoch: no turn of it begins any more. */
  fault: SwarmError | null;
  /** Version of the control row that `run` was read with. */
  version: number;
  /** Those that had work here, by name. */
  phases: Map<string, Promise<PhaseContext>>;
}

/** How many runs one process keeps at hand. */
const KEPT = 200;

export class RunContexts {
  readonly #contexts = new Map<string, Promise<RunContext>>();
  readonly #deps: ActivityDeps;

  constructor(deps: ActivityDeps) {
    this.#deps = deps;
  }

  /** Throws E_RUN_UNKNOWN. */
  async get(runId: string, epoch: number): Promise<RunContext> {
    const key = `${runId}/e${epoch}`;
    const known = this.#contexts.get(key);
    if (known !== undefined) {
      const context = await known;
      if (this.#deps.gates.knows(runId)) return await this.#upToDate(context);
      // The gates forgot a run that rested long.
      if (this.#contexts.get(key) === known) this.#contexts.delete(key);
      return await this.get(runId, epoch);
    }
    const loading = this.#load(runId);
    this.#contexts.set(key, loading);
    loading.catch(() => this.#contexts.delete(key));
    const oldest = this.#contexts.keys().next().value;
    if (this.#contexts.size > KEPT && oldest !== undefined) this.#contexts.delete(oldest);
    return await loading;
  }

  /** `name`: of the phase; absent in what older versions asked for: the first. Throws E_RUN_UNKNOWN. */
  async phase(runId: string, epoch: number, name?: string): Promise<PhaseContext> {
    const context = await this.get(runId, epoch);
    const { phases } = context;
    const wanted = name ?? phaseNamed((this.#deps.phases ?? TASK_PHASES).phasesOf(context.run.task), name).name;
    const known = phases.get(wanted);
    if (known !== undefined) return await known;
    const loading = PhaseContext.load(this.#deps, context, wanted);
    phases.set(wanted, loading);
    loading.catch(() => phases.delete(wanted));
    return await loading;
  }

  /** Keys that may change while a run goes on, such as its timeout, hold from the next call on. */
  async #upToDate(context: RunContext): Promise<RunContext> {
    const { store, gates } = this.#deps;
    if (gates.version(context.run.id) === context.version) return context;
    const run = await store.run(context.run.id);
    if (run) {
      context.run = run;
      // The gates read weight and stagger from the task.
      await gates.join(run);
    }
    context.version = gates.version(context.run.id);
    return context;
  }

  async #load(runId: string): Promise<RunContext> {
    const { store, gates } = this.#deps;
    const run = await knownRun(store, runId);
    const totals = await store.totals(runId);
    await gates.join(run);
    return {
      run,
      cancelSignal: gates.cancelSignal(runId),
      left: pendingOf(totals),
      firstRows: new FirstRows((count) => store.firstRows(runId, count)),
      stop: null,
      fault: null,
      version: gates.version(runId),
      phases: new Map(),
    };
  }
}
