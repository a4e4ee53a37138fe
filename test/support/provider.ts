/** The simulated provider in a process of its own, and its billing log: the truth that runs are compared with. */
import { existsSync, readFileSync } from 'node:fs';
import type { CallLine } from '../../src/simulator/billing-log.js';
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
  attempt: number;
  status: number;
  billed: boolean;
  costNano: number;
  /** How the answer went out; null while the call is under way. */
  end: 'sent' | 'gone' | 'cut' | null;
  endedAt: number | null;
}

type BookLine = ({ e: 'call' } & CallLine) | { e: 'end'; n: number; t: number; end: 'sent' | 'gone' | 'cut' };

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
  /** Calls before this number belong to an earlier part of the test. */
  #from = 0;

  constructor(program: Program, url: string, log: string) {
    this.#program = program;
    this.url = url;
    this.#log = log;
  }

  /** Calls since the last `forget`, in the order of their arrival. */
  calls(): ProviderCall[] {
    if (!existsSync(this.#log)) return [];
    const calls = new Map<number, ProviderCall>();
    // A line that is being written has no line end yet.
    const text = readFileSync(this.#log, 'utf8');
    for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
      if (line === '') continue;
      const entry = JSON.parse(line) as BookLine;
      const { n, t } = entry;
      if (entry.e === 'call') {
        const { row, turn, attempt, status, billed, cost_nano: costNano } = entry;
        calls.set(n, { n, t, row, turn, attempt, status, billed, costNano, end: null, endedAt: null });
      } else {
        Object.assign(calls.get(n) ?? {}, { end: entry.end, endedAt: t });
      }
    }
    return [...calls.values()].filter(({ n }) => n > this.#from);
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

  /** Later questions are about calls from now on. */
  forget(): void {
    this.#from = this.calls().reduce((most, { n }) => Math.max(most, n), this.#from);
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
