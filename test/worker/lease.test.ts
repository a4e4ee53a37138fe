import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { OwnerRow } from '../../src/store/shared-port.js';
import { Lease } from '../../src/worker/lease.js';

let beats: { until: number; temporal: string }[];
let others: OwnerRow[];
let answer: () => Promise<void>;
let errors: unknown[];
let lease: Lease;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  beats = [];
  others = [];
  errors = [];
  answer = async () => undefined;
  lease = new Lease({
    store: {
      beat: async ({ temporal }, until) => {
        await answer();
        beats.push({ until, temporal: temporal ?? '' });
      },
      owners: async () => [{ id: 'me', home: 'h', temporal: '', leaseUntil: beats.at(-1)?.until ?? 0 }, ...others],
    },
    owner: { id: 'me', home: 'h', pid: 1 },
    now: () => Date.now(),
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
  await lease.start();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(lease.deadBefore()).toBe(Date.now());
  answer = () => Promise.reject(new Error('away'));
  await vi.advanceTimersByTimeAsync(7_000);
  expect(lease.valid()).toBe(false);
  expect(lease.deadBefore()).toBe(0);
  expect(errors.length).toBeGreaterThan(3);
  answer = async () => undefined;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(lease.valid()).toBe(true);
  expect([lease.term, lapses]).toEqual([2, 1]);
  expect(lease.deadBefore()).toBe(0);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(lease.deadBefore()).toBe(Date.now());
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
  others = [{ id: 'other', home: 'h2', temporal: '', leaseUntil: Date.now() + 3_000 }];
  await vi.advanceTimersByTimeAsync(1_000);
  expect(lease.alone()).toBe(false);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(lease.alone()).toBe(true);
});

it('belongsTo -> said with a beat at once', async () => {
  await lease.start();
  await lease.belongsTo('namespace-id');
  expect(beats.at(-1)?.temporal).toBe('namespace-id');
});
