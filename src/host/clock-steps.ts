/**
 * The clock of the system is set while runs go on. Gates and leases go by a steady clock; what goes by the wall is put right here: the time
 * that was worked on a run, and children that sleep in Temporal, whose timers are times of the wall.
 */

import type { SteadyClock } from '../core/clock.js';
import { formatDuration } from '../core/format.js';
import type { Launcher } from '../runs/launch.js';
import type { RunRow, Store } from '../store/port/store.js';
import { leaveCallContext, type RemembersCalls } from '../temporal-connection.js';
import { processClock } from '../worker/process-clock.js';
import type { HostLog } from './log.js';

export interface ClockStepsOptions {
  /** @default that of this process */
  clock?: Pick<SteadyClock, 'takeStep' | 'wall'> | undefined;
  store: Pick<Store, 'runs' | 'updateRun'>;
  launcher: Pick<Launcher, 'handle' | 'resize'>;
  /** The launcher's. */
  connection: RemembersCalls;
  log: Pick<HostLog, 'info' | 'warn'>;
  /** True for the runs of this home: each host looks after its own. */
  isOf(run: RunRow): boolean;
}

const LOOK_MS = 1_000;

export class ClockSteps {
  readonly #options: ClockStepsOptions;
  readonly #clock: NonNullable<ClockStepsOptions['clock']>;
  readonly #looker: NodeJS.Timeout;
  #work: Promise<void> = Promise.resolve();

  constructor(options: ClockStepsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? processClock();
    this.#looker = setInterval(() => this.#look(), LOOK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#looker);
    await this.#work;
  }

  #look(): void {
    const ms = this.#clock.takeStep();
    if (ms !== 0) this.#work = this.#work.then(() => this.#stepped(ms));
  }

  /** Never throws: nothing of it is needed for a run to go on in this process. */
  async #stepped(ms: number): Promise<void> {
    const { store, isOf, log, connection } = this.#options;
    log.warn({ ms }, `the clock of this machine was set ${ms < 0 ? 'back' : 'forward'} by ${formatDuration(Math.abs(ms))}`);
    try {
      for (const run of await store.runs({ states: ['running'] })) {
        if (!isOf(run)) continue;
        // It was worked on until now, as the old wall showed it, and is from now on, as the new one does.
        await store.updateRun(run.id, { state: 'running' }, ['running'], this.#clock.wall() - ms);
        // A timer that is set forward fires early, which does no harm.
        if (ms < 0) await this.#wake(run);
      }
    } catch (error) {
      log.warn({ err: error }, 'what goes by the clock could not be put right');
    } finally {
      leaveCallContext(connection);
    }
  }

  /** A resize of nothing: the run's children hear of it, and look again. */
  async #wake({ workflowId }: RunRow): Promise<void> {
    if (workflowId === null) return;
    const { launcher } = this.#options;
    await launcher.resize(launcher.handle(workflowId), {});
  }
}
