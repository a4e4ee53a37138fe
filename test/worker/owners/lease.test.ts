import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OwnerRow } from '../../../src/store/port/workers.js';
import { Lease } from '../../../src/worker/owners/lease.js';
import { TestClock } from '../../support/test-clock.js';

let beats: { until: number; temporal: string }[];
let others: OwnerRow[];
let answer: () => Promise<void>;
let errors: unknown[];
let lease: Lease;
let clock: TestClock;
const dead = (overMs?: number) => lease.dead(overMs).map(({ id }) => id);

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  beats = [];
  others = [];
  errors = [];
  answer = async () => undefined;
  clock = new TestClock(() => Date.now());
  lease = new Lease({
    store: {
      beat: async ({ temporal }, until) => {
        await answer();
        beats.push({ until, temporal: temporal ?? '' });
      },
      owners: async () => [{ id: 'me', home: 'h', temporal: '', leaseUntil: beats.at(-1)?.until ?? 0 }, ...others],
    },
    owner: { id: 'me', home: 'h', pid: 1 },
    clock,
    onError: (error) => errors.push(error),
  });
});
afterEach(() => {
  vi.useRealTimers();
});

it('start -> valid at once, kept by a beat a second; end -> over, also in the store', async () => {
  expect(lease.valid()).toBe(false);
  await lease.start();
  expect(lease.valid()).toBe(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(lease.valid()).toBe(true);
  expect(lease.term).toBe(1);
  expect(beats.length).toBeGreaterThan(50);
  await lease.end();
  expect(lease.valid()).toBe(false);
  expect(beats.at(-1)?.until).toBe(0);
  const count = beats.length;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(beats).toHaveLength(count);
});

it('the first beat fails -> start throws', async () => {
  answer = () => Promise.reject(new Error('away'));
  await expect(lease.start()).rejects.toThrow('away');
});

it('the store is away past the lease -> not valid; back -> a new term, told once, and nobody is dead for a while', async () => {
  let lapses = 0;
  lease.onLapse(() => {
    lapses += 1;
  });
  others = [{ id: 'gone', home: 'h2', temporal: '', leaseUntil: 1 }];
  await lease.start();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(dead()).toEqual(['gone']);
  answer = () => Promise.reject(new Error('away'));
  await vi.advanceTimersByTimeAsync(7_000);
  expect(lease.valid()).toBe(false);
  expect(dead()).toEqual([]);
  expect(errors.length).toBeGreaterThan(3);
  answer = async () => undefined;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(lease.valid()).toBe(true);
  expect([lease.term, lapses]).toEqual([2, 1]);
  expect(dead()).toEqual([]);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(dead()).toEqual(['gone']);
});

it('a beat that takes longer than the lease -> in vain, the next one follows at once', async () => {
  await lease.start();
  answer = () => new Promise((resolve) => setTimeout(resolve, 8_000));
  await vi.advanceTimersByTimeAsync(9_050);
  expect(lease.valid()).toBe(false);
  answer = async () => undefined;
  await vi.advanceTimersByTimeAsync(8_200);
  expect(lease.valid()).toBe(true);
});

it('alone until another owner lives; a dead one does not count', async () => {
  await lease.start();
  expect(lease.alone()).toBe(true);
  others = [{ id: 'other', home: 'h2', temporal: '', leaseUntil: Date.now() + 4_000 }];
  await vi.advanceTimersByTimeAsync(1_000);
  expect(lease.alone()).toBe(false);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(lease.alone()).toBe(true);
});

it('another owner that ended in order -> dead at once, and for as long as anybody asks', async () => {
  await lease.start();
  await vi.advanceTimersByTimeAsync(5_000);
  others = [{ id: 'other', home: 'h2', temporal: '', leaseUntil: clock.wall() + 6_000 }];
  await vi.advanceTimersByTimeAsync(1_000);
  others = [{ id: 'other', home: 'h2', temporal: '', leaseUntil: 0 }];
  await vi.advanceTimersByTimeAsync(1_000);
  expect([dead(), dead(30_000), lease.alone()]).toEqual([['other'], ['other'], true]);
});

it('belongsTo -> said with a beat at once', async () => {
  await lease.start();
  await lease.belongsTo('namespace-id');
  expect(beats.at(-1)?.temporal).toBe('namespace-id');
});

describe.each([
  ['back by an hour', -3_600_000],
  ['back by 2 minutes', -120_000],
  ['forward by 2 minutes', 120_000],
  ['forward by an hour', 3_600_000],
])('the wall is set %s', (_name, step) => {
  const beatOf = (leaseUntil: number): OwnerRow => ({ id: 'other', home: 'h2', temporal: '', leaseUntil });

  it('-> the lease holds in the same term, and the store is told a time of the new wall', async () => {
    await lease.start();
    await vi.advanceTimersByTimeAsync(5_000);
    clock.step = step;
    expect(lease.valid()).toBe(true);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([lease.valid(), lease.term]).toEqual([true, 1]);
    expect(beats.at(-1)?.until).toBe(clock.wall() + 6_000);
  });

  it('-> another owner that goes on lives; one that died with the step is dead 6 s after its last beat', async () => {
    others = [beatOf(Date.now() + 6_000)];
    await lease.start();
    await vi.advanceTimersByTimeAsync(5_000);
    clock.step = step;
    for (let beat = 0; beat < 20; beat += 1) {
      others = [beatOf(clock.wall() + 6_000)];
      await vi.advanceTimersByTimeAsync(1_000);
      expect([dead(), lease.alone()]).toEqual([[], false]);
    }
    await vi.advanceTimersByTimeAsync(4_500);
    expect(dead()).toEqual([]);
    await vi.advanceTimersByTimeAsync(3_000);
    expect([dead(), lease.alone()]).toEqual([['other'], true]);
    expect(dead(15_000)).toEqual([]);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(dead(15_000)).toEqual(['other']);
  });

  it('-> a process that starts then: a living owner of the old wall lives, a dead one is dead in seconds', async () => {
    others = [beatOf(Date.now() + 5_000), { ...beatOf(Date.now() + 4_000), id: 'gone' }];
    clock.step = step;
    await lease.start();
    expect(dead()).toEqual([]);
    for (let beat = 0; beat < 8; beat += 1) {
      others = others.map((owner) => (owner.id === 'other' ? beatOf(clock.wall() + 6_000) : owner));
      await vi.advanceTimersByTimeAsync(1_000);
      expect(dead()).not.toContain('other');
    }
    expect(dead()).toEqual(['gone']);
  });
});
