/** The asking side of the checking thread: one job at a time, each with its time; what takes longer is killed with the thread. */
import type { Worker } from 'node:worker_threads';
import { startThread } from '../threads.js';
import type { ThreadAnswer, ThreadJob } from './thread-messages.js';

/** More memory than any check needs that is worth waiting for. */
const RESOURCES = { maxOldGenerationSizeMb: 192, stackSizeMb: 4 };

interface Waiting {
  job: ThreadJob;
  ms: number;
  resolve(answer: Exclude<ThreadAnswer, 'ready'> | null): void;
  reject(error: Error): void;
}

export class CheckingThread {
  #thread: Worker | null = null;
  #isReady = false;
  /** The first one is under way. */
  readonly #jobs: Waiting[] = [];
  #timer: NodeJS.Timeout | null = null;

  /** Null when it took longer than `ms`, or more memory than there is. Throws when no thread can be had. */
  run(job: ThreadJob, ms: number): Promise<Exclude<ThreadAnswer, 'ready'> | null> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ job, ms, resolve, reject });
      if (this.#jobs.length === 1) this.#next();
    });
  }

  #next(): void {
    const waiting = this.#jobs[0];
    if (waiting === undefined) {
      // Nobody waits for it: it keeps no process alive.
      this.#thread?.unref();
      return;
    }
    try {
      this.#thread ??= this.#start();
    } catch (error) {
      this.#jobs.shift();
      waiting.reject(error as Error);
      this.#next();
      return;
    }
    this.#thread.ref();
    if (!this.#isReady) return;
    this.#thread.postMessage(waiting.job);
    this.#timer = setTimeout(() => this.#ended(null), waiting.ms);
  }

  #start(): Worker {
    const thread = startThread(new URL('./check-thread.js', import.meta.url), { resourceLimits: RESOURCES });
    this.#isReady = false;
    thread.on('message', (answer: ThreadAnswer) => {
      if (thread !== this.#thread) return;
      if (answer !== 'ready') return this.#ended(answer);
      this.#isReady = true;
      this.#next();
    });
    thread.on('error', (error) => this.#died(thread, error));
    thread.on('exit', () => this.#died(thread, new Error('the checking thread has ended')));
    return thread;
  }

  /** The job under way has its answer; null: no time is left for it. */
  #ended(answer: Exclude<ThreadAnswer, 'ready'> | null): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (answer === null) {
      void this.#thread?.terminate();
      this.#thread = null;
    }
    this.#jobs.shift()?.resolve(answer);
    this.#next();
  }

  /** Before it was ready there is none to be had; later the job was too much for it. */
  #died(thread: Worker, error: Error): void {
    if (thread !== this.#thread) return;
    this.#thread = null;
    if (this.#isReady && this.#timer !== null) this.#ended(null);
    else if (!this.#isReady) {
      for (const waiting of this.#jobs.splice(0)) waiting.reject(error);
    }
  }
}

/** Of this process. */
export const checkingThread = new CheckingThread();
