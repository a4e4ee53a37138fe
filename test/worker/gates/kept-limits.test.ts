import { expect, it } from 'vitest';
import type { Learned } from '../../../src/core/gate/learned.js';
import { KeptLimits } from '../../../src/worker/gates/kept-limits.js';
import { TestClock } from '../../support/test-clock.js';

const NOTHING: Learned = { pace: null, window: null, auto: 16, noise: 0, answerTokens: null, at: 0 };

const idle = { busy: () => false, evenOut: () => undefined };

function kept(stored: Map<string, Learned>) {
  const clock = new TestClock(0);
  const errors: unknown[] = [];
  let writes = 0;
  let failing = false;
  const limits = new KeptLimits({
    store: {
      limits: async (key) => {
        if (failing) throw new Error('the store is away');
        return stored.get(key) ?? null;
      },
      setLimits: async (key, learned) => {
        writes += 1;
        stored.set(key, learned);
      },
    },
    clock,
    onError: (error) => errors.push(error),
  });
  return { clock, errors, limits, fail: () => (failing = true), writes: () => writes };
}

it('KeptLimits: what changed is written every ten seconds, the rest is not', async () => {
  const stored = new Map<string, Learned>();
  const { clock, limits, writes } = kept(stored);
  let learned = NOTHING;
  limits.add('a', { ...idle, learned: () => ({ ...learned, at: clock.now() }) });
  limits.add('b', { ...idle, learned: () => ({ ...NOTHING, at: clock.now() }) });
  learned = { ...NOTHING, pace: 40 };
  clock.time = 9_999;
  await limits.look(1);
  expect(writes()).toBe(0);
  clock.time = 10_000;
  await limits.look(1);
  expect([...stored]).toEqual([['a', { ...NOTHING, pace: 40, at: 10_000 }]]);
  clock.time = 30_000;
  await limits.look(1);
  expect(writes()).toBe(1);
  learned = { ...NOTHING, pace: 50 };
  await limits.save();
  expect(stored.get('a')?.pace).toBe(50);
});

it('KeptLimits: the store is away when a gate is made -> reported, the gate learns anew', async () => {
  const { limits, errors, fail } = kept(new Map([['a', NOTHING]]));
  expect(await limits.load('a')).toEqual(NOTHING);
  expect(await limits.load('b')).toBeNull();
  fail();
  expect(await limits.load('a')).toBeNull();
  expect(errors).toHaveLength(1);
});

it('KeptLimits: several processes -> a busy gate is told what another one found lately, and writes its own', async () => {
  const stored = new Map<string, Learned>();
  const { clock, limits, writes } = kept(stored);
  const found: (number | null)[] = [];
  let pace = 10;
  let busy = true;
  limits.add('a', {
    learned: () => ({ ...NOTHING, pace, at: clock.now() }),
    busy: () => busy,
    evenOut: (other) => {
      found.push(other.pace);
      pace = ((other.pace ?? pace) + pace) / 2;
    },
  });
  stored.set('a', { ...NOTHING, pace: 90, at: 2_000 });
  clock.time = 2_000;
  await limits.look(1);
  expect(found).toEqual([]);
  await limits.look(2);
  expect([found, stored.get('a')?.pace]).toEqual([[90], 50]);
  clock.time = 4_000;
  await limits.look(2);
  expect([found.length, writes()]).toEqual([1, 1]);
  stored.set('a', { ...NOTHING, pace: 70, at: 5_000 });
  busy = false;
  clock.time = 6_000;
  await limits.look(2);
  busy = true;
  clock.time = 60_000;
  await limits.look(2);
  expect(found).toEqual([90]);
});

it('KeptLimits: stored times are of the wall -> a clock that was set changes neither what is fresh nor what is kept', async () => {
  const stored = new Map<string, Learned>();
  const { clock, limits } = kept(stored);
  clock.time = 50_000_000;
  clock.step = -3_600_000;
  let told = 0;
  limits.add('a', { learned: () => ({ ...NOTHING, at: clock.now() }), busy: () => true, evenOut: () => (told += 1) });
  stored.set('a', { ...NOTHING, pace: 7, at: clock.wall() - 60_000 });
  expect((await limits.load('a'))?.at).toBe(clock.now() - 60_000);
  stored.set('a', { ...NOTHING, pace: 7, at: clock.wall() - 1_000 });
  await limits.look(2);
  expect(told).toBe(1);
  limits.add('b', { ...idle, learned: () => ({ ...NOTHING, pace: 3, at: clock.now() }) });
  limits.add('c', { ...idle, learned: () => ({ ...NOTHING, pace: clock.now(), at: clock.now() }) });
  (clock.time as number) += 10_000;
  await limits.look(1);
  expect(stored.get('c')?.at).toBe(clock.wall());
});
