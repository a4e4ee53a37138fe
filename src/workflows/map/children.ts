/**
 * Starts children over a stretch of positions and keeps a window of them in flight.
 * Used by the run itself for small phases and by lanes for large ones.
 */

import type { SearchAttributePair } from '@temporalio/common';
import {
  ChildWorkflowCancellationType,
  type ChildWorkflowHandle,
  condition,
  isCancellation,
  ParentClosePolicy,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { StopCause } from '../../core/model.js';
import { itemWorkflowId } from '../../core/names.js';
import {
  CHILDREN_PER_EXECUTION,
  childrenInFlight,
  EVENTS_PER_EXECUTION,
  nextSize,
  ROW_GRAIN_BEFORE,
  sliceSize,
} from '../../core/slice-size.js';
import {
  type ChildResult,
  type ControlNews,
  controlSignal,
  type MapPhase,
  type ProcessesNews,
  type RunPlan,
  runAttributes,
  type Sums,
  tailSignal,
  WORKFLOW_TASK_TIMEOUT,
} from '../messages.js';
import { listItems, rowIds } from '../proxies.js';
import { rowSummary } from '../row-summary.js';
import { addSums, NO_SUMS } from '../sums.js';
import { swarmSeed } from './seed.js';
import { swarmSlice } from './slice.js';

/** Children in flight, those included whose rows wait for retries, in windows. */
const WITH_TAILS = 6;
/** Ids that are read at a time where each row has a child. */
const IDS_AT_ONCE = 50;

type Child = ChildWorkflowHandle<typeof swarmSeed | typeof swarmSlice>;

export interface ChildrenState {
  sums: Sums;
  stop: StopCause | null;
  /** Mean time of the calls so far; null before the first is known. */
  callMs: number | null;
  paused: boolean;
  concurrency: number;
  /** Processes to plan children for. */
  processes: number;
}

/** Children of one workflow execution. */
export class Children {
  readonly #plan: RunPlan;
  readonly #phase: MapPhase;
  readonly #root: string;
  readonly #attributes: SearchAttributePair[];
  readonly #inFlight = new Map<string, Child>();
  /** Those of them whose rows are done or wait for retries. */
  readonly #tails = new Set<string>();
  readonly #named: boolean;
  #list: { from: number; indexes: number[] } = { from: 0, indexes: [] };
  #ids: { from: number; ids: string[] } = { from: 0, ids: [] };
  /** Queues of processes that are to have the next slices. */
  #idle: string[] = [];
  started = 0;
  state: ChildrenState;

  /** `more.named`: their summaries tell the ids of their rows. */
  constructor(plan: RunPlan, phase: MapPhase, root: string, more: { named: boolean; state?: Partial<ChildrenState> }) {
    this.#plan = plan;
    this.#named = more.named;
    this.#phase = phase;
    this.#root = root;
    this.#attributes = runAttributes({ run: plan.run, model: phase.use.model });
    this.state = {
      sums: NO_SUMS,
      stop: null,
      callMs: phase.use.callMs,
      paused: plan.paused,
      concurrency: plan.concurrency,
      processes: plan.processes ?? 1,
      ...more.state,
    };
    setHandler(tailSignal, ({ child, callMs }) => {
      if (!this.#inFlight.has(child)) return;
      this.#tails.add(child);
      this.#measured(callMs);
    });
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** True when this execution starts no more: its history has its share. */
  get full(): boolean {
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    return this.started >= CHILDREN_PER_EXECUTION || historyLength >= EVENTS_PER_EXECUTION || continueAsNewSuggested;
  }

  /** Seeds per child, by the call time seen so far. */
  get size(): number {
    const { concurrency, callMs } = this.state;
    const { use, source } = this.#phase;
    const { rowGrain = ROW_GRAIN_BEFORE } = this.#plan;
    return sliceSize(use.sliceSize, { total: source.items, concurrency, callMs, turns: use.turns }, rowGrain);
  }

  /** Children that should be in flight. */
  get window(): number {
    return childrenInFlight(this.state.concurrency, this.size, this.state.processes);
  }

  /** Starts children for positions from..to until done, stopped or full; returns the first position not started. */
  async start(from: number, to: number, window: () => number): Promise<number> {
    let position = from;
    while (position < to && this.state.stop === null && !this.full) {
      await condition(() => !this.#blocked(window()));
      if (this.state.stop !== null) break;
      const size = this.#sizeAt(position);
      const end = Math.min(to, position + size);
      await this.#startOne(position, end, size);
      position = end;
    }
    return position;
  }

  /** Waits for all children in flight. */
  async drain(): Promise<void> {
    await condition(() => this.#inFlight.size === 0);
  }

  /** Tells the children that the control row changed. */
  async tell(news: ControlNews): Promise<void> {
    this.state.paused = news.paused;
    this.state.concurrency = news.concurrency;
    await Promise.all([...this.#inFlight.values()].map((child) => child.signal(controlSignal, news).catch(() => undefined)));
  }

  /** Some processes have no work: more children may be in flight, and the next slices are theirs. */
  raise({ processes, idle }: ProcessesNews): void {
    this.state.processes = Math.max(this.state.processes, processes);
    this.#idle = [...idle];
  }

  /** A configured size is obeyed; any other leaves a part of the last rows for every process. */
  #sizeAt(position: number): number {
    if (this.#phase.use.sliceSize !== 'auto') return this.size;
    return nextSize(this.size, this.#phase.source.items - position, this.state.processes);
  }

  #blocked(window: number): boolean {
    if (this.state.stop !== null) return false;
    const { size } = this.#inFlight;
    return this.state.paused || size - this.#tails.size >= window || size >= WITH_TAILS * window;
  }

  async #startOne(from: number, to: number, size: number): Promise<void> {
    const workflowId = itemWorkflowId(this.#root, this.#phase.name, from);
    const options = {
      workflowId,
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      typedSearchAttributes: this.#attributes,
    } as const;
    this.started += 1;
    const staticSummary = await this.#summary(from, to, size);
    const queue = size > 1 ? this.#idle.shift() : undefined;
    const { run, epoch } = this.#plan;
    const phase = this.#phase;
    const child =
      size > 1
        ? await startChild(swarmSlice, {
            ...options,
            staticSummary,
            args: [{ run, epoch, phase, from, to, ...(queue && { queue }) }],
          })
        : await startChild(swarmSeed, {
            ...options,
            staticSummary,
            args: [{ run, epoch, phase, index: await this.#indexAt(from) }],
          });
    this.#inFlight.set(workflowId, child);
    child
      .result()
      .then((result) => this.#took(result))
      // Cancelled or terminated by hand: its rows stay pending, and the end of the run says so.
      .catch(() => undefined)
      .finally(() => {
        this.#inFlight.delete(workflowId);
        this.#tails.delete(workflowId);
      });
  }

  /** Ids where the store tells them in time, else positions. */
  async #summary(from: number, to: number, size: number): Promise<string> {
    const plain = size > 1 ? `seeds ${from} to ${to - 1}` : `seed ${from}`;
    if (!this.#named) return plain;
    try {
      const ids = size > 1 ? await this.#readIds([from, to - 1]) : [await this.#idAt(from)];
      return rowSummary(ids, to - from);
    } catch (error) {
      if (isCancellation(error)) throw error;
      return plain;
    }
  }

  async #idAt(position: number): Promise<string> {
    if (position < this.#ids.from || position >= this.#ids.from + this.#ids.ids.length) {
      const many = Math.min(IDS_AT_ONCE, this.#phase.source.items - position);
      this.#ids = { from: position, ids: await this.#readIds(Array.from({ length: many }, (_, step) => position + step)) };
    }
    return this.#ids.ids[position - this.#ids.from] ?? '';
  }

  #readIds(positions: number[]): Promise<string[]> {
    const { run, epoch } = this.#plan;
    return rowIds({ run, epoch, source: this.#phase.source.kind, positions });
  }

  /** Seed index at a position; a later epoch's list is fetched in stretches. */
  async #indexAt(position: number): Promise<number> {
    const { kind, items } = this.#phase.source;
    if (kind === 'range') return position;
    const { run, epoch } = this.#plan;
    if (position < this.#list.from || position >= this.#list.from + this.#list.indexes.length) {
      const to = Math.min(items, position + CHILDREN_PER_EXECUTION);
      this.#list = { from: position, indexes: await listItems({ run, epoch, from: position, to }) };
    }
    const index = this.#list.indexes[position - this.#list.from];
    if (index === undefined) throw new Error(`no item at position ${position}`);
    return index;
  }

  #took(result: ChildResult): void {
    const { stop, callMs, ...sums } = result;
    this.state.sums = addSums(this.state.sums, sums);
    this.state.stop ??= stop;
    this.#measured(callMs);
  }

  #measured(callMs: number | null): void {
    if (callMs === null) return;
    const { callMs: before } = this.state;
    // Later times move the first one.
    this.state.callMs = before === null ? callMs : Math.round(0.7 * before + 0.3 * callMs);
  }
}
