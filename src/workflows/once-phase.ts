/** A phase of a run that is one activity, asked until it is done. */
import { condition } from '@temporalio/workflow';
import type { StopCause } from '../core/model.js';
import type { Role } from '../core/phases.js';
import type { OncePhase, RunPlan } from './messages.js';
import { onceActivity } from './proxies.js';
import type { PhaseRun } from './run-control.js';
import { NO_SUMS } from './sums.js';
import { untilEnded, WakeUp } from './wake-up.js';

export class OncePhaseRun implements PhaseRun {
  readonly #plan: RunPlan;
  readonly #phase: OncePhase;
  readonly #wake = new WakeUp();
  /** It goes over no rows. */
  readonly items = 0;
  readonly sums = NO_SUMS;
  inFlight = 0;
  stop: StopCause | null = null;

  constructor(plan: RunPlan, phase: OncePhase) {
    this.#plan = plan;
    this.#phase = phase;
  }

  get name(): string {
    return this.#phase.name;
  }

  get role(): Role {
    return this.#phase.role;
  }

  /** Returns why it stopped, or null when it is done. Throws what its activity failed with for good: it should return a stop instead. */
  async run(): Promise<StopCause | null> {
    let failed: unknown = null;
    this.inFlight = 1;
    this.#ask()
      .catch((error: unknown) => {
        failed = error;
      })
      .finally(() => {
        this.inFlight = 0;
      });
    // A condition, since waiting for the activity would not notice a cancel: it hears of that by the control row, which is still to be written.
    await condition(() => this.inFlight === 0);
    if (failed !== null) throw failed;
    return this.stop;
  }

  async #ask(): Promise<void> {
    const { run, epoch } = this.#plan;
    const { name, activity } = this.#phase;
    const ask = onceActivity(activity);
    const end = await untilEnded(() => ask({ run, epoch, phase: name }), this.#wake);
    if (end.kind === 'stop') this.stop = end.cause;
  }

  /** The activity reads the control row itself: it is asked again. */
  async tell(): Promise<void> {
    this.#wake.tell();
  }

  /** One conversation is one process's. */
  async raise(): Promise<void> {}

  async drain(): Promise<void> {
    await condition(() => this.inFlight === 0);
  }
}
