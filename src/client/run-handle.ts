/**
 * A run as a program holds it. Everything it tells comes from the store; Temporal is asked only to act, and what needs its SDK is loaded
 * only then.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { callsByRow, outputOf } from '../core/conversation/output.js';
import { SwarmError } from '../core/errors.js';
import type { FirstRows } from '../core/look.js';
import type { Outcome, RunState } from '../core/model.js';
import { RESIZE_LIMITS, resizedControl } from '../core/resize.js';
import { unknownRun } from '../core/run-errors.js';
import { resizeProblem } from '../pricing/cap-problem.js';
import { createPrices } from '../pricing/prices.js';
import type { RunRow, Store } from '../store/port.js';
import type { Progress, ResizeOptions, RunHandle, RunResult } from './api.js';
import { FullDiskWatch } from './full-disk.js';
import type { Launcher } from './launch.js';
import { firstRowsOf, hasEnded, readProgress, resultOf } from './progress.js';
import { endedEarly, hostStopped, stillPaused, untoldFault } from './run-errors.js';
import type { DaySettings } from './spend.js';

/** A run is looked at as often as half a percent of the time it has taken: what the looking adds stays small for short and long runs. */
const SHARE = 200;
const SHORTEST_LOOK_MS = 5;
const LONGEST_LOOK_MS = 250;
/** Pause between looks while Temporal or the host is away. */
const AWAY_MS = 250;
/** A run that the store calls running, or its host interrupted, and whose workflow is closed for this many looks has lost it: 5 s. */
const CLOSED_LOOKS = 20;
const LOST: readonly RunState[] = ['running', 'interrupted'];
const OUTCOMES_PAGE = 500;

export interface RunHandleOptions {
  store: Store;
  /** Finds or starts the host. */
  launcher(): Promise<Launcher>;
  /** Asks Temporal for something that may be done twice: it is, when the host dies under it. Throws E_TEMPORAL_UNREACHABLE (exit 4). */
  act<T>(work: (launcher: Launcher) => Promise<T>): Promise<T>;
  /** Gives the host the key that the run needs, as this program's environment has it. Throws E_KEY_MISSING, E_KEY_FORMAT (exit 5). */
  handKey(run: RunRow): Promise<void>;
  /** The host died under an attached run: start another one and go on. */
  revive(runId: string): Promise<void>;
  /** Resolves when the host that was last connected to is gone; null while none is connected. */
  hostGone(): Promise<void> | null;
  /** True when the host that was last connected to was told to stop: following the run must not start another one. */
  hostStopped(): boolean;
  /** Folder of the store and of the embedded server; null when both are elsewhere. */
  diskOf: string | null;
  /** Day's amounts of this program. */
  settings: DaySettings;
}

export class StoredRun implements RunHandle {
  readonly id: string;
  readonly #options: RunHandleOptions;
  readonly #store: Store;
  readonly #firstRows: FirstRows;

  constructor(id: string, options: RunHandleOptions) {
    this.id = id;
    this.#options = options;
    this.#store = options.store;
    this.#firstRows = firstRowsOf(options.store, id);
  }

  progress(): Promise<Progress> {
    return readProgress(this.#store, this.id, this.#options.settings, this.#firstRows);
  }

  async *outcomes(
    options: { after?: number; signal?: AbortSignal } = {},
  ): AsyncGenerator<Outcome & { output: string | null; seq: number }> {
    let seq = options.after ?? 0;
    let since = Date.now();
    const watch = this.#watch();
    try {
      for (;;) {
        options.signal?.throwIfAborted();
        // Read before the page: what was recorded before the end is then in the page.
        const ended = hasEnded(await this.#row());
        const page = await this.#store.outcomesAfter(this.id, seq, OUTCOMES_PAGE);
        const outputs = await this.#outputs(page.map(({ outcome }) => outcome));
        for (const found of page) {
          seq = found.seq;
          yield { ...found.outcome, seq, output: outputs.get(found.outcome.index) ?? null };
        }
        if (page.length > 0) {
          since = Date.now();
          continue;
        }
        if (ended) return;
        watch.look();
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
    const since = Date.now();
    try {
      for (;;) {
        signal?.throwIfAborted();
        const run = await this.#row();
        const totals = await this.#store.totals(this.id);
        if (hasEnded(run)) return resultOf(run, totals);
        watch.look();
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
      await launcher.startOrResume(this.id);
    });
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

  async retry(options: { cause?: string } = {}): Promise<number> {
    const run = await this.#row();
    // A run under way does not look back: its next epoch takes the reopened rows.
    if (!hasEnded(run)) {
      if (run.state === 'paused') throw stillPaused(this.id);
      const open = await this.#options.act((launcher) => launcher.open(run));
      await open?.result().catch(() => undefined);
    }
    await this.#options.act(() => this.#options.handKey(run));
    const reopened = await this.#store.reopenFailed(this.id, options.cause);
    if (reopened === 0) return 0;
    await this.#options.act((launcher) => launcher.startOrResume(this.id));
    return reopened;
  }

  async #row(): Promise<RunRow> {
    const run = await this.#store.run(this.id);
    if (!run) throw unknownRun(this.id);
    return run;
  }

  async #outputs(outcomes: readonly Outcome[]): Promise<Map<number, string>> {
    const ok = outcomes.filter(({ status }) => status === 'ok');
    if (ok.length === 0) return new Map();
    const calls = callsByRow(await this.#store.calls(this.id, { list: ok.map(({ index }) => index) }));
    return new Map(ok.map((outcome) => [outcome.index, outputOf(calls.get(outcome.index) ?? [], outcome)]));
  }

  /** Watches the workflow from the first look on. `look` throws what ended it before its time. */
  #watch(): { look(): void; end(): void } {
    const failure: { error: unknown } = { error: null };
    const forgotten = new AbortController();
    let watching = false;
    return {
      look: () => {
        if (failure.error) throw failure.error;
        if (!watching) void this.#watchWorkflow(failure, forgotten.signal);
        watching = true;
      },
      end: () => forgotten.abort(),
    };
  }

  /** Sees what the store does not: a workflow that failed or was terminated, a host that died. */
  async #watchWorkflow(failure: { error: unknown }, forgotten: AbortSignal): Promise<void> {
    let closed = 0;
    while (!forgotten.aborted) {
      try {
        if (this.#options.hostStopped()) {
          // Calls under way may finish meanwhile, and with them the run.
          await this.#options.hostGone();
          const { detached } = await this.#row();
          failure.error = hostStopped(this.id, detached);
          return;
        }
        const run = await this.#row();
        const launcher = await this.#options.launcher();
        const gone = this.#options.hostGone();
        const open = await launcher.open(run);
        closed = open === null && run.workflowId !== null && LOST.includes(run.state) ? closed + 1 : 0;
        if (closed > CLOSED_LOOKS) {
          failure.error = endedEarly(this.id, run.message ?? 'it is closed, or Temporal does not know it');
          return;
        }
        const ended = open ? open.result() : sleep(AWAY_MS).then(() => 'look' as const);
        // The connection of a host that is gone closes under it.
        ended.catch(() => undefined);
        const what = await Promise.race([ended, ...(gone === null ? [] : [gone.then(() => 'gone' as const)])]);
        if (typeof what === 'object') {
          if (what.stop === 'disk' && !hasEnded(await this.#row())) failure.error = untoldFault(this.id, what.message);
          return;
        }
        if (what === 'gone' && !forgotten.aborted && !this.#options.hostStopped()) await this.#options.revive(this.id);
      } catch (error) {
        if (forgotten.aborted) return;
        const { workflowEnd } = await import('./workflow-end.js');
        const end = workflowEnd(error, this.id);
        if (end !== null) {
          failure.error = end.failure;
          return;
        }
        if (SwarmError.is(error)) {
          failure.error = error;
          return;
        }
        // The server is coming back, or the host is: look again.
        await sleep(AWAY_MS);
      }
    }
  }
}

/** Throws E_CLI_VALUE. The control row is obeyed at once, so nothing may get there unchecked. */
function checkResize(options: ResizeOptions): void {
  const { concurrency } = options;
  const bad = (name: string, value: number, allowed: string) =>
    new SwarmError({ code: 'E_CLI_VALUE', found: `${name} is ${value}`, allowed });
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency > 0)) {
    throw bad('concurrency', concurrency, 'a whole number above 0');
  }
  for (const name of RESIZE_LIMITS) {
    const value = options[name];
    if (value !== undefined && value !== null && !(Number.isFinite(value) && value > 0)) {
      throw bad(name, value, 'a number above 0, or null for no limit');
    }
  }
}

function lookAgain(since: number): number {
  return Math.min(LONGEST_LOOK_MS, Math.max(SHORTEST_LOOK_MS, (Date.now() - since) / SHARE));
}

function stoppedBy(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal ? { signal } : {};
}
