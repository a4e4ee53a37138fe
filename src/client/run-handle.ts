/**
 * A run as a program holds it. Everything it tells comes from the store; Temporal is asked only to act, and what needs its SDK is loaded
 * only then.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { callsByRow, outputOf } from '../core/conversation/output.js';
import { SwarmError } from '../core/errors.js';
import type { Outcome } from '../core/model.js';
import { resizedControl } from '../core/resize.js';
import { hasEnded } from '../core/run-end.js';
import { knownRun } from '../core/run-errors.js';
import type { FirstRows } from '../core/run-outlook.js';
import { resizeProblem } from '../pricing/cap-problem.js';
import { createPrices } from '../pricing/prices.js';
import type { RunRow, Store } from '../store/port/store.js';
import type { Progress, ResizeOptions, RunHandle, RunResult } from './api.js';
import { checkResize } from './check-resize.js';
import { FullDiskWatch } from './full-disk.js';
import type { Launcher } from './launch.js';
import { firstRowsOf, readProgress, resultOf } from './progress.js';
import { stillPaused, stillRunning } from './run-errors.js';
import { type RunHosts, RunWatch } from './run-watch.js';
import type { DaySettings } from './spend.js';

/** A run is looked at as often as half a percent of the time it has taken: what the looking adds stays small for short and long runs. */
const SHARE = 200;
const SHORTEST_LOOK_MS = 5;
const LONGEST_LOOK_MS = 250;
const OUTCOMES_PAGE = 500;

export interface RunHandleOptions extends RunHosts {
  store: Store;
  /** Asks Temporal for something that may be done twice: it is, when the host dies under it. Throws E_TEMPORAL_UNREACHABLE (exit 4). */
  act<T>(work: (launcher: Launcher) => Promise<T>): Promise<T>;
  /** Gives the host the key that the run needs, as this program's environment has it. Throws E_KEY_MISSING, E_KEY_FORMAT (exit 5). */
  handKey(run: RunRow): Promise<void>;
  /** True when this program has started the run. @default false */
  mine?: boolean;
  /** Folder of the store and of the embedded server; null when both are elsewhere. */
  diskOf: string | null;
  /** Day's amounts of this program. */
  settings: DaySettings;
  /** The epoch that was under way when this program was asked to go on with the run. @default none */
  joined?: number;
}

export class StoredRun implements RunHandle {
  readonly id: string;
  readonly #options: RunHandleOptions;
  readonly #store: Store;
  readonly #firstRows: FirstRows;
  #nextEpoch: { asked: Promise<void>; done: boolean } | null = null;
  /** This program has started it, or let it go on. */
  #mine: boolean;

  constructor(id: string, options: RunHandleOptions) {
    this.id = id;
    this.#options = options;
    this.#store = options.store;
    this.#firstRows = firstRowsOf(options.store, id);
    this.#mine = options.mine ?? false;
  }

  progress(): Promise<Progress> {
    return readProgress(this.#store, this.id, this.#options.settings, this.#firstRows);
  }

  async *outcomes(
    options: { after?: number; signal?: AbortSignal } = {},
  ): AsyncGenerator<Outcome & { output: string | null; seq: number }> {
    let seq = options.after ?? 0;
    let since = performance.now();
    const watch = this.#watch();
    try {
      for (;;) {
        options.signal?.throwIfAborted();
        // Read before the page: what was recorded before the end is then in the page.
        const run = await this.#row();
        const ended = await this.#hasEnded(run);
        const page = await this.#store.outcomesAfter(this.id, seq, OUTCOMES_PAGE);
        const outputs = await this.#outputs(page.map(({ outcome }) => outcome));
        for (const found of page) {
          seq = found.seq;
          yield { ...found.outcome, seq, output: outputs.get(found.outcome.index) ?? null };
        }
        if (page.length > 0) {
          since = performance.now();
          continue;
        }
        if (ended) return;
        watch.look(run);
        await sleep(lookAgain(since), undefined, stoppedBy(options.signal));
      }
    } finally {
      watch.end();
    }
  }

  async result(options: { signal?: AbortSignal } = {}): Promise<RunResult> {
    const { signal } = options;
    const watch = this.#watch();
    const disk = this.#options.diskOf === null ? null : new FullDiskWatch(this.#options.diskOf);
    const since = performance.now();
    try {
      for (;;) {
        signal?.throwIfAborted();
        const run = await this.#row();
        const totals = await this.#store.totals(this.id);
        if (await this.#hasEnded(run)) return resultOf(run, totals);
        watch.look(run);
        disk?.look(this.id, `${run.state} ${totals.seq} ${totals.calls} ${totals.open}`);
        // With all rows done only the publication is left, which is short.
        const left = run.total - totals.ok - totals.failed - totals.filtered;
        await sleep(left <= 0 ? SHORTEST_LOOK_MS : lookAgain(since), undefined, stoppedBy(signal));
      }
    } finally {
      watch.end();
    }
  }

  async pause(): Promise<void> {
    await this.#options.act(async (launcher) => {
      const run = await this.#row();
      if (!hasEnded(run)) await launcher.pause(this.id, await launcher.open(run));
    });
  }

  async resume(): Promise<void> {
    await this.#options.act(async (launcher) => {
      const run = await this.#row();
      if (run.state === 'completed') return;
      await this.#options.handKey(run);
      await launcher.goOn(this.id);
    });
    this.#mine = true;
  }

  async resize(options: ResizeOptions): Promise<void> {
    checkResize(options);
    const run = await this.#row();
    const { maxCost, maxCostPerCall, maxCostPerRow, maxDailyCost } = options;
    const unpriced = resizeProblem(run.task, createPrices(), [maxCost, maxCostPerCall, maxCostPerRow, maxDailyCost]);
    if (unpriced) throw new SwarmError(unpriced);
    await this.#store.setControl(this.id, resizedControl(options));
    if (hasEnded(run)) return;
    await this.#options.act(async (launcher) => await launcher.resize(await launcher.open(run), options));
  }

  async cancel(): Promise<void> {
    await this.#options.act(async (launcher) => {
      const run = await this.#row();
      if (hasEnded(run)) return;
      await this.#store.setControl(this.id, { cancelled: true });
      const open = await launcher.open(run);
      if (open) await open.cancel();
      // Nobody is left to end it: the rows that are done stay done.
      else await this.#store.updateRun(this.id, { state: 'cancelled', reason: 'cancelled', endedAt: Date.now() });
    });
  }

  async retry(options: { cause?: string; wait?: boolean } = {}): Promise<number> {
    const run = await this.#row();
    // A run under way does not look back: its next epoch takes the reopened rows.
    if (!hasEnded(run)) {
      if (run.state === 'paused') throw stillPaused(this.id);
      await this.#options.act(async (launcher) => {
        const open = await launcher.open(run);
        if (open && options.wait === false) throw stillRunning(this.id);
        // The death of a host is no end of the run: it is waited for through the next one.
        if (open) await (await import('./run-fate.js')).untilClosed(open);
      });
    }
    await this.#options.act(() => this.#options.handKey(run));
    const rows = (await this.#store.reopenFailed(this.id, options.cause)) || (await this.#leftOpen());
    if (rows === 0) return 0;
    await this.#options.act((launcher) => launcher.goOn(this.id));
    this.#mine = true;
    return rows;
  }

  /** Rows that were opened again for an epoch which could not be opened: the same retry goes on with them. */
  async #leftOpen(): Promise<number> {
    const { state, reason } = await this.#row();
    if (state !== 'staged' && state !== 'interrupted' && state !== 'failed' && reason !== 'disk') return 0;
    const { total, ok, failed, filtered } = await this.#store.totals(this.id);
    return total - ok - failed - filtered;
  }

  /**
   * An epoch that a disk had stopped before this program joined it may take until after the disk is mended to end: that is not the end of what
   * this program was asked for. It goes on with the next one, once.
   */
  async #hasEnded(run: RunRow): Promise<boolean> {
    if (!hasEnded(run)) return false;
    if (run.reason !== 'disk' || run.epoch !== this.#options.joined || this.#nextEpoch?.done) return true;
    this.#nextEpoch ??= {
      asked: this.#options.act(async (launcher) => void (await launcher.startOrResume(this.id))),
      done: false,
    };
    await this.#nextEpoch.asked;
    this.#nextEpoch.done = true;
    return false;
  }

  #row(): Promise<RunRow> {
    return knownRun(this.#store, this.id);
  }

  async #outputs(outcomes: readonly Outcome[]): Promise<Map<number, string>> {
    const ok = outcomes.filter(({ status }) => status === 'ok');
    if (ok.length === 0) return new Map();
    const calls = callsByRow(await this.#store.calls(this.id, { list: ok.map(({ index }) => index) }));
    return new Map(ok.map((outcome) => [outcome.index, outputOf(calls.get(outcome.index) ?? [], outcome)]));
  }

  #watch(): RunWatch {
    return new RunWatch(this.id, this.#store, this.#options, this.#mine);
  }
}

function lookAgain(since: number): number {
  return Math.min(LONGEST_LOOK_MS, Math.max(SHORTEST_LOOK_MS, (performance.now() - since) / SHARE));
}

function stoppedBy(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal ? { signal } : {};
}
