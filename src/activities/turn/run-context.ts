/** A run as the activities of this process know it: loaded once per epoch. */

import type { SwarmError } from '../../core/errors.js';
import type { GatePort } from '../../core/gate/port.js';
import type { EpochMs } from '../../core/model.js';
import { type RowTexts, rowTexts } from '../../core/row-texts.js';
import { knownRun } from '../../core/run-errors.js';
import { FirstRows } from '../../core/run-outlook.js';
import type { RunRow } from '../../store/port/store.js';
import type { ActivityDeps } from '../deps.js';
import { pendingOf } from '../phases/publication.js';
import { Suspicion } from './suspicion.js';
import type { TurnEnd } from './turn-end.js';

export interface RunContext {
  run: RunRow;
  gate: GatePort;
  /** Prompt of a row, and what else the task says of it. */
  fill(content: unknown): RowTexts;
  /** Base URL to send to. */
  apiBase: string;
  contextWindow: number | null;
  cancelSignal: AbortSignal;
  /** Whether what rows meet is their own, or wrong for all. */
  suspicion: Suspicion;
  /** The activity of a child is or was in this process: no turn begins ahead of the children any more. */
  childHere: boolean;
  /** Calls answered here, and their time, for the size of later runs' slices. */
  measured: { calls: number; ms: number };
  /** Calls that ended here, answered or not, and their time: how quick rows go, for the size of this run's slices. */
  ended: { calls: number; ms: number };
  /** Rows without an outcome, as far as this process knows. */
  left: number;
  firstRows: FirstRows;
  /** Set when the whole run was refused, or has no money for a next call: no turn of this epoch sends any more. */
  stop: (TurnEnd & { kind: 'stop' }) | null;
  /** A quota that is used up until a named time: no turn sends before it. */
  quota: (TurnEnd & { kind: 'wait' }) | null;
  /** Since when calls of the run get no answer of any kind; null while there are answers. */
  silentSince: EpochMs | null;
  /** Set when a disk failed under this epoch: no turn of it begins any more. */
  fault: SwarmError | null;
  /** Version of the control row that `run` was read with. */
  version: number;
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

  /** Keys that may change while a run goes on, such as its timeout, hold from the next call on. */
  async #upToDate(context: RunContext): Promise<RunContext> {
    const { store, gates } = this.#deps;
    if (gates.version(context.run.id) === context.version) return context;
    const run = await store.run(context.run.id);
    if (run) {
      context.run = run;
      // The gate reads weight and stagger from the task.
      context.gate = await gates.of(run);
    }
    context.version = gates.version(context.run.id);
    return context;
  }

  async #load(runId: string): Promise<RunContext> {
    const { store, gates, prices } = this.#deps;
    const run = await knownRun(store, runId);
    const { model } = run.task;
    const totals = await store.totals(runId);
    return {
      run,
      gate: await gates.of(run),
      fill: rowTexts(run.task),
      apiBase: await this.#deps.endpoint(model),
      contextWindow: prices.contextWindow(model),
      cancelSignal: gates.cancelSignal(runId),
      suspicion: new Suspicion(totals.calls > 0),
      childHere: false,
      measured: { calls: 0, ms: 0 },
      ended: { calls: 0, ms: 0 },
      left: pendingOf(totals),
      firstRows: new FirstRows((count) => store.firstRows(runId, count)),
      stop: null,
      quota: null,
      silentSince: null,
      fault: null,
      version: gates.version(runId),
    };
  }
}
