/** The main thread's side of the writer thread. */
import type { Worker } from 'node:worker_threads';
import { EXIT, SwarmError } from '../../core/errors.js';
import { startThread } from '../../threads.js';
import type { OperationInput, OperationName, OperationResult, Writer } from '../sql/all-operations.js';
import { storeError } from '../store-errors.js';
import { type FromWriter, type ThreadData, type ToWriter, unpackFailure } from './thread-messages.js';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class LibsqlWriter implements Writer {
  readonly #file: string;
  #thread: Worker | null = null;
  #nextId = 1;
  #outbox: Extract<ToWriter, { writes: unknown }>['writes'] = [];
  readonly #waiting = new Map<number, Waiting>();
  /** Set when no more writes are taken. */
  #ended: Error | null = null;
  #idle: (() => void) | null = null;

  constructor(file: string) {
    this.#file = file;
  }

  write<N extends OperationName>(name: N, input: OperationInput<N>): Promise<OperationResult<N>> {
    if (this.#ended) return Promise.reject(this.#ended);
    let thread: Worker;
    try {
      // Started with the first write, and again after a thread that died: who only reads needs none.
      thread = this.#thread ?? this.#start();
    } catch (cause) {
      return Promise.reject(storeError(cause, this.#file));
    }
    return new Promise((resolve, reject) => {
      // Only waiting writes keep the process alive.
      if (this.#waiting.size === 0) thread.ref();
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      // One message per turn of the event loop: a message costs more than a write.
      if (this.#outbox.length === 0) setImmediate(() => this.#send());
      this.#outbox.push({ id, name, input });
    });
  }

  expectWrites(): void {
    if (this.#ended || this.#thread) return;
    try {
      this.#start();
    } catch {
      // The first write meets it again.
    }
  }

  #start(): Worker {
    const workerData: ThreadData = { file: this.#file };
    const thread = startThread(new URL('./writer-thread.js', import.meta.url), { workerData });
    thread.on('message', (message: FromWriter) => this.#receive(message));
    thread.on('error', (cause) => this.#lost(thread, writerLost(this.#file, cause)));
    thread.on('exit', () => this.#lost(thread, writerLost(this.#file)));
    thread.unref();
    this.#thread = thread;
    return thread;
  }

  #send(): void {
    const writes = this.#outbox;
    this.#outbox = [];
    if (this.#ended) return;
    try {
      this.#thread?.postMessage({ writes } satisfies ToWriter);
    } catch (cause) {
      // Not plain data in one of them: only a bug of the caller gets here.
      for (const { id } of writes) this.#take(id)?.reject(cause instanceof Error ? cause : new Error(String(cause)));
      this.#rest();
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #receive({ results }: FromWriter): void {
    for (const result of results) {
      const waiting = this.#take(result.id);
      if ('failure' in result) waiting?.reject(unpackFailure(result.failure));
      else waiting?.resolve(result.value);
    }
    this.#rest();
  }

  #rest(): void {
    if (this.#waiting.size > 0) return;
    this.#thread?.unref();
    this.#idle?.();
  }

  /** What it was given and has not answered may be stored or not: the callers are told, and the next write starts another thread. */
  #lost(thread: Worker, error: Error): void {
    if (this.#thread !== thread) return;
    this.#thread = null;
    this.#outbox = [];
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(this.#ended ?? error);
    this.#idle?.();
  }

  async close(): Promise<void> {
    if (this.#waiting.size > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    this.#ended ??= writerEnded(this.#file);
    const thread = this.#thread;
    if (!thread) return;
    thread.ref();
    const gone = new Promise((resolve) => thread.once('exit', resolve));
    thread.postMessage({ close: true } satisfies ToWriter);
    await gone;
  }
}

/** Out of memory, or descriptors: the next write may find it better. */
function writerLost(file: string, cause?: Error): SwarmError {
  return new SwarmError(
    {
      code: 'E_STORE_WRITE',
      place: { file },
      found: `the thread that writes the store ended${cause === undefined ? '' : `: ${cause.message}`}`,
      fix: 'check memory and the limit of open files (ulimit -n), then run again: nothing that was stored is paid for again',
    },
    EXIT.diskWrite,
    { cause },
  );
}

function writerEnded(file: string): SwarmError {
  return new SwarmError({ code: 'E_STORE_CLOSED', place: { file }, found: 'the store is closed' }, EXIT.bug);
}
