/**
 * Who lives, as this process sees it. A lease in the store is a time of its owner's wall, which may have been set, there or here: what
 * counts is that it changes, which a living owner sees to every second. Only an owner that is met for the first time is judged by its time,
 * and not taken for dead by that alone.
 */
import { type Clock, fromWall } from '../../core/clock.js';
import type { EpochMs } from '../../core/model.js';
import type { OwnerRow } from '../../store/port/workers.js';

interface Seen {
  leaseUntil: EpochMs;
  /** When this process saw it for the first time, and when the lease is over if it does not change; both steady. */
  since: EpochMs;
  overAt: EpochMs;
}

export class OwnersSeen {
  readonly #clock: Clock;
  readonly #leaseMs: number;
  /** Owners that are watched for less are not taken for dead: more than a beat must be seen missing. */
  readonly #patienceMs: number;
  readonly #seen = new Map<string, Seen>();
  #rows: readonly OwnerRow[] = [];

  constructor(clock: Clock, { leaseMs, patienceMs }: { leaseMs: number; patienceMs: number }) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
    this.#patienceMs = patienceMs;
  }

  /** All owners as of the last look. */
  rows(): readonly OwnerRow[] {
    return this.#rows;
  }

  look(rows: readonly OwnerRow[]): void {
    const now = this.#clock.now();
    this.#rows = rows;
    const ids = new Set(rows.map(({ id }) => id));
    for (const id of this.#seen.keys()) if (!ids.has(id)) this.#seen.delete(id);
    for (const { id, leaseUntil } of rows) {
      const known = this.#seen.get(id);
      if (known?.leaseUntil === leaseUntil) continue;
      const since = known?.since ?? now;
      const most = now + this.#leaseMs;
      // One that ended in order has been over for as long as anybody asks.
      const overAt = leaseUntil === 0 ? 0 : known ? most : Math.min(most, fromWall(this.#clock, leaseUntil));
      this.#seen.set(id, { leaseUntil, since, overAt });
    }
  }

  isAlive({ id }: Pick<OwnerRow, 'id'>): boolean {
    return (this.#seen.get(id)?.overAt ?? 0) > this.#clock.now();
  }

  /** Those whose lease has been over for so long. */
  dead(overMs: number): OwnerRow[] {
    const now = this.#clock.now();
    return this.#rows.filter(({ id, leaseUntil }) => {
      const seen = this.#seen.get(id);
      if (seen === undefined || seen.overAt > now - overMs) return false;
      // Who ended in order said so.
      return leaseUntil === 0 || now - seen.since >= this.#patienceMs;
    });
  }
}
