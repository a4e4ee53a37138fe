/**
 * A run as a program holds it. Everything it tells comes from the store; Temporal is asked only to act, and what needs its SDK is loaded
 * only then.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResizeOptions } from '../core/resize.js';
import { hasEnded } from '../core/run-end.js';
import { knownRun } from '../core/run-errors.js';
import type { FirstRows } from '../core/run-outlook.js';
import { type ControlPorts, RunControl } from '../runs/control.js';
import type { Progress } from '../runs/progress.js';
import { firstRowsOf, readProgress } from '../runs/read-progress.js';
import { type FoundOutcome, outcomesAfter, type RunResult, resultOf } from '../runs/results.js';
import type { DaySettings } from '../runs/spend.js';
import type { RunRow, Store } from '../store/port/store.js';
import type { RunHandle } from './api.js';
import { FullDiskWatch } from './full-disk.js';
import { type RunHosts, RunWatch } from './run-watch.js';

/** A run is looked at as often as half a percent of the time it has taken: what the looking adds stays small for short and long runs. */
const SHARE = 200;
const SHORTEST_LOOK_MS = 5;
const LONGEST_LOOK_MS = 250;

export interface RunHandleOptions extends RunHosts, ControlPorts {
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
  readonly #control: RunControl;
  readonly #firstRows: FirstRows;
  #nextEpoch: { asked: Promise<void>; done: boolean } | null = null;
  /** This program has started it, or let it go on. */
  #mine: boolean;

  constructor(id: string, options: RunHandleOptions) {
    this.id = id;
    this.#options = options;
    this.#store = options.store;
    this.#control = new RunControl(id, options);
    this.#firstRows = firstRowsOf(options.store, id);
    this.#mine = options.mine ?? false;
  }

  progress(): Promise<Progress> {
    return readProgress(this.#store, this.id, this.#options.settings, this.#firstRows);
  }

  async *outcomes(options: { after?: number; signal?: AbortSignal } = {}): AsyncGenerator<FoundOutcome> {
    let seq = options.after ?? 0;
    let since = performance.now();
    const watch = this.#watch();
    try {
      for (;;) {
        options.signal?.throwIfAborted();
        // Read before the page: what was recorded before the end is then in the page.
        const run = await this.#row();
        const ended = await this.#hasEnded(run);
        const page = await outcomesAfter(this.#store, this.id, seq);
        for (const found of page) {
          seq = found.seq;
          yield found;
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

  pause(): Promise<void> {
    return this.#control.pause();
  }

  async resume(): Promise<void> {
    await this.#control.resume();
    this.#mine = true;
  }

  resize(options: ResizeOptions): Promise<void> {
    return this.#control.resize(options);
  }

  cancel(): Promise<void> {
    return this.#control.cancel();
  }

  async retry(options: { cause?: string; wait?: boolean } = {}): Promise<number> {
    const rows = await this.#control.retry(options);
    if (rows > 0) this.#mine = true;
    return rows;
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
