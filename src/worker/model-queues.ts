/** A Temporal Worker per model queue: opened as models appear in the store, closed when idle. */
import { type NativeConnection, Worker } from '@temporalio/worker';
import type { Activities } from '../activities/index.js';
import type { QueueRow, Store } from '../store/port.js';
import type { WorkerBasics } from './temporal-worker.js';

const LOOK_MS = 500;
/** A queue without activities for this long is closed; the next openRun opens it again. */
const IDLE_MS = 600_000;
/** Turns of one process: more than may be in flight, so that waiting never hides other work. */
const SLOTS = 350;

interface OpenQueue {
  worker: Worker;
  running: Promise<void>;
  usedAt: number;
}

export class ModelQueues {
  readonly #basics: WorkerBasics;
  readonly #connection: NativeConnection;
  readonly #store: Store;
  readonly #activities: Activities;
  readonly #open = new Map<string, Promise<OpenQueue>>();
  readonly #looker: NodeJS.Timeout;
  #closed = false;

  constructor(options: { basics: WorkerBasics; connection: NativeConnection; store: Store; activities: Activities }) {
    this.#basics = options.basics;
    this.#connection = options.connection;
    this.#store = options.store;
    this.#activities = options.activities;
    this.#looker = setInterval(() => void this.#look(), LOOK_MS);
  }

  /** Opens the queue in this process; resolves when its Worker polls. */
  async open(queue: QueueRow): Promise<void> {
    if (this.#closed) return;
    let opening = this.#open.get(queue.name);
    if (!opening) {
      opening = this.#start(queue);
      this.#open.set(queue.name, opening);
      opening.catch(() => this.#open.delete(queue.name));
    }
    const open = await opening;
    open.usedAt = Math.max(open.usedAt, this.#basics.now());
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#looker);
    const open = await Promise.allSettled(this.#open.values());
    for (const result of open) if (result.status === 'fulfilled') stop(result.value.worker);
    await Promise.allSettled(open.map((result) => (result.status === 'fulfilled' ? result.value.running : null)));
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
    return { worker, running: this.#basics.watch(worker.run(), queue.name), usedAt: this.#basics.now() };
  }

  async #look(): Promise<void> {
    try {
      const now = this.#basics.now();
      const rows = await this.#store.queues(now - IDLE_MS);
      const wanted = new Set(rows.map((row) => row.name));
      for (const row of rows) if (!this.#open.has(row.name)) await this.open(row);
      for (const [name, opening] of this.#open) {
        const open = await opening;
        const busy = open.worker.getStatus().numInFlightActivities > 0;
        if (busy) await this.#touch(name, open, now);
        if (busy || wanted.has(name) || now - open.usedAt < IDLE_MS) continue;
        this.#open.delete(name);
        stop(open.worker);
      }
    } catch (error) {
      this.#basics.onError(error);
    }
  }

  /** Says to all processes that the queue is in use, once a minute. */
  async #touch(name: string, open: OpenQueue, now: number): Promise<void> {
    if (now - open.usedAt < IDLE_MS / 10) return;
    open.usedAt = now;
    const row = (await this.#store.queues(0)).find((queue) => queue.name === name);
    if (row) await this.#store.registerQueue({ ...row, lastUsedAt: now });
  }
}

function stop(worker: Worker): void {
  if (worker.getState() === 'RUNNING') worker.shutdown();
}
