/**
 * This process's shares of limits. While it is the only owner, a limit costs one write when it is first used, and no wait: the write is
 * committed before the intent of the first call. With others the shares are looked at, and written when they differ, at every look.
 */

import type { Clock } from '../../core/clock.js';
import { type Share, shareOf, shareTurn } from '../../core/gate/shares.js';
import type { Store } from '../../store/port/store.js';
import type { KeyedAsk, ShareRow } from '../../store/port/workers.js';
import type { Lease } from '../owners/lease.js';

/** What a limit is for, as it is at the moment. */
export interface LimitUse {
  limit(): number;
  /** Places that could be used. */
  wanted(): number;
  /** Places in use. */
  held(): number;
  /** Called when `places` or `room` changed. */
  changed(): void;
}

interface Held {
  use: LimitUse;
  /** Null until the store has answered. */
  share: Share | null;
  /** The question under way: until its answer no more places than these may be used. */
  asked: { places: number } | null;
  /** Places wanted at the last looks: a lull between two activities gives nothing away. */
  wants: number[];
}

const REMEMBERED_LOOKS = 4;
/**
 * The shares of a dead owner are free when it is ended (dead-owners.ts), which knows who is only slow. Those of an owner that nobody ends,
 * because its Temporal is another one, are free this long after its lease.
 */
const UNENDED_MS = 30_000;

export type LeaseOfShares = Pick<Lease, 'owner' | 'owners' | 'living' | 'term' | 'valid' | 'alone' | 'dead' | 'onLapse'>;

export interface LimitSharesOptions {
  store: Pick<Store, 'share' | 'shares' | 'endShares'>;
  lease: LeaseOfShares;
  clock: Clock;
  onError(error: unknown): void;
}

export class LimitShares {
  readonly #options: LimitSharesOptions;
  readonly #held = new Map<string, Held>();
  #toEnd: string[] = [];
  #asking: Promise<void> = Promise.resolve();

  constructor(options: LimitSharesOptions) {
    this.#options = options;
  }

  /** Asks for a share at once. */
  add(key: string, use: LimitUse): void {
    if (this.#held.has(key)) return;
    this.#held.set(key, { use, share: null, asked: null, wants: [] });
    this.#toEnd = this.#toEnd.filter((ended) => ended !== key);
    this.#ask([key], []);
  }

  /** The share is given back at the next look. */
  remove(key: string): void {
    if (this.#held.delete(key)) this.#toEnd.push(key);
  }

  /** Places that may be in use now. */
  places(key: string): number {
    const held = this.#held.get(key);
    if (!held?.share) return 0;
    return Math.min(held.use.limit(), held.share.granted, held.asked?.places ?? Number.POSITIVE_INFINITY);
  }

  /** Turns that may get ready for a place. Who is alone need not wait for the answer: it will be the whole limit. */
  room(key: string): number {
    const held = this.#held.get(key);
    if (!held) return 0;
    if (held.share) return Math.min(held.use.limit(), held.share.granted);
    return this.#options.lease.alone() ? held.use.limit() : 0;
  }

  /** Asks anew where a limit has changed. */
  limitChanged(key: string): void {
    const held = this.#held.get(key);
    if (held?.share && held.asked === null && held.share.granted !== held.use.limit()) this.#ask([key], []);
  }

  /** What was granted in an earlier term of the lease holds no more. */
  lapsed(): void {
    for (const held of this.#held.values()) {
      held.share = null;
      held.use.changed();
    }
    this.#ask([...this.#held.keys()], []);
  }

  /** To be called a few times a second. */
  async look(): Promise<void> {
    const { store, lease } = this.#options;
    await this.#asking;
    if (!lease.valid()) return;
    if (this.#toEnd.length > 0) {
      const keys = [...this.#toEnd];
      await store.endShares(lease.owner, keys);
      this.#toEnd = this.#toEnd.filter((key) => !keys.includes(key));
    }
    for (const held of this.#held.values()) held.wants = [...held.wants, held.use.wanted()].slice(-REMEMBERED_LOOKS);
    const alone = lease.alone();
    const rows = alone ? [] : await store.shares([...this.#held.keys()]);
    const stale = [...this.#held].filter(([key, held]) => {
      if (alone) return held.share?.booked !== held.use.limit();
      return this.#differs(key, held, rows);
    });
    if (stale.length === 0) return;
    this.#ask(
      stale.map(([key]) => key),
      rows,
    );
    await this.#asking;
  }

  #differs(key: string, held: Held, rows: readonly ShareRow[]): boolean {
    const mine = rows.find((row) => row.key === key && row.owner === this.#options.lease.owner);
    if (!held.share || !mine) return true;
    const ask = this.#askOf(key, held, rows);
    if (mine.wanted !== ask.wanted) return true;
    const next = this.#expected(ask, rows);
    return next.granted !== held.share.granted || next.booked !== mine.booked;
  }

  /** The share as it would be by these rows. */
  #expected(ask: KeyedAsk, rows: readonly ShareRow[]): Share {
    const { lease, clock } = this.#options;
    const others = rows.filter(({ key, owner }) => key === ask.key && owner !== lease.owner);
    const granted = rows.find(({ key, owner }) => key === ask.key && owner === lease.owner)?.granted ?? 0;
    return shareOf({ ...ask, owner: lease.owner, granted }, others, shareTurn(clock.wall()));
  }

  #askOf(key: string, { use, share, wants }: Held, rows: readonly ShareRow[]): KeyedAsk {
    const limit = use.limit();
    const inUse = use.held();
    const ask = { key, limit, wanted: Math.min(limit, Math.max(use.wanted(), ...wants)), held: inUse };
    // More than it has may not be used before the answer, and no more than it is about to keep.
    const soon = rows.length === 0 ? limit : this.#expected(ask, rows).granted;
    return { ...ask, held: Math.max(inUse, Math.min(share?.granted ?? 0, limit, soon)) };
  }

  #ask(keys: readonly string[], rows: readonly ShareRow[]): void {
    const { store, lease, clock, onError } = this.#options;
    const term = lease.term;
    const asks = keys.flatMap((key) => {
      const held = this.#held.get(key);
      if (!held) return [];
      const ask = this.#askOf(key, held, rows);
      const before = this.places(key);
      const asked = { places: ask.held };
      held.asked = asked;
      if (this.places(key) !== before) held.use.changed();
      return [{ ask, held, asked }];
    });
    if (asks.length === 0) return;
    const answered = store
      .share({
        owner: lease.owner,
        at: clock.wall(),
        dead: lease.dead(UNENDED_MS),
        asks: asks.map(({ ask }) => ask),
      })
      .then((shares) => {
        for (const { ask, held, asked } of asks) {
          if (held.asked !== asked) continue;
          held.asked = null;
          if (lease.term !== term) continue;
          held.share = shares.get(ask.key) ?? null;
          held.use.changed();
        }
      })
      .catch((error: unknown) => {
        // Committed or not: what was held is safe in both cases, and the next look asks again.
        for (const { held, asked } of asks) {
          if (held.asked !== asked) continue;
          held.asked = null;
          if (held.share) held.share = { ...held.share, granted: Math.min(held.share.granted, asked.places) };
          held.use.changed();
        }
        onError(error);
      });
    this.#asking = Promise.all([this.#asking, answered]).then(() => undefined);
  }
}
