/** A provider with limits, as the gate meets it: what becomes of a call, and when that is known. */

import type { RefusedFor } from '../../../src/core/gate/learned.js';
import type { ToldLimits } from '../../../src/core/gate/told-limits.js';
import type { TestRandom } from '../test-random.js';
import { draw, type Spread } from './draw.js';

/** A value that changes with time: [from ms, value], ascending. */
export type Steps = number | [number, number][];

export interface ProviderModel {
  latencyMs: Spread;
  /** Time of a refusal, there and back. @default 2 */
  refusalMs?: Spread;
  /** Requests per second. */
  rate?: Steps;
  /** Requests that may come at once. @default one second's worth */
  burst?: number;
  tokensPerMinute?: number;
  /** @default a whole minute's worth */
  tokenBurst?: number;
  /** True: prompt + max_tokens are held until the answer is there. @default false: what was used is taken at the start */
  holdsMaxTokens?: boolean;
  /** Calls in flight. */
  concurrency?: Steps;
  /** True: limits are told in headers. @default false */
  headers?: boolean;
  /** Wait named by a refusal, ms; `exact` = when it would fit. @default none named */
  retryAfterMs?: number | 'exact';
  /** Shares of calls refused or failed whatever the load. */
  random429?: number;
  random500?: number;
  /** No connection in these times [from, to], ms from the start; calls under way are cut. */
  outages?: [number, number][];
  /** Every call is refused in these times. */
  storms?: [number, number][];
  /** Says what it ran out of. @default false */
  names?: boolean;
  /** Answers per second that it has the power for: beyond it calls queue. */
  power?: number;
}

export type CallEnd =
  | { kind: 'answered'; told: ToldLimits | null }
  | { kind: 'failed' }
  | { kind: 'refused'; retryAfterMs: number | null; what: RefusedFor; told: ToldLimits | null };

export interface CallTokens {
  prompt: number;
  output: number;
  max: number;
}

class Bucket {
  level: number;
  #at: number;

  constructor(
    readonly capacity: number,
    now: number,
  ) {
    this.level = capacity;
    this.#at = now;
  }

  fill(perMs: number, now: number): void {
    this.level = Math.min(this.capacity, this.level + (now - this.#at) * perMs);
    this.#at = now;
  }
}

export interface Booked {
  sends: number;
  refused: number;
  answered: number;
  failed: number;
}

export class SimulatedProvider {
  readonly book: Booked = { sends: 0, refused: 0, answered: 0, failed: 0 };
  /** Times of calls taken, for checks of windows. */
  readonly taken: number[] = [];
  /** Per second from the start: answered, sent, refused. */
  readonly seconds: Booked[] = [];
  #inFlight = 0;
  #queueFreeAt = 0;
  readonly #requests: Bucket | null;
  readonly #tokens: Bucket | null;

  constructor(
    private readonly model: ProviderModel,
    private readonly random: TestRandom,
    private readonly startedAt: number,
  ) {
    const { rate, burst, tokensPerMinute, tokenBurst } = model;
    this.#requests = rate === undefined ? null : new Bucket(burst ?? Math.max(1, Math.ceil(valueAt(rate, 0))), startedAt);
    this.#tokens = tokensPerMinute === undefined ? null : new Bucket(tokenBurst ?? tokensPerMinute, startedAt);
  }

  /** A call arrives. `held`: it was taken, and the caller says `over` after `afterMs`; else it has ended by then. */
  take(tokens: CallTokens, now: number): { afterMs: number; held: 'answered' | 'failed' } | { afterMs: number; end: CallEnd } {
    const { model, random } = this;
    const since = now - this.startedAt;
    const refusalMs = draw(model.refusalMs ?? 2, random);
    this.#count('sends', since);
    const out = model.outages?.find(([from, to]) => since >= from && since < to);
    if (out) {
      this.#count('failed', since);
      return { afterMs: refusalMs, end: { kind: 'failed' } };
    }
    const refusal = this.#refusal(tokens, now, since);
    if (refusal) {
      this.#count('refused', since);
      return { afterMs: refusalMs, end: refusal };
    }
    this.taken.push(now);
    this.#inFlight += 1;
    let latencyMs = draw(model.latencyMs, random);
    if (model.power !== undefined) {
      this.#queueFreeAt = Math.max(this.#queueFreeAt, now) + 1_000 / model.power;
      latencyMs += this.#queueFreeAt - now;
    }
    const cut = model.outages?.find(([from]) => from > since && from < since + latencyMs);
    const fails = cut !== undefined || random.next() < (model.random500 ?? 0);
    return { afterMs: cut ? cut[0] - since : latencyMs, held: fails ? 'failed' : 'answered' };
  }

  #refusal(tokens: CallTokens, now: number, since: number): CallEnd | null {
    const { model, random } = this;
    const refused = (what: RefusedFor, exactMs: number): CallEnd => {
      const { retryAfterMs } = model;
      const waitMs = retryAfterMs === 'exact' ? Math.ceil(exactMs) : (retryAfterMs ?? null);
      return { kind: 'refused', retryAfterMs: waitMs, what: model.names ? what : null, told: this.told(now) };
    };
    if (model.storms?.some(([from, to]) => since >= from && since < to)) return refused(null, 1_000);
    if (random.next() < (model.random429 ?? 0)) return refused(null, 1_000);
    if (model.concurrency !== undefined && this.#inFlight >= valueAt(model.concurrency, since)) return refused('concurrency', 0);
    this.#fill(now);
    const size = tokens.prompt + (model.holdsMaxTokens ? tokens.max : tokens.output);
    if (this.#requests && this.#requests.level < 1 - 1e-6) {
      return refused('requests', ((1 - this.#requests.level) * 1_000) / valueAt(model.rate as Steps, since));
    }
    if (this.#tokens && this.#tokens.level < size - 1e-6) {
      return refused('tokens', ((size - this.#tokens.level) * 60_000) / (model.tokensPerMinute as number));
    }
    if (this.#requests) this.#requests.level -= 1;
    if (this.#tokens) this.#tokens.level -= size;
    return null;
  }

  /** The call is over at the provider's side. */
  over(tokens: CallTokens, kind: 'answered' | 'failed', now: number): ToldLimits | null {
    this.#inFlight -= 1;
    this.#fill(now);
    if (this.model.holdsMaxTokens && this.#tokens) this.#tokens.level += tokens.max - tokens.output;
    this.#count(kind, now - this.startedAt);
    return this.told(now);
  }

  told(now: number): ToldLimits | null {
    const { model } = this;
    if (!model.headers) return null;
    this.#fill(now);
    const told: ToldLimits = {};
    if (this.#requests) {
      const perMs = valueAt(model.rate as Steps, now - this.startedAt) / 1_000;
      const { level, capacity } = this.#requests;
      told.requests = { limit: perMs * 60_000, remaining: Math.floor(level), resetMs: (capacity - level) / perMs };
    }
    if (this.#tokens) {
      const limit = model.tokensPerMinute as number;
      const { level, capacity } = this.#tokens;
      told.tokens = { limit, remaining: Math.max(0, Math.floor(level)), resetMs: ((capacity - level) * 60_000) / limit };
    }
    return told;
  }

  #fill(now: number): void {
    const { rate, tokensPerMinute } = this.model;
    this.#requests?.fill(valueAt(rate as Steps, now - this.startedAt) / 1_000, now);
    this.#tokens?.fill((tokensPerMinute as number) / 60_000, now);
  }

  #count(what: keyof Booked, since: number): void {
    this.book[what] += 1;
    const second = Math.max(0, Math.floor(since / 1_000));
    while (this.seconds.length <= second) this.seconds.push({ sends: 0, refused: 0, answered: 0, failed: 0 });
    this.seconds[second]![what] += 1;
  }
}

export function valueAt(steps: Steps, ms: number): number {
  if (typeof steps === 'number') return steps;
  let value = steps[0]![1];
  for (const [from, to] of steps) if (ms >= from) value = to;
  return value;
}
