/** The main thread's side of the writer thread. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { EXIT, SwarmError } from '../core/errors.js';
import type { OperationInput, OperationName, OperationResult, Writer } from './operations.js';
import { storeError } from './store-errors.js';
import { type FromWriter, type ThreadData, type ToWriter, unpackFailure } from './thread-messages.js';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

function startThread(file: string): Worker {
  const workerData: ThreadData = { file };
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL('./writer-thread.js', import.meta.url), { workerData });
  // Run from sources (tests): a worker thread does not get the loader of its parent, so it starts one.
  const tsx = createRequire(import.meta.url).resolve('tsx/package.json');
  const loader = new URL('./dist/esm/api/index.mjs', pathToFileURL(tsx)).href;
  const source = new URL('./writer-thread.ts', import.meta.url).href;
  const script = `import(${JSON.stringify(loader)}).then((tsx) => tsx.tsImport(${JSON.stringify(source)}, ${JSON.stringify(source)}))`;
  return new Worker(script, { eval: true, workerData });
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
    // Started with the first write: who only reads needs no thread.
    const thread = this.#thread ?? this.#start();
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
    if (!this.#ended && !this.#thread) this.#start();
  }

  #start(): Worker {
    const thread = startThread(this.#file);
    thread.on('message', (message: FromWriter) => this.#receive(message));
    thread.on('error', (cause) => this.#fail(storeError(cause, this.#file)));
    thread.on('exit', () => this.#fail(writerEnded(this.#file)));
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

  #fail(error: Error): void {
    this.#ended ??= error;
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(error);
    this.#rest();
  }

  async close(): Promise<void> {
    if (this.#waiting.size > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    const thread = this.#thread;
    const running = thread && !this.#ended;
    this.#ended ??= writerEnded(this.#file);
    if (!running) return;
    thread.ref();
    const gone = new Promise((resolve) => thread.once('exit', resolve));
    thread.postMessage({ close: true } satisfies ToWriter);
    await gone;
  }
}

function writerEnded(file: string): SwarmError {
  return new SwarmError({ code: 'E_STORE_CLOSED', place: { file }, found: 'the store is closed' }, EXIT.bug);
}
