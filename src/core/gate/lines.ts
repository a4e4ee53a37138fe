/** All runs at a gate: which of them may go next, and what they are ready for. */
import type { EpochMs } from '../model.js';
import { goesBefore, type Ticket } from './fair-queue.js';
import type { RunLimits } from './limits.js';
import { Line } from './line.js';

export class Lines {
  readonly #lines = new Map<string, Line>();
  /** As an earlier run found it. */
  #answerTokens: number | null;

  constructor(answerTokens: number | null) {
    this.#answerTokens = answerTokens;
  }

  get(runId: string): Line | undefined {
    return this.#lines.get(runId);
  }

  /** Throws for an unknown run. */
  at(runId: string): Line {
    const line = this.#lines.get(runId);
    if (!line) throw new Error(`the gate does not know run ${runId}`);
    return line;
  }

  set(runId: string, limits: RunLimits): void {
    const line = this.#lines.get(runId);
    if (line) line.change(limits);
    else this.#lines.set(runId, new Line(limits, this.#answerTokens));
  }

  /** Its waiting tickets. */
  drop(runId: string): Ticket[] {
    const line = this.#lines.get(runId);
    if (!line) return [];
    this.#answerTokens = line.tokens.expected ?? this.#answerTokens;
    this.#lines.delete(runId);
    return line.queue.all();
  }

  limits(): RunLimits[] {
    return [...this.#lines.values()].map(({ limits }) => limits);
  }

  /** Tokens of an answer, by the run that came last; null when nobody knows. */
  get answerTokens(): number | null {
    let tokens = this.#answerTokens;
    for (const line of this.#lines.values()) tokens = line.tokens.expected ?? tokens;
    return tokens;
  }

  fairest(now: EpochMs, paced: boolean): Line | null {
    let best: { line: Line; first: Ticket; virtual: number } | null = null;
    for (const line of this.#lines.values()) {
      if (!line.mayGo(now, paced)) continue;
      const candidate = { line, first: line.queue.first() as Ticket, virtual: line.queue.virtual };
      if (best === null || goesBefore(candidate, best)) best = candidate;
    }
    return best?.line ?? null;
  }

  /** The next time at which a run's start goes on; null when none waits for that. */
  staggeredUntil(now: EpochMs): EpochMs | null {
    let next: EpochMs | null = null;
    for (const line of this.#lines.values()) {
      const at = line.staggeredUntil();
      if (line.queue.size > 0 && at > now) next = Math.min(next ?? at, at);
    }
    return next;
  }

  /** Tickets that lack nothing but a slot of a rate, and the tokens of the largest of the first ones. */
  ready(now: EpochMs): { count: number; tokens: number } {
    let count = 0;
    let tokens = 0;
    for (const line of this.#lines.values()) {
      if (!line.mayGo(now, true)) continue;
      const { promptTokens, maxTokens } = line.queue.first() as Ticket;
      tokens = Math.max(tokens, line.tokens.estimate(promptTokens, maxTokens));
      count += Math.min(line.queue.size, line.room(true) - line.inFlight);
    }
    return { count, tokens };
  }
}
