import { describe, expect, it } from 'vitest';
import type { Hold } from '../../../src/core/gate/line.js';
import type { Wait } from '../../../src/core/gate/wait.js';
import { ToldWaits } from '../../../src/worker/gates/stored-waits.js';
import { TestClock } from '../../support/test-clock.js';

const T = 1_700_000_000_000;

function watched() {
  const clock = new TestClock(T);
  const written: (Wait | null)[] = [];
  const store = { setWait: async (_owner: string, _run: string, wait: Wait | null) => void written.push(wait) };
  const waits = new ToldWaits({ store, owner: 'me', clock });
  const look = async (why: Hold['why'], more: Partial<Hold> & { turns?: number } = {}) => {
    const { turns = 3, ...hold } = more;
    await waits.look('r', { hold: { why, until: null, ...hold }, turns });
    (clock.time as number) += 250;
  };
  return { clock, written, look, waits };
}

describe('ToldWaits', () => {
  it('the same reason at every look -> written once, with its begin', async () => {
    const { written, look } = watched();
    for (let n = 0; n < 20; n += 1) await look('concurrency', { turns: n });
    expect(written).toEqual([{ why: 'concurrency', since: T, until: null, turns: 0 }]);
  });

  it('an empty queue for a moment -> still the same reason; for longer -> none', async () => {
    const { written, look } = watched();
    for (const why of ['concurrency', 'concurrency', 'nothing', 'concurrency', 'concurrency', 'nothing'] as const)
      await look(why);
    expect(written).toHaveLength(1);
    for (let n = 0; n < 4; n += 1) await look('nothing');
    expect(written.map((wait) => wait?.why ?? null)).toEqual(['concurrency', null]);
  });

  it.each(['breaker', 'refused', 'quota', 'paused'] as const)('%s -> told at the first look', async (why) => {
    const { written, look } = watched();
    for (let n = 0; n < 6; n += 1) await look('concurrency');
    await look(why, { until: T + 60_000 });
    expect(written.at(-1)).toEqual({ why, since: T + 1_500, until: T + 60_000, turns: 3 });
  });

  it('a time that is near -> not told; one that moves -> told again, at most every second', async () => {
    const { written, look, clock } = watched();
    await look('breaker', { until: T + 900 });
    expect(written).toEqual([{ why: 'breaker', since: T, until: null, turns: 3 }]);
    for (let n = 0; n < 40; n += 1) await look('breaker', { until: clock.now() + 15_000 });
    expect(written.length).toBeGreaterThan(3);
    expect(written.length).toBeLessThanOrEqual(12);
  });

  it('an outage or a rest -> what calls met last, and the next thing that they meet; other waits -> nothing of it', async () => {
    const { written, look, clock } = watched();
    const failure = { text: 'HTTP 503', since: T - 5_000 };
    await look('breaker', { failure });
    expect(written).toEqual([{ why: 'breaker', since: T, until: null, turns: 3, failure }]);
    (clock.time as number) += 1_000;
    await look('breaker', { failure: { ...failure, text: 'no connection' } });
    expect(written.at(-1)).toMatchObject({ why: 'breaker', failure: { text: 'no connection', since: T - 5_000 } });
    for (let n = 0; n < 6; n += 1) await look('retry', { failure });
    expect(written.at(-1)).toMatchObject({ why: 'retry', failure });
    for (let n = 0; n < 6; n += 1) await look('concurrency', { failure });
    expect(written.at(-1)).not.toHaveProperty('failure');
  });

  it('slow -> how long answers take, and usually took', async () => {
    const { written, look } = watched();
    for (let n = 0; n < 3; n += 1) await look('slow', { answers: { ms: 2_100.4, usualMs: 300 } });
    expect(written).toEqual([{ why: 'slow', since: T, until: null, turns: 3, answerMs: 2_100, usualMs: 300 }]);
  });

  it('forget -> taken back, once', async () => {
    const { written, look, waits } = watched();
    await look('money');
    await waits.forget('r');
    await waits.forget('r');
    await waits.forget('unknown');
    expect(written.map((wait) => wait?.why ?? null)).toEqual(['money', null]);
  });

  it('the wall is set -> the same wait with the times of the new wall, once', async () => {
    const { written, look, clock } = watched();
    const failure = { text: 'no connection', since: T - 5_000 };
    await look('breaker', { until: T + 60_000, failure });
    clock.step = -3_600_000;
    for (let n = 0; n < 12; n += 1) await look('breaker', { until: T + 60_000, failure });
    const told = { why: 'breaker', turns: 3 };
    expect(written).toEqual([
      { ...told, since: T, until: T + 60_000, failure },
      { ...told, since: T - 3_600_000, until: T - 3_540_000, failure: { ...failure, since: T - 3_605_000 } },
    ]);
  });
});
