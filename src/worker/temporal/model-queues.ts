/** A Temporal Worker per model queue: opened as models appear in the store, closed when idle. */
import { type NativeConnection, Worker } from '@temporalio/worker';
import type { Activities } from '../../activities/index.js';
import type { Store } from '../../store/port/store.js';
import type { QueueRow } from '../../store/port/workers.js';
import type { WorkerBasics } from './temporal-worker.js';

const LOOK_MS = 500;
/** A queue without activities for this long is closed; the next openRun opens it again. */
const IDLE_MS = 600_000;
/** Turns of one process: more than may be in flight, so that waiting never hides other work. */
const SLOTS = 350;

interface OpenQueue {
  worker: Worker;
  running: Promise<void>;
  requestsPerMinute: number | null;
  usedAt: number;
}

export class ModelQueues {
  readonly #basics: WorkerBasics;
  readonly #connection: NativeConnection;
  readonly #store: Store;
  readonly #activities: Activities;
  readonly #open = new Map<string, Promise<OpenQueue>>();
  /** Workers that take no more turns and end those they have. */
  readonly #retired = new Set<Promise<void>>();
  readonly #looker: NodeJS.Timeout;
  #closed = false;

  constructor(options: { basics: WorkerBasics; connection: NativeConnection; store: Store; activities: Activities }) {
    this.#basics = options.basics;
    this.#connection = options.connection;
    this.#store = options.store;
    this.#activities = options.activities;
    this.#looker = setInterval(() => void this.#look(), LOOK_MS);
  }

  /** Opens the queue in this process, or opens it anew when its rate changed; resolves when its Worker polls. */
  async open(queue: QueueRow): Promise<void> {
    if (this.#closed) return;
    const known = this.#open.get(queue.name);
    if (known !== undefined) {
      const open = await known;
      open.usedAt = Math.max(open.usedAt, this.#basics.clock.now());
      if (open.requestsPerMinute === queue.requestsPerMinute || this.#open.get(queue.name) !== known) return;
      // The rate is part of every poll: only a Worker of its own can carry another one. The old one ends its turns.
      this.#retire(open);
    }
    const opening = this.#start(queue);
    this.#open.set(queue.name, opening);
    opening.catch(() => this.#open.delete(queue.name));
    await opening;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#looker);
    for (const result of await Promise.allSettled(this.#open.values())) {
      if (result.status === 'fulfilled') this.#retire(result.value);
    }
    await Promise.all(this.#retired);
  }

  #retire({ worker, running }: OpenQueue): void {
    if (worker.getState() === 'RUNNING') worker.shutdown();
    const ended = running.finally(() => this.#retired.delete(ended));
    this.#retired.add(ended);
  }

  async #start(queue: QueueRow): Promise<OpenQueue> {
    const worker = await Worker.create({
      ...this.#basics.options(),
      connection: this.#connection,
      taskQueue: queue.name,
      activities: { runTurn: this.#activities.runTurn },
      maxConcurrentActivityTaskExecutions: SLOTS,
      ...(queue.requestsPerMinute === null ? {} : { maxTaskQueueActivitiesPerSecond: queue.requestsPerMinute / 60 }),
    });
    const running = this.#basics.watch(worker.run(), queue.name);
    return { worker, running, requestsPerMinute: queue.requestsPerMinute, usedAt: this.#basics.clock.now() };
  }

  async #look(): Promise<void> {
    try {
      const now = this.#basics.clock.now();
      const rows = await this.#store.queues(this.#basics.clock.wall() - IDLE_MS);
      const wanted = new Set(rows.map((row) => row.name));
      for (const row of rows) if (await this.#differs(row)) await this.open(row);
      for (const [name, opening] of this.#open) {
        const open = await opening;
        const busy = open.worker.getStatus().numInFlightActivities > 0;
        if (busy) await this.#touch(name, open, now);
        if (busy || wanted.has(name) || now - open.usedAt < IDLE_MS) continue;
        this.#open.delete(name);
        this.#retire(open);
      }
    } catch (error) {
      this.#basics.onError(error);
    }
  }

  async #differs(row: QueueRow): Promise<boolean> {
    const open = await this.#open.get(row.name);
    return open?.requestsPerMinute !== row.requestsPerMinute;
  }

  /** Says to all processes that the queue is in use, once a minute. */
  async #touch(name: string, open: OpenQueue, now: number): Promise<void> {
    if (now - open.usedAt < IDLE_MS / 10) return;
    open.usedAt = now;
    const row = (await this.#store.queues(0)).find((queue) => queue.name === name);
    if (row) await this.#store.registerQueue({ ...row, lastUsedAt: this.#basics.clock.wall() });
  }
}
