/**
 * Reaching an activity through Temporal costs tens of milliseconds. Once a run's epoch is open, its first turns begin at once in
 * this process; the children's activities join them by single flight, or find them stored.
 */
import type { RunPlan } from '../workflows/messages.js';
import type { ActivityDeps } from './deps.js';
import { bySeed, historyOf } from './history.js';
import type { RunContexts } from './run-context.js';
import type { Turns } from './turn.js';

/** More than this many first calls are no matter of latency. */
const MOST = 300;

export class HeadStart {
  readonly #deps: ActivityDeps;
  readonly #contexts: RunContexts;
  readonly #turns: Turns;

  constructor(deps: ActivityDeps, contexts: RunContexts, turns: Turns) {
    this.#deps = deps;
    this.#contexts = contexts;
    this.#turns = turns;
  }

  /** Begins the first turns; nobody waits for them here, and what goes wrong is met again by the activities. */
  begin(plan: RunPlan): void {
    this.#begin(plan).catch((error: unknown) => this.#deps.log.warn({ err: error, run: plan.run }, 'no head start'));
  }

  async #begin(plan: RunPlan): Promise<void> {
    const { store } = this.#deps;
    const [phase] = plan.phases;
    if (!phase || plan.paused) return;
    const context = await this.#contexts.get(plan.run, plan.epoch);
    const count = Math.min(phase.source.items, plan.concurrency, MOST);
    const span =
      phase.source.kind === 'range' ? { from: 0, to: count } : { list: await store.items(plan.run, plan.epoch, 0, count) };
    const [seeds, calls] = await Promise.all([store.seeds(plan.run, span), store.calls(plan.run, span)]);
    const histories = bySeed(calls);
    await Promise.all(
      seeds.map((seed) => this.#turns.take(context, seed, historyOf(histories.get(seed.index) ?? [], plan.epoch))),
    );
  }
}
