/** Requests and tokens per minute, with the headers that OpenAI sends. Pure: the caller gives the time. */
import { Bucket, type Counter, type LimitChange, type WindowForm, Windows } from './counters.js';

export interface LimitSettings {
  /** Requests per minute. */
  rpm: number | null;
  /** What `rpm` becomes later. @default none */
  rpmChanges?: readonly LimitChange[];
  /** Tokens per minute. */
  tpm: number | null;
  /** Requests that may come at once; null = one second's worth, at least 1. */
  burst: number | null;
  /** Requests are counted in windows in place of a bucket. @default null, a bucket */
  window?: WindowForm | null;
  /** True: refused requests count against `rpm`, too. @default false */
  refusalsCount?: boolean;
}

export type Admission =
  | { kind: 'admitted' }
  | { kind: 'wait'; what: 'requests' | 'tokens'; limit: number; waitMs: number }
  /** More tokens than the bucket ever holds: waiting does not help. */
  | { kind: 'never'; limit: number };

/** A duration as OpenAI writes it: `20ms`, `1.5s`, `6m0s`. */
export function goDuration(ms: number): string {
  const whole = Math.ceil(ms);
  if (whole < 1000) return `${whole}ms`;
  const minutes = Math.floor(whole / 60_000);
  const seconds = (whole - minutes * 60_000) / 1000;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

export class Limits {
  private readonly requests: Counter | null;
  private readonly tokens: Counter | null;
  private readonly refusalsCount: boolean;

  /** `startedAt`: the start of the simulator on the clock of all other times. */
  constructor(settings: LimitSettings, startedAt = 0) {
    const { rpm, tpm, burst, rpmChanges = [], window = null } = settings;
    const changes = rpmChanges
      .map(({ perMinute, afterMs }) => ({ perMinute, afterMs: startedAt + afterMs }))
      .sort((a, b) => a.afterMs - b.afterMs);
    const requests = (perMinute: number) =>
      window === null
        ? new Bucket(perMinute, burst ?? Math.max(1, Math.ceil(perMinute / 60)), changes)
        : new Windows(window, { perMinute, changes }, startedAt);
    this.requests = rpm === null ? null : requests(rpm);
    this.tokens = tpm === null ? null : new Bucket(tpm, tpm);
    this.refusalsCount = settings.refusalsCount ?? false;
  }

  /** Takes one request and its tokens, or says how long to wait. A refused call takes no tokens. */
  admit(tokens: number, now: number): Admission {
    const { requests, tokens: bucket } = this;
    if (bucket && tokens > bucket.capacity) return { kind: 'never', limit: bucket.limit(now) };
    const forRequest = requests?.wait(1, now) ?? 0;
    const forTokens = bucket?.wait(tokens, now) ?? 0;
    if (this.refusalsCount && (forRequest > 0 || forTokens > 0)) requests?.refused(now);
    if (requests && forRequest > 0 && forRequest >= forTokens) {
      return { kind: 'wait', what: 'requests', limit: requests.limit(now), waitMs: forRequest };
    }
    if (bucket && forTokens > 0) return { kind: 'wait', what: 'tokens', limit: bucket.limit(now), waitMs: forTokens };
    requests?.take(1, now);
    bucket?.take(tokens, now);
    return { kind: 'admitted' };
  }

  /** Gives back tokens that were taken for the longest possible answer and not used. */
  giveBack(tokens: number, now: number): void {
    this.tokens?.take(-tokens, now);
  }

  /** Flat list of `x-ratelimit-*` names and values, for the limits that are set. */
  headers(now: number): string[] {
    const list: string[] = [];
    for (const [name, counter] of [
      ['requests', this.requests],
      ['tokens', this.tokens],
    ] as const) {
      if (!counter) continue;
      list.push(`x-ratelimit-limit-${name}`, String(counter.limit(now)));
      list.push(`x-ratelimit-remaining-${name}`, String(counter.remaining(now)));
      list.push(`x-ratelimit-reset-${name}`, goDuration(counter.reset(now)));
    }
    return list;
  }
}
