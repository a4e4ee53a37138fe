import { expect, it } from 'vitest';
import type { Learned } from '../../src/core/gate/learned.js';
import { KeptLimits } from '../../src/worker/kept-limits.js';

const NOTHING: Learned = { pace: null, window: null, auto: 16, noise: 0, answerTokens: null, at: 0 };

function kept(stored: Map<string, Learned>) {
  const clock = { now: 0 };
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
    now: () => clock.now,
    onError: (error) => errors.push(error),
  });
  return { clock, errors, limits, fail: () => (failing = true), writes: () => writes };
}

it('KeptLimits: what changed is written every ten seconds, the rest is not', async () => {
  const stored = new Map<string, Learned>();
  const { clock, limits, writes } = kept(stored);
  let learned = NOTHING;
  limits.add('a', { learned: () => ({ ...learned, at: clock.now }) });
  limits.add('b', { learned: () => ({ ...NOTHING, at: clock.now }) });
  learned = { ...NOTHING, pace: 40 };
  clock.now = 9_999;
  await limits.look();
  expect(writes()).toBe(0);
  clock.now = 10_000;
  await limits.look();
  expect([...stored]).toEqual([['a', { ...NOTHING, pace: 40, at: 10_000 }]]);
  clock.now = 30_000;
  await limits.look();
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
