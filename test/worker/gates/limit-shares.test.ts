/** Several processes' shares over one real store: what is in use never passes the limit, at any moment. */
import { beforeAll, expect, it } from 'vitest';
import type { Store } from '../../../src/store/port/store.js';
import { LimitShares } from '../../../src/worker/gates/limit-shares.js';
import { fileStore } from '../../activities/file-store.js';
import { until } from '../../activities/turn-setup.js';
import { TestLease } from '../../support/lease.js';
import { systemClock } from '../../support/test-clock.js';
import { seededRandom } from '../../support/test-random.js';

const opened = fileStore();
let store: Store;
beforeAll(() => {
  store = opened.store;
});

class OneProcess {
  readonly lease: TestLease;
  readonly shares: LimitShares;
  readonly errors: unknown[] = [];
  limit: number;
  wanted = 0;
  held = 0;
  changes = 0;
  readonly #key: string;

  constructor(key: string, owner: string, limit: number, over: Store = store) {
    this.#key = key;
    this.limit = limit;
    this.lease = new TestLease(owner);
    this.lease.isAlone = false;
    this.shares = new LimitShares({
      store: over,
      lease: this.lease,
      clock: systemClock,
      onError: (error) => this.errors.push(error),
    });
  }

  add(): void {
    this.shares.add(this.#key, {
      limit: () => this.limit,
      wanted: () => this.wanted,
      held: () => this.held,
      changed: () => {
        this.changes += 1;
      },
    });
  }

  get places(): number {
    return this.shares.places(this.#key);
  }

  get room(): number {
    return this.shares.room(this.#key);
  }

  /** Starts a call when there is a place. */
  send(): void {
    if (this.held < this.places) this.held += 1;
  }
}

let made = 0;
async function processes(count: number, limit: number, over: Store = store): Promise<OneProcess[]> {
  made += 1;
  const all = Array.from({ length: count }, (_, n) => new OneProcess(`run/${made}`, `owner-${made}-${n}`, limit, over));
  for (const { lease } of all) await store.beat({ id: lease.owner, home: 'h', pid: 1 }, Date.now() + 600_000);
  return all;
}

it('alone -> turns get ready at once, places are the whole limit after one write, looks write nothing', async () => {
  let writes = 0;
  const counting = new Proxy(store, {
    get: (target, name) => {
      const value = Reflect.get(target, name) as unknown;
      if (name === 'share' || name === 'shares') writes += 1;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const [one] = (await processes(1, 7, counting)) as [OneProcess];
  one.lease.isAlone = true;
  one.add();
  expect(one.room).toBe(7);
  expect(one.places).toBe(0);
  await until('the share is there', () => one.places === 7);
  for (let look = 0; look < 5; look += 1) await one.shares.look();
  expect(writes).toBe(1);
});

it('not alone -> nothing gets ready before the store has answered', async () => {
  const [one] = (await processes(1, 7)) as [OneProcess];
  one.add();
  expect([one.room, one.places]).toEqual([0, 0]);
  await until('the share is there', () => one.places === 7 && one.room === 7);
});

it('4 processes, seeded sends, ends and looks at any moment -> never more than the limit in use, then fair', async () => {
  const limit = 10;
  const all = await processes(4, limit);
  const random = seededRandom('limit shares');
  const inUse = () => all.reduce((sum, { held }) => sum + held, 0);
  const looks = new Set<Promise<void>>();
  for (const process of all) {
    process.wanted = 30;
    process.add();
  }
  for (let step = 0; step < 3_000; step += 1) {
    const process = all[random.whole(0, 3)] as OneProcess;
    const dice = random.next();
    if (dice < 0.5) process.send();
    else if (dice < 0.9) process.held = Math.max(0, process.held - 1);
    else if (dice < 0.95) process.wanted = random.whole(0, 30);
    else {
      const look = process.shares.look().finally(() => looks.delete(look));
      looks.add(look);
      if (random.next() < 0.5) await look;
    }
    if (inUse() > limit) throw new Error(`step ${step}: ${all.map(({ held }) => held)} of ${limit}`);
  }
  await Promise.all(looks);
  for (const process of all) process.wanted = 30;
  for (let round = 0; round < 8; round += 1) {
    for (const process of all) {
      process.held = Math.min(process.held, process.places);
      await process.shares.look();
    }
  }
  expect(all.map(({ places }) => places).sort()).toEqual([2, 2, 3, 3]);
  expect(all.flatMap(({ errors }) => errors)).toEqual([]);
});

it('a smaller limit -> holds at once for new calls; all processes together after their next look', async () => {
  const all = await processes(2, 10);
  for (const process of all) {
    process.wanted = 20;
    process.add();
  }
  const look = async () => {
    for (const process of all) await process.shares.look();
  };
  for (let round = 0; round < 3; round += 1) await look();
  expect(all.map(({ places }) => places)).toEqual([5, 5]);
  for (const process of all) process.limit = 4;
  expect(all.map(({ places }) => places)).toEqual([4, 4]);
  await look();
  expect(all.map(({ places }) => places)).toEqual([2, 2]);
});

it('the lease was lost -> no places until the store has said again what is left', async () => {
  const [one, two] = (await processes(2, 6)) as [OneProcess, OneProcess];
  one.wanted = two.wanted = 20;
  one.add();
  await until('the share is there', () => one.places === 6);
  one.held = 6;
  // Stopped past its lease, and the other one takes everything.
  const [last] = (await store.owners()).filter(({ id }) => id === one.lease.owner);
  two.lease.deadOnes = last ? [last] : [];
  two.add();
  await until('the share is there', () => two.places === 6);
  one.lease.term += 1;
  one.shares.lapsed();
  expect(one.places).toBe(0);
  await one.shares.look();
  expect(one.places).toBe(0);
  one.held = 0;
  await store.beat({ id: one.lease.owner, home: 'h', pid: 1 }, Date.now() + 600_000);
  for (let round = 0; round < 4; round += 1) {
    await one.shares.look();
    await two.shares.look();
  }
  expect([one.places, two.places]).toEqual([3, 3]);
});

it('the store fails -> what was granted holds, the next look asks again; removed -> given back', async () => {
  let broken = false;
  const failing = new Proxy(store, {
    get: (target, name) => {
      const value = Reflect.get(target, name) as unknown;
      if (name === 'share' && broken) return () => Promise.reject(new Error('away'));
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const [one] = (await processes(1, 6, failing)) as [OneProcess];
  one.wanted = 20;
  one.add();
  await until('the share is there', () => one.places === 6);
  broken = true;
  one.limit = 8;
  await one.shares.look();
  expect(one.errors).toHaveLength(1);
  expect(one.places).toBe(6);
  broken = false;
  await one.shares.look();
  expect(one.places).toBe(8);
  const key = `run/${made}`;
  expect(await store.shares([key])).toHaveLength(1);
  one.shares.remove(key);
  await one.shares.look();
  expect(await store.shares([key])).toEqual([]);
});
