/** A run's handlers: pause, resume, resize, progress. Handlers are registered before the first await. */

import { ApplicationFailure, allHandlersFinished, condition, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { WatchRunResult } from '../activities/watch-run.js';
import { RESIZE_LIMITS } from '../core/resize.js';
import { currentDetails, endDetails } from './details.js';
import type { MapPhaseRun } from './map-phase.js';
import {
  type ControlNews,
  type ProcessesNews,
  type ProgressReply,
  pauseUpdate,
  progressQuery,
  type RunPlan,
  type RunSummary,
  resizeUpdate,
  resumeUpdate,
} from './messages.js';
import { writeControl } from './proxies.js';
import { NO_SUMS } from './sums.js';

export class RunControl {
  news: ControlNews = { paused: false, concurrency: 1 };
  phase: MapPhaseRun | null = null;
  /** To plan children for; never fewer than before. */
  processes = 1;
  #plan: RunPlan | null = null;
  /** Counts of the store, as of the last 5 % step. */
  #seen: WatchRunResult | null = null;
  #closing = false;

  constructor() {
    setHandler(pauseUpdate, () => this.#write({ paused: true }), {
      description: 'Stops new calls; those under way are finished.',
    });
    setHandler(resumeUpdate, () => this.#write({ paused: false }), { description: 'Goes on after a pause.' });
    setHandler(resizeUpdate, (size) => this.#write(size), {
      description: `Changes concurrency, ${RESIZE_LIMITS.join(', ')} (money in USD).`,
      validator: (size) => {
        if (size.concurrency !== undefined && !(Number.isInteger(size.concurrency) && size.concurrency > 0))
          refuse('concurrency');
        for (const key of RESIZE_LIMITS) {
          const value = size[key];
          if (value !== undefined && value !== null && !(Number.isFinite(value) && value > 0)) refuse(key);
        }
      },
    });
    setHandler(progressQuery, () => this.#progress());
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
    if (this.#plan !== null) setCurrentDetails(endDetails(this.#plan, summary));
  }

  #show(): void {
    if (this.#plan === null || this.#seen === null) return;
    setCurrentDetails(currentDetails(this.#plan, this.phase?.name ?? 'open', this.news.paused, this.#seen));
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
    this.news = await writeControl({ run, ...change });
    this.#show();
    await this.phase?.tell(this.news);
  }

  #progress(): ProgressReply {
    return {
      run: this.#plan?.run ?? '',
      epoch: this.#plan?.epoch ?? 0,
      phase: this.phase?.name ?? 'open',
      paused: this.news.paused,
      items: this.phase?.items ?? 0,
      inFlight: this.phase?.inFlight ?? 0,
      sums: this.phase?.sums ?? NO_SUMS,
      seen: this.#seen,
      stop: this.phase?.stop ?? null,
    };
  }
}

function refuse(key: string): never {
  throw ApplicationFailure.nonRetryable(`${key} must be a positive number`, 'E_CLI_VALUE');
}
