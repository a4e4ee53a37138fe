/** The simulated provider in a process of its own, and its billing log: the truth that runs are compared with. */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import type { CallLine, EndLine } from '../../src/simulator/billing-log.js';
import { digest } from '../../src/simulator/draw.js';
import type { Program } from './program.js';

/** One call by the provider's own book (src/simulator/billing-log.ts). */
export interface ProviderCall {
  n: number;
  /** When the whole request had arrived, ms since the Unix epoch. */
  t: number;
  /** `rowOf` the first user message. */
  row: string;
  turn: number;
  status: number;
  billed: boolean;
  costNano: number;
  /** How the answer went out; null while the call is under way. */
  end: 'sent' | 'gone' | 'cut' | null;
  endedAt: number | null;
}

const LINE_END = 10;

type BookLine = CallLine | EndLine;

/** Price of the simulated models, as the `price` key of a task. */
export const SIM_TASK_PRICE = { input: 0.1, output: 0.4, cached_input: 0.01 };

/** What the book calls a row, from its first user message. */
export function rowOf(prompt: string): string {
  return digest([prompt]);
}

export class Provider {
  readonly url: string;
  readonly #log: string;
  readonly #program: Program;
  readonly #calls = new Map<number, ProviderCall>();
  /** Bytes of the log that were read. */
  #read = 0;
  /** Calls before this number belong to an earlier part of the test. */
  #from = 0;

  constructor(program: Program, url: string, log: string) {
    this.#program = program;
    this.url = url;
    this.#log = log;
  }

  /** Calls since the last `forget`, in the order of their arrival. */
  calls(): ProviderCall[] {
    this.#readOn();
    return [...this.#calls.values()].filter(({ n }) => n > this.#from);
  }

  /** Reads what the log has got since the last look: it is asked hundreds of times while it grows. */
  #readOn(): void {
    if (!existsSync(this.#log)) return;
    const file = openSync(this.#log, 'r');
    try {
      const bytes = Buffer.alloc(fstatSync(file).size - this.#read);
      const length = readSync(file, bytes, 0, bytes.length, this.#read);
      // A line that is being written has no line end yet.
      const whole = bytes.subarray(0, length).lastIndexOf(LINE_END) + 1;
      this.#read += whole;
      for (const line of bytes.toString('utf8', 0, whole).split('\n')) if (line !== '') this.#book(JSON.parse(line) as BookLine);
    } finally {
      closeSync(file);
    }
  }

  #book(entry: BookLine): void {
    const { n, t } = entry;
    if (entry.e === 'call') {
      const { row, turn, status, billed, cost_nano: costNano } = entry;
      this.#calls.set(n, { n, t, row, turn, status, billed, costNano, end: null, endedAt: null });
    } else {
      Object.assign(this.#calls.get(n) ?? {}, { end: entry.end, endedAt: t });
    }
  }

  billed(): ProviderCall[] {
    return this.calls().filter(({ billed }) => billed);
  }

  /** Resolves once this many calls were billed. */
  async untilBilled(count: number, ms = 60_000): Promise<void> {
    for (const until = Date.now() + ms; this.billed().length < count; ) {
      if (Date.now() > until) throw new Error(`${this.billed().length} of ${count} calls were billed in ${ms} ms`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** The calls that were billed once nothing is under way any more: what a killed process had sent may arrive after its end. */
  async billedInAll(ms = 60_000): Promise<number> {
    const until = Date.now() + ms;
    for (let before = -1; ; ) {
      const calls = this.calls();
      if (calls.length === before && calls.every(({ end }) => end !== null)) return this.billed().length;
      if (Date.now() > until) throw new Error(`calls were still under way after ${ms} ms`);
      before = calls.length;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  /** Later questions are about calls from now on. */
  forget(): void {
    this.#from = this.calls().reduce((most, { n }) => Math.max(most, n), this.#from);
  }

  get pid(): number {
    return this.#program.pid;
  }

  async stop(): Promise<void> {
    await this.#program.stop();
  }
}

/** Calls of the same row and turn beyond the first: what was paid for twice. */
export function paidTwice(calls: readonly ProviderCall[]): ProviderCall[] {
  const seen = new Set<string>();
  return calls.filter(({ row, turn }) => {
    const key = `${row}/${turn}`;
    if (!seen.has(key)) {
      seen.add(key);
      return false;
    }
    return true;
  });
}

/** USD by the provider's own book. */
export function spentUsd(calls: readonly ProviderCall[]): number {
  return calls.reduce((sum, { costNano }) => sum + costNano, 0) / 1e9;
}

/** Most calls that arrived within any stretch of this length. */
export function mostInWindow(calls: readonly ProviderCall[], windowMs: number): number {
  const times = calls.map(({ t }) => t).sort((a, b) => a - b);
  let most = 0;
  let first = 0;
  for (const [last, time] of times.entries()) {
    while ((times[first] as number) <= time - windowMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
