/** The ways in which providers count requests and tokens against a limit per minute. Times are in ms of one monotonic clock. */

/** From `afterMs` on, counted from the start of the simulator, the limit is `perMinute`. */
export interface LimitChange {
  perMinute: number;
  afterMs: number;
}

/** Fixed windows follow each other from the start of the simulator; a sliding one ends now. */
export interface WindowForm {
  kind: 'fixed' | 'sliding';
  ms: number;
}

export interface Counter {
  /** The most that it ever takes at once. */
  readonly capacity: number;
  /** Units per minute. */
  limit(now: number): number;
  /** Ms until `count` fits; 0 = now. */
  wait(count: number, now: number): number;
  /** Takes what fits, or gives it back (count < 0). */
  take(count: number, now: number): void;
  /** A refused request that counts. */
  refused(now: number): void;
  /** Whole units that fit now. */
  remaining(now: number): number;
  /** Ms until all of it fits again. */
  reset(now: number): number;
}

const MINUTE_MS = 60_000;
/** Rounding errors of the filling must not refuse a call that comes exactly on time. */
const ROUNDING = 1e-6;

/** Fills evenly. */
export class Bucket implements Counter {
  private level: number;
  private at = 0;
  private readonly changes: LimitChange[];

  /** `changes` by time, their times on the bucket's clock. */
  constructor(
    private perMinute: number,
    readonly capacity: number,
    changes: readonly LimitChange[] = [],
  ) {
    this.level = capacity;
    this.changes = [...changes];
  }

  limit(now: number): number {
    this.fill(now);
    return this.perMinute;
  }

  wait(count: number, now: number): number {
    this.fill(now);
    if (this.level + ROUNDING >= count) return 0;
    return Math.max(1, Math.ceil(((count - this.level) * MINUTE_MS) / this.perMinute));
  }

  take(count: number, now: number): void {
    this.fill(now);
    this.level = Math.min(this.capacity, this.level - count);
  }

  /** What came since the last request is lost: who asks quicker than it fills never gets in. */
  refused(now: number): void {
    this.fill(now);
    this.level = Math.max(0, this.level - 1);
  }

  remaining(now: number): number {
    this.fill(now);
    return Math.max(0, Math.floor(this.level + ROUNDING));
  }

  reset(now: number): number {
    this.fill(now);
    return ((this.capacity - this.level) * MINUTE_MS) / this.perMinute;
  }

  private fill(now: number): void {
    for (let next = this.changes[0]; next !== undefined && next.afterMs <= now; next = this.changes[0]) {
      this.fillTo(next.afterMs);
      this.perMinute = next.perMinute;
      this.changes.shift();
    }
    this.fillTo(now);
  }

  private fillTo(now: number): void {
    if (now > this.at) this.level = Math.min(this.capacity, this.level + ((now - this.at) * this.perMinute) / MINUTE_MS);
    this.at = now;
  }
}

/** Takes a window's share of the limit in each window, all of it at once if it comes so. */
export class Windows implements Counter {
  /** Times that count, oldest first. */
  private taken: number[] = [];

  /** `from`: when the first of the fixed windows begins. */
  constructor(
    private readonly form: WindowForm,
    private readonly limits: { perMinute: number; changes?: readonly LimitChange[] },
    private readonly from = 0,
  ) {}

  get capacity(): number {
    return this.most(0);
  }

  limit(now: number): number {
    const { perMinute, changes = [] } = this.limits;
    return changes.reduce((limit, change) => (change.afterMs <= now ? change.perMinute : limit), perMinute);
  }

  wait(count: number, now: number): number {
    this.forget(now);
    const over = this.taken.length + count - this.most(now);
    if (over <= 0) return 0;
    return Math.max(1, Math.ceil(this.leavesAt(over - 1, now) - now));
  }

  take(count: number, now: number): void {
    for (let left = count; left > 0; left -= 1) this.taken.push(now);
  }

  refused(now: number): void {
    this.take(1, now);
  }

  remaining(now: number): number {
    this.forget(now);
    return Math.max(0, this.most(now) - this.taken.length);
  }

  reset(now: number): number {
    this.forget(now);
    return this.taken.length === 0 ? 0 : this.leavesAt(this.taken.length - 1, now) - now;
  }

  private most(now: number): number {
    return Math.max(1, Math.floor((this.limit(now) * this.form.ms) / MINUTE_MS));
  }

  /** When the window has forgotten the request at this place in `taken`. */
  private leavesAt(place: number, now: number): number {
    const { kind, ms } = this.form;
    return kind === 'fixed' ? this.begin(now) + ms : (this.taken[place] ?? now) + ms;
  }

  /** When the fixed window of this time begins. */
  private begin(now: number): number {
    const { ms } = this.form;
    return this.from + Math.floor((now - this.from) / ms) * ms;
  }

  private forget(now: number): void {
    const { kind, ms } = this.form;
    const oldest = kind === 'fixed' ? this.begin(now) : now - ms;
    const kept = this.taken.findIndex((at) => (kind === 'fixed' ? at >= oldest : at > oldest));
    if (kept !== 0) this.taken = kept === -1 ? [] : this.taken.slice(kept);
  }
}
