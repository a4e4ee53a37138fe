/**
 * Reaching an activity through Temporal costs tens of milliseconds, and seconds after a restart: its server comes up, workflow tasks
 * of the dead worker time out, histories are replayed. So the first turns of a run begin at once in this process; the children's
 * activities join them by single flight, or find them stored.
 */
import type { Indexes } from '../store/port.js';
import type { RunPlan } from '../workflows/messages.js';
import type { ActivityDeps } from './deps.js';
import { bySeed, historyOf } from './history.js';
import type { RunContext, RunContexts } from './run-context.js';
import type { Turns } from './turn.js';

/** More than this many first calls are no matter of latency. */
const MOST = 300;

export class HeadStart {
  readonly #deps: ActivityDeps;
  readonly #contexts: RunContexts;
  readonly #turns: Turns;
  /** Epochs that were begun. */
  readonly #begun = new Set<string>();

  constructor(deps: ActivityDeps, contexts: RunContexts, turns: Turns) {
    this.#deps = deps;
    this.#contexts = contexts;
    this.#turns = turns;
  }

  /** Begins the first turns, once for an epoch; nobody waits for them here, and what goes wrong is met again by the activities. */
  begin(plan: RunPlan): void {
    const epoch = `${plan.run}/e${plan.epoch}`;
    if (this.#begun.has(epoch)) return;
    this.#begun.add(epoch);
    this.#begin(plan).catch((error: unknown) => this.#deps.log.warn({ err: error, run: plan.run }, 'no head start'));
  }

  /** The run goes on after the process that made its calls died: those calls come first. A run that rests is left alone. */
  goOn(runId: string): void {
    this.#goOn(runId).catch((error: unknown) => this.#deps.log.warn({ err: error, run: runId }, 'no head start'));
  }

  async #goOn(runId: string): Promise<void> {
    const { store } = this.#deps;
    const run = await store.run(runId);
    const { paused, cancelled, concurrency } = await store.control(runId);
    if (run?.state !== 'running' || paused || cancelled) return;
    // A doubtful call that is no try was cut off by a crash, not by its provider.
    const cut = new Set((await store.doubtfulCalls(runId)).filter((call) => !call.isTry).map(({ index }) => index));
    const done = await store.done(runId, { list: [...cut] });
    const list = [...cut].filter((index) => !done.has(index)).slice(0, Math.min(concurrency, MOST));
    if (list.length > 0) await this.#take(await this.#contexts.get(runId, run.epoch), run.epoch, { list });
  }

  async #begin(plan: RunPlan): Promise<void> {
    const { store } = this.#deps;
    const [phase] = plan.phases;
    if (!phase || plan.paused) return;
    const context = await this.#contexts.get(plan.run, plan.epoch);
    const count = Math.min(phase.source.items, plan.concurrency, MOST);
    const span =
      phase.source.kind === 'range' ? { from: 0, to: count } : { list: await store.items(plan.run, plan.epoch, 0, count) };
    await this.#take(context, plan.epoch, span);
  }

  /** One turn of each of these rows. */
  async #take(context: RunContext, epoch: number, span: Indexes): Promise<void> {
    const { store } = this.#deps;
    const [seeds, calls] = await Promise.all([store.seeds(context.run.id, span), store.calls(context.run.id, span)]);
    const histories = bySeed(calls);
    await Promise.all(seeds.map((seed) => this.#turns.take(context, seed, historyOf(histories.get(seed.index) ?? [], epoch))));
  }
}
