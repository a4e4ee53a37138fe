/** A run's handlers: pause, resume, resize, progress. Handlers are registered before the first await. */

import {
  ActivityFailure,
  ApplicationFailure,
  allHandlersFinished,
  condition,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { StopCause } from '../core/model.js';
import type { Role } from '../core/phases.js';
import { RESIZE_CAPS, RESIZE_LIMITS, type ResizeOptions, resizeFault } from '../core/resize.js';
import type { WatchRunResult } from './activity-messages.js';
import { currentDetails, endDetails } from './details.js';
import {
  type BegunPhase,
  type ControlNews,
  type ProcessesNews,
  type ProgressReply,
  pauseUpdate,
  progressQuery,
  type RunPlan,
  type RunSummary,
  resizeUpdate,
  resumeUpdate,
  type Sums,
  stateKey,
} from './messages.js';
import { writeControl } from './proxies.js';
import { NO_SUMS } from './sums.js';

const RESIZE_KEYS: readonly string[] = ['concurrency', ...RESIZE_LIMITS];

/** A phase under way, as the run's handlers know it. */
export interface PhaseRun {
  readonly name: string;
  readonly role: Role;
  readonly items: number;
  readonly inFlight: number;
  readonly sums: Sums;
  readonly stop: StopCause | null;
  tell(news: ControlNews): Promise<void>;
  raise(news: ProcessesNews): Promise<void>;
  /** Waits for what is in flight, after a stop or a cancel. */
  drain(): Promise<void>;
}

export class RunControl {
  news: ControlNews = { paused: false, concurrency: 1 };
  phase: PhaseRun | null = null;
  /** Phases that have begun, the last one is under way or was. */
  readonly begun: BegunPhase[] = [];
  /** To plan children for; never fewer than before. */
  processes = 1;
  #plan: RunPlan | null = null;
  /** Counts of the store, as of the last 5 % step. */
  #seen: WatchRunResult | null = null;
  #closing = false;
  readonly #tellsMore: boolean;
  /** As SwarmState has it. */
  #state: RunSummary['state'] | 'running' | null = null;

  /** `tellsMore`: see versioning.ts. */
  constructor(tellsMore: boolean) {
    this.#tellsMore = tellsMore;
    setHandler(pauseUpdate, () => this.#write({ paused: true }), {
      description: 'Stops new calls; those under way are finished.',
    });
    setHandler(resumeUpdate, () => this.#write({ paused: false }), { description: 'Goes on after a pause.' });
    setHandler(resizeUpdate, (size) => this.#write(size), {
      description: `Changes ${RESIZE_KEYS.join(', ')} (money in USD; a cap may only fall).`,
      validator: checkSize,
    });
    setHandler(progressQuery, () => this.#progress(), {
      description: 'Phase, children in flight, what they reported, and the counts of the store as of the last 5 % step.',
    });
  }

  opened(plan: RunPlan): void {
    this.#plan = plan;
    this.news = { paused: plan.paused, concurrency: plan.concurrency };
    this.processes = plan.processes ?? 1;
  }

  saw(seen: WatchRunResult): void {
    this.#seen = seen;
    this.#show();
  }

  /** Some processes have no work: children are planned for more. */
  async raise(news: ProcessesNews): Promise<void> {
    this.processes = news.processes;
    await this.phase?.raise(news);
  }

  ended(summary: RunSummary): void {
    if (this.#plan === null) return;
    setCurrentDetails(endDetails(this.#plan, this.begun, summary));
    this.#tell(summary.state);
  }

  /** True when the run ends: nothing is watched any more. */
  get closing(): boolean {
    return this.#closing;
  }

  begins(phase: BegunPhase, run: PhaseRun): void {
    this.begun.push(phase);
    this.phase = run;
    this.#show();
  }

  /** True when the run is over as soon as its last row is done: nothing comes after this phase. */
  get endsWithRows(): boolean {
    return this.begun.at(-1)?.kind === 'map' && this.begun.length === this.#plan?.phases.length;
  }

  /** The run is open, or its control row has changed. */
  tellState(): void {
    this.#tell(this.news.paused ? 'paused' : 'running');
  }

  /** An attribute that is not registered would be refused for ever, and with it the workflow task. */
  #tell(state: RunSummary['state'] | 'running'): void {
    if (!this.#tellsMore || this.#plan?.stateAttribute !== true || this.#state === state) return;
    this.#state = state;
    upsertSearchAttributes([{ key: stateKey, value: state }]);
  }

  #show(): void {
    if (this.#plan === null || this.#seen === null) return;
    setCurrentDetails(currentDetails(this.#plan, this.begun.at(-1) ?? null, this.news.paused, this.#seen));
  }

  async drain(): Promise<void> {
    await this.phase?.drain();
  }

  /** Nothing is left to control: the state of the run is closeRun's to write from now on. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.settled();
  }

  /** Waits for handlers that are still at work. */
  async settled(): Promise<void> {
    await condition(allHandlersFinished);
  }

  async #write(change: Omit<Parameters<typeof writeControl>[0], 'run'>): Promise<void> {
    // An Update may arrive while openRun is under way.
    await condition(() => this.#plan !== null);
    if (this.#closing) return;
    const { run } = this.#plan as RunPlan;
    this.news = await writeControl({ ...change, run }).catch(refusal);
    this.#show();
    if (!this.#closing) this.tellState();
    await this.phase?.tell(this.news);
  }

  #progress(): ProgressReply {
    return {
      run: this.#plan?.run ?? '',
      epoch: this.#plan?.epoch ?? 0,
      phase: this.phase?.name ?? 'open',
      role: this.phase?.role ?? null,
      paused: this.news.paused,
      items: this.phase?.items ?? 0,
      inFlight: this.phase?.inFlight ?? 0,
      sums: this.phase?.sums ?? NO_SUMS,
      seen: this.#seen,
      stop: this.phase?.stop ?? null,
    };
  }
}

/** Before it is in the history. What depends on the control row is looked at where that is written. */
function checkSize(size: ResizeOptions): void {
  const given: unknown = size;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) refuse('resize takes one object');
  const strange = Object.keys(given).find((key) => !RESIZE_KEYS.includes(key));
  if (strange !== undefined) refuse(`resize has no ${strange.slice(0, 80)}; it takes ${RESIZE_KEYS.join(', ')}`);
  const fault = resizeFault(size);
  if (fault) refuse(`${fault.key} must be ${fault.allowed}`);
  const lost = RESIZE_CAPS.find((key) => size[key] === null);
  if (lost !== undefined)
    refuse(`an Update may lower ${lost}, not take it away: the user of the host may, with swarm resize`, 'E_CAP_RAISED');
}

function refuse(message: string, code = 'E_CLI_VALUE'): never {
  throw ApplicationFailure.nonRetryable(message, code);
}

/** What the activity refused is what the sender of the Update is to read, not that an activity failed. */
function refusal(error: unknown): never {
  if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) throw error.cause;
  throw error;
}
