/** A provider with limits, as the gate meets it: what becomes of a call, and when that is known. */

import type { RefusedFor } from '../../../src/core/gate/learned.js';
import type { ToldLimits } from '../../../src/core/gate/told-limits.js';
import { Bucket, type Counter, type WindowForm, Windows } from '../../../src/simulator/counters.js';
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
  /** Requests are counted in windows in place of a bucket, the first of which began at this time before the start. */
  window?: WindowForm & { agoMs?: number };
  /** True: refused requests count against the rate, too. @default false */
  refusalsCount?: boolean;
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
  readonly #requests: Counter | null;
  readonly #tokens: Counter | null;

  constructor(
    private readonly model: ProviderModel,
    private readonly random: TestRandom,
    private readonly startedAt: number,
  ) {
    const { rate, tokensPerMinute, tokenBurst } = model;
    this.#requests = rate === undefined ? null : requestsOf(model, rate, startedAt);
    this.#tokens = tokensPerMinute === undefined ? null : new Bucket(tokensPerMinute, tokenBurst ?? tokensPerMinute);
  }

  /** A call arrives. `faults`: decides of those that have nothing to do with load. `held`: it was taken, and the caller says `over` after `afterMs`; else it has ended by then. */
  take(
    tokens: CallTokens,
    faults: TestRandom,
    now: number,
  ): { afterMs: number; held: 'answered' | 'failed' } | { afterMs: number; end: CallEnd } {
    const { model, random } = this;
    const since = now - this.startedAt;
    const refusalMs = draw(model.refusalMs ?? 2, random);
    this.#count('sends', since);
    const out = model.outages?.find(([from, to]) => since >= from && since < to);
    if (out) {
      this.#count('failed', since);
      return { afterMs: refusalMs, end: { kind: 'failed' } };
    }
    const refusal = faults.next() < (model.random429 ?? 0) ? this.#refused(null, 1_000, now) : this.#refusal(tokens, now, since);
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
    const fails = cut !== undefined || faults.next() < (model.random500 ?? 0);
    return { afterMs: cut ? cut[0] - since : latencyMs, held: fails ? 'failed' : 'answered' };
  }

  #refusal(tokens: CallTokens, now: number, since: number): CallEnd | null {
    const { model } = this;
    const refused = (what: RefusedFor, exactMs: number) => this.#refused(what, exactMs, now);
    if (model.storms?.some(([from, to]) => since >= from && since < to)) return refused(null, 1_000);
    if (model.concurrency !== undefined && this.#inFlight >= valueAt(model.concurrency, since)) return refused('concurrency', 0);
    const size = tokens.prompt + (model.holdsMaxTokens ? tokens.max : tokens.output);
    const forRequest = this.#requests?.wait(1, now) ?? 0;
    const forTokens = this.#tokens?.wait(size, now) ?? 0;
    if (forRequest > 0 || forTokens > 0) {
      if (model.refusalsCount) this.#requests?.refused(now);
      return forRequest > 0 ? refused('requests', forRequest) : refused('tokens', forTokens);
    }
    this.#requests?.take(1, now);
    this.#tokens?.take(size, now);
    return null;
  }

  #refused(what: RefusedFor, exactMs: number, now: number): CallEnd {
    const { retryAfterMs, names } = this.model;
    const waitMs = retryAfterMs === 'exact' ? Math.ceil(exactMs) : (retryAfterMs ?? null);
    return { kind: 'refused', retryAfterMs: waitMs, what: names ? what : null, told: this.told(now) };
  }

  /** The call is over at the provider's side. */
  over(tokens: CallTokens, kind: 'answered' | 'failed', now: number): ToldLimits | null {
    this.#inFlight -= 1;
    if (this.model.holdsMaxTokens) this.#tokens?.take(tokens.output - tokens.max, now);
    this.#count(kind, now - this.startedAt);
    return this.told(now);
  }

  told(now: number): ToldLimits | null {
    const { model } = this;
    if (!model.headers) return null;
    const of = (counter: Counter) => ({
      limit: counter.limit(now),
      remaining: counter.remaining(now),
      resetMs: counter.reset(now),
    });
    return { ...(this.#requests && { requests: of(this.#requests) }), ...(this.#tokens && { tokens: of(this.#tokens) }) };
  }

  #count(what: keyof Booked, since: number): void {
    this.book[what] += 1;
    const second = Math.max(0, Math.floor(since / 1_000));
    while (this.seconds.length <= second) this.seconds.push({ sends: 0, refused: 0, answered: 0, failed: 0 });
    this.seconds[second]![what] += 1;
  }
}

function requestsOf({ burst, window }: ProviderModel, rate: Steps, startedAt: number): Counter {
  const perSecond = valueAt(rate, 0);
  const changes = typeof rate === 'number' ? [] : rate.map(([from, to]) => ({ perMinute: to * 60, afterMs: startedAt + from }));
  if (window) return new Windows(window, { perMinute: perSecond * 60, changes }, startedAt - (window.agoMs ?? 0));
  return new Bucket(perSecond * 60, burst ?? Math.max(1, Math.ceil(perSecond)), changes);
}

export function valueAt(steps: Steps, ms: number): number {
  if (typeof steps === 'number') return steps;
  let value = steps[0]![1];
  for (const [from, to] of steps) if (ms >= from) value = to;
  return value;
}
