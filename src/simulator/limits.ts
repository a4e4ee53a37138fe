/** Requests and tokens per minute as token buckets, with the headers that OpenAI sends. Pure: the caller gives the time. */

/** From `afterMs` on, counted from the start of the simulator, the limit is `perMinute`. */
export interface LimitChange {
  perMinute: number;
  afterMs: number;
}

/** A bucket that fills evenly. Times are in ms of one monotonic clock. */
class Bucket {
  readonly capacity: number;
  limit: number;
  private level: number;
  private at = 0;
  private readonly changes: LimitChange[];

  /** `changes` by time, their times on the bucket's clock. */
  constructor(limitPerMinute: number, capacity: number, changes: readonly LimitChange[] = []) {
    this.limit = limitPerMinute;
    this.capacity = capacity;
    this.level = capacity;
    this.changes = [...changes];
  }

  /** Ms until `count` fits; 0 = now. */
  wait(count: number, now: number): number {
    this.fill(now);
    // Rounding errors of the filling must not refuse a call that comes exactly on time.
    if (this.level + 1e-6 >= count) return 0;
    return Math.max(1, Math.ceil(((count - this.level) * 60_000) / this.limit));
  }

  take(count: number): void {
    this.level = Math.min(this.capacity, this.level - count);
  }

  remaining(now: number): number {
    this.fill(now);
    return Math.max(0, Math.floor(this.level + 1e-6));
  }

  /** Ms until the bucket is full. */
  reset(now: number): number {
    this.fill(now);
    return ((this.capacity - this.level) * 60_000) / this.limit;
  }

  private fill(now: number): void {
    for (let next = this.changes[0]; next !== undefined && next.afterMs <= now; next = this.changes[0]) {
      this.fillTo(next.afterMs);
      this.limit = next.perMinute;
      this.changes.shift();
    }
    this.fillTo(now);
  }

  private fillTo(now: number): void {
    if (now > this.at) this.level = Math.min(this.capacity, this.level + ((now - this.at) * this.limit) / 60_000);
    this.at = now;
  }
}

export interface LimitSettings {
  /** Requests per minute. */
  rpm: number | null;
  /** What `rpm` becomes later. @default none */
  rpmChanges?: readonly LimitChange[];
  /** Tokens per minute. */
  tpm: number | null;
  /** Requests that may come at once; null = one second's worth, at least 1. */
  burst: number | null;
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
  private readonly requests: Bucket | null;
  private readonly tokens: Bucket | null;

  /** `startedAt`: the start of the simulator on the clock of all other times. */
  constructor(settings: LimitSettings, startedAt = 0) {
    const { rpm, tpm, burst, rpmChanges = [] } = settings;
    const changes = rpmChanges
      .map(({ perMinute, afterMs }) => ({ perMinute, afterMs: startedAt + afterMs }))
      .sort((a, b) => a.afterMs - b.afterMs);
    this.requests = rpm === null ? null : new Bucket(rpm, burst ?? Math.max(1, Math.ceil(rpm / 60)), changes);
    this.tokens = tpm === null ? null : new Bucket(tpm, tpm);
  }

  /** Takes one request and its tokens, or says how long to wait. A refused call takes nothing. */
  admit(tokens: number, now: number): Admission {
    const { requests, tokens: bucket } = this;
    if (bucket && tokens > bucket.capacity) return { kind: 'never', limit: bucket.limit };
    const forRequest = requests?.wait(1, now) ?? 0;
    const forTokens = bucket?.wait(tokens, now) ?? 0;
    if (requests && forRequest > 0 && forRequest >= forTokens) {
      return { kind: 'wait', what: 'requests', limit: requests.limit, waitMs: forRequest };
    }
    if (bucket && forTokens > 0) return { kind: 'wait', what: 'tokens', limit: bucket.limit, waitMs: forTokens };
    requests?.take(1);
    bucket?.take(tokens);
    return { kind: 'admitted' };
  }

  /** Gives back tokens that were taken for the longest possible answer and not used. */
  giveBack(tokens: number): void {
    this.tokens?.take(-tokens);
  }

  /** Flat list of `x-ratelimit-*` names and values, for the limits that are set. */
  headers(now: number): string[] {
    const list: string[] = [];
    for (const [name, bucket] of [
      ['requests', this.requests],
      ['tokens', this.tokens],
    ] as const) {
      if (!bucket) continue;
      list.push(`x-ratelimit-limit-${name}`, String(bucket.limit));
      list.push(`x-ratelimit-remaining-${name}`, String(bucket.remaining(now)));
      list.push(`x-ratelimit-reset-${name}`, goDuration(bucket.reset(now)));
    }
    return list;
  }
}
