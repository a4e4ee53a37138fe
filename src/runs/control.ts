/** What a person or a program may do to a run that is there: pause, resume, resize, cancel, retry. */
import { SwarmError } from '../core/errors.js';
import { OPEN_STATES } from '../core/model.js';
import { type ResizeOptions, resizedControl, resizeFault } from '../core/resize.js';
import { hasEnded } from '../core/run-end.js';
import { knownRun } from '../core/run-errors.js';
import { resizeProblem } from '../pricing/cap-problem.js';
import { createPrices } from '../pricing/prices.js';
import type { RunRow, Store } from '../store/port/store.js';
import type { Launcher } from './launch.js';
import { stillPaused, stillRunning } from './run-errors.js';

export interface ControlPorts {
  store: Store;
  /** Asks Temporal for something that may be done twice: it is, when the host dies under it. Throws E_TEMPORAL_UNREACHABLE (exit 4). */
  act<T>(work: (launcher: Launcher) => Promise<T>): Promise<T>;
  /** Sees that the run's key is where its calls are made. Throws E_KEY_MISSING, E_KEY_FORMAT (exit 5). */
  handKey(run: RunRow): Promise<void>;
}

/** Each throws E_RUN_UNKNOWN (exit 2). */
export class RunControl {
  readonly #runId: string;
  readonly #ports: ControlPorts;

  constructor(runId: string, ports: ControlPorts) {
    this.#runId = runId;
    this.#ports = ports;
  }

  /** Calls under way finish. A run that has ended is left alone. */
  async pause(): Promise<void> {
    await this.#ports.act(async (launcher) => {
      const run = await knownRun(this.#ports.store, this.#runId);
      if (!hasEnded(run)) await launcher.pause(this.#runId, await launcher.open(run));
    });
  }

  /** Lets it go on, or begins its next epoch. A completed run is left alone. */
  async resume(): Promise<void> {
    await this.#ports.act(async (launcher) => {
      const run = await knownRun(this.#ports.store, this.#runId);
      if (run.state === 'completed') return;
      await this.#ports.handKey(run);
      await launcher.goOn(this.#runId);
    });
  }

  /** Holds for all processes at once. Throws E_CLI_VALUE, and E_PRICE_UNKNOWN for a cap over a price that nobody knows (exit 2). */
  async resize(options: ResizeOptions): Promise<void> {
    const fault = resizeFault(options);
    // The control row is obeyed at once, so nothing may get there unchecked.
    if (fault) throw new SwarmError({ code: 'E_CLI_VALUE', found: `${fault.key} is ${fault.value}`, allowed: fault.allowed });
    const run = await knownRun(this.#ports.store, this.#runId);
    const { maxCost, maxCostPerCall, maxCostPerRow, maxDailyCost } = options;
    const unpriced = resizeProblem(run.task, createPrices(), [maxCost, maxCostPerCall, maxCostPerRow, maxDailyCost]);
    if (unpriced) throw new SwarmError(unpriced);
    await this.#ports.store.setControl(this.#runId, resizedControl(options));
    if (hasEnded(run)) return;
    await this.#ports.act(async (launcher) => await launcher.resize(await launcher.open(run), options));
  }

  /** What is done is published. A run that has ended is left alone. */
  async cancel(): Promise<void> {
    const { store, act } = this.#ports;
    await act(async (launcher) => {
      const run = await knownRun(store, this.#runId);
      if (hasEnded(run)) return;
      const { cancelRun } = await import('./end-epoch.js');
      await cancelRun({ store, launcher }, run, OPEN_STATES);
    });
  }

  /**
   * Failed rows (of one cause) are done again, in the run's next epoch. Returns how many. A run under way is waited for; with `wait: false`
   * that is E_LOCKED (exit 6). @default wait: true
   */
  async retry({ cause, wait = true }: { cause?: string; wait?: boolean }): Promise<number> {
    const { store, act, handKey } = this.#ports;
    const run = await knownRun(this.#ports.store, this.#runId);
    // A run under way does not look back: its next epoch takes the reopened rows.
    if (!hasEnded(run)) {
      if (run.state === 'paused') throw stillPaused(this.#runId);
      await act(async (launcher) => {
        const open = await launcher.open(run);
        if (open && !wait) throw stillRunning(this.#runId);
        // The death of a host is no end of the run: it is waited for through the next one.
        if (open) await (await import('./run-fate.js')).untilClosed(open);
      });
    }
    await act(() => handKey(run));
    const rows = (await store.reopenFailed(this.#runId, cause)) || (await this.#leftOpen());
    if (rows > 0) await act((launcher) => launcher.goOn(this.#runId));
    return rows;
  }

  /** Rows that were opened again for an epoch which could not be opened: the same retry goes on with them. */
  async #leftOpen(): Promise<number> {
    const { state, reason } = await knownRun(this.#ports.store, this.#runId);
    if (state !== 'staged' && state !== 'interrupted' && state !== 'failed' && reason !== 'disk') return 0;
    const { total, ok, failed, filtered } = await this.#ports.store.totals(this.#runId);
    return total - ok - failed - filtered;
  }
}
