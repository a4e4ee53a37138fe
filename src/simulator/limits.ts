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

/** How much is left of a limit, and in how long all of it is. */
export interface LimitLeft {
  unit: 'requests' | 'tokens';
  limit: number;
  remaining: number;
  resetMs: number;
}

/** Flat list of the headers in which a provider tells of a limit. */
export type NamesLimit = (left: LimitLeft) => string[];

const openAiHeaders: NamesLimit = ({ unit, limit, remaining, resetMs }) => [
  `x-ratelimit-limit-${unit}`,
  String(limit),
  `x-ratelimit-remaining-${unit}`,
  String(remaining),
  `x-ratelimit-reset-${unit}`,
  goDuration(resetMs),
];

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

  /** Flat list of names and values of headers, for the limits that are set. */
  headers(now: number, named: NamesLimit = openAiHeaders): string[] {
    const list: string[] = [];
    for (const [unit, counter] of [
      ['requests', this.requests],
      ['tokens', this.tokens],
    ] as const) {
      if (!counter) continue;
      const [limit, remaining, resetMs] = [counter.limit(now), counter.remaining(now), counter.reset(now)];
      list.push(...named({ unit, limit, remaining, resetMs }));
    }
    return list;
  }
}
