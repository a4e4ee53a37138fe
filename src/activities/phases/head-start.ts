/**
 * Reaching an activity through Temporal costs tens of milliseconds, a second in a process that just started, and more after a restart:
 * its server comes up, workflow tasks of the dead worker time out, histories are replayed. So a run's turns begin at once in this
 * process, row by row, until the activity of a child is here; the children join them by single flight, or find them stored.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { callsByRow } from '../../core/conversation/output.js';
import { currentPhase, type Phase } from '../../core/phases.js';
import { measuredCallMs, ROW_GRAIN } from '../../core/slice-size.js';
import type { Indexes, RunRow } from '../../store/port/store.js';
import type { MapPhase, PhaseSource } from '../../workflows/messages.js';
import type { ActivityDeps } from '../deps.js';
import { historyOf, type KnownRow } from '../turn/history.js';
import type { PhaseContext } from '../turn/phase-context.js';
import type { RunContexts } from '../turn/run-context.js';
import type { Turns } from '../turn/turns.js';

/** More than this many calls at a time are no matter of latency. */
const MOST = 300;
/** Children that are not here by then have another reason: no row is begun ahead of them any more. */
const LONGEST_MS = 5_000;

/** How often the first calls are looked at. */
const MEASURE_STEP_MS = 10;

/** The run that a phase begins in, as it is at that moment. */
export interface Ahead {
  run: string;
  epoch: number;
  concurrency: number;
  paused: boolean;
}

export class HeadStart {
  readonly #deps: ActivityDeps;
  readonly #contexts: RunContexts;
  readonly #turns: Turns;
  /** Phases of epochs that were begun. */
  readonly #begun = new Set<string>();

  constructor(deps: ActivityDeps, contexts: RunContexts, turns: Turns) {
    this.#deps = deps;
    this.#contexts = contexts;
    this.#turns = turns;
  }

  /** Begins the first turns, once for a phase of an epoch; nobody waits for them here, and what goes wrong is met again by the activities. */
  begin(ahead: Ahead, phase: MapPhase): void {
    const { run, epoch } = ahead;
    const name = `${run}/e${epoch}/${phase.name}`;
    if (this.#begun.has(name)) return;
    this.#begun.add(name);
    this.#begin(ahead, phase).catch((error: unknown) => this.#deps.log.warn({ err: error, run }, 'no head start'));
  }

  /**
   * Mean time of the phase's calls, to plan children with: as measured on the first ones, while they are made here; they go on meanwhile. What
   * is known already where none is begun, or where the size of children does not depend on it.
   */
  async callMs({ run, epoch, concurrency, paused }: Ahead, { name, source, use }: MapPhase): Promise<number | null> {
    const total = source.items;
    if (paused || use.sliceSize !== 'auto' || total <= ROW_GRAIN.rows) return use.callMs;
    const context = await this.#contexts.phase(run, epoch, name);
    const started = performance.now();
    for (;;) {
      const { calls, ms } = context.ended;
      const meanMs = calls > 0 ? Math.round(ms / calls) : null;
      const first = { meanMs, ended: calls, elapsedMs: performance.now() - started };
      const callMs = measuredCallMs(first, { total, concurrency });
      if (callMs !== null) return callMs;
      // The end of the run needs no measure.
      const { left, stop, fault } = context.of;
      if (left <= 0 || stop !== null || fault !== null) return meanMs ?? use.callMs;
      await sleep(MEASURE_STEP_MS);
    }
  }

  /** The calls that a dead process of the run had under way, one turn of each row. A run that rests is left alone. */
  makeAgain(runId: string): void {
    this.#ofRunning(runId, async (run, phase, concurrency) => {
      const list = (await this.#cutOff(run.id, phase)).slice(0, concurrency);
      if (list.length === 0) return;
      const context = await this.#contexts.phase(run.id, run.epoch, phase.name);
      const rows = await this.#histories(context, { list });
      await Promise.all(rows.map(({ seed, history }) => this.#turns.take(context, seed, history)));
    });
  }

  /**
   * The run goes on after the process that made its calls died, or after a pause: those calls first, then the rows that are left. Children
   * that were here while it rested are told by its workflow, whose next task may have to wait until that of the dead process times out.
   */
  goOn(runId: string): void {
    this.#ofRunning(runId, async (run, phase, concurrency) => {
      const context = await this.#contexts.phase(run.id, run.epoch, phase.name);
      context.childHere = false;
      await this.#converseAll(context, this.#rowsLeft(context), concurrency);
    });
  }

  /** `work` on a run that is at work in a phase over rows: any other phase is its activity's alone. */
  #ofRunning(runId: string, work: (run: RunRow, phase: Phase, concurrency: number) => Promise<void>): void {
    const { store, gates, log, phases: rules } = this.#deps;
    const start = async () => {
      const run = await store.run(runId);
      const { paused, cancelled, concurrency } = await gates.heed(runId);
      if (run?.state !== 'running' || paused || cancelled) return;
      const phase = currentPhase(run, rules);
      if (phase.kind === 'map') await work(run, phase, Math.min(concurrency, MOST));
    };
    start().catch((error: unknown) => log.warn({ err: error, run: runId }, 'no head start'));
  }

  /** Rows without an outcome that have a doubtful call. One that is no try was cut off by a crash, not by its provider. */
  async #cutOff(runId: string, { name }: Phase): Promise<number[]> {
    const { store } = this.#deps;
    const calls = (await store.doubtfulCalls(runId)).filter(({ isTry, phase }) => !isTry && phase === name);
    const cut = new Set(calls.map(({ index }) => index));
    const done = await store.done(runId, { list: [...cut] });
    return [...cut].filter((index) => !done.has(index));
  }

  /** Rows are done about in their order: those that are left begin around the place that the count of done rows names. */
  async *#rowsLeft(context: PhaseContext): AsyncGenerator<KnownRow, void> {
    const { store } = this.#deps;
    const { id, total } = context.run;
    const cut = await this.#cutOff(id, context.phase);
    yield* await this.#histories(context, { list: cut });
    const { ok, failed, filtered } = await store.totals(id);
    for (let from = Math.max(0, ok + failed + filtered - MOST); from < total; from += MOST) {
      const to = Math.min(total, from + MOST);
      const known = await store.done(id, { from, to });
      for (const index of cut) known.add(index);
      const list = Array.from({ length: to - from }, (_, at) => from + at).filter((index) => !known.has(index));
      yield* await this.#histories(context, { list });
    }
  }

  async #begin({ run, epoch, concurrency, paused }: Ahead, { name, source }: MapPhase): Promise<void> {
    if (paused) return;
    const context = await this.#contexts.phase(run, epoch, name);
    const count = Math.min(source.items, concurrency, MOST);
    const rows = this.#rows(context, source, count);
    await this.#converseAll(context, rows, count);
  }

  /** So many rows at a time, until a child is here. */
  async #converseAll(context: PhaseContext, rows: AsyncIterator<KnownRow, void>, atATime: number): Promise<void> {
    const until = this.#deps.clock.now() + LONGEST_MS;
    const isOver = () => context.childHere || this.#deps.clock.now() >= until;
    await Promise.all(Array.from({ length: atATime }, () => this.#converse(context, rows, isOver)));
  }

  /** The phase's rows in order, read some at a time. */
  async *#rows(context: PhaseContext, source: PhaseSource, step: number): AsyncGenerator<KnownRow, void> {
    const { store } = this.#deps;
    const { id, epoch } = context.run;
    for (let from = 0; from < source.items; from += step) {
      const to = Math.min(source.items, from + step);
      const span = source.kind === 'range' ? { from, to } : { list: await store.items(id, epoch, from, to) };
      yield* await this.#histories(context, span);
    }
  }

  async #histories({ run, phase }: PhaseContext, span: Indexes): Promise<KnownRow[]> {
    const { store } = this.#deps;
    const at = { epoch: run.epoch, phase: phase.name };
    const [seeds, rows] = await Promise.all([store.seeds(run.id, span), store.calls(run.id, span)]);
    const calls = callsByRow(rows);
    return seeds.map((seed) => ({ seed, history: historyOf(calls.get(seed.index) ?? [], at) }));
  }

  /** One row after another, each until it ends or has to wait. */
  async #converse(context: PhaseContext, rows: AsyncIterator<KnownRow, void>, isOver: () => boolean): Promise<void> {
    for (let next = await rows.next(); !next.done && !isOver(); next = await rows.next()) {
      const { seed, history } = next.value;
      let end = await this.#turns.take(context, seed, history);
      while (end.kind === 'go-on' && !isOver()) end = await this.#turns.take(context, seed, history);
      if (end.kind === 'paused' || end.kind === 'stop') return;
    }
  }
}
