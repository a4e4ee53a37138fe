import { describe, expect, it } from 'vitest';
import {
  CHILDREN_PER_EXECUTION,
  childrenInFlight,
  type FirstCalls,
  LANE_WINDOW,
  MAX_SEEDS_IN_FLIGHT,
  MAX_SLICE,
  measuredCallMs,
  nextSize,
  planLanes,
  processesToPlan,
  ROW_GRAIN_BEFORE,
  sliceSize,
} from '../../src/core/slice-size.js';

describe('sliceSize', () => {
  it('sliceSize: a number -> obeyed', () => {
    expect(sliceSize(7, { total: 1e6, concurrency: 200, callMs: 20, turns: 1 })).toBe(7);
  });

  it('sliceSize: auto, at most 20 rows, or at most 8 turns a second -> a child per row', () => {
    expect(sliceSize('auto', { total: 20, concurrency: 200, callMs: 20, turns: 1 })).toBe(1);
    expect(sliceSize('auto', { total: 1e6, concurrency: 16, callMs: 2_000, turns: 1 })).toBe(1);
    expect(sliceSize('auto', { total: 1e6, concurrency: 16, callMs: 2_000, turns: 5 })).toBe(1);
    expect(sliceSize('auto', { total: 21, concurrency: 16, callMs: 1_900, turns: 1 })).toBe(5);
  });

  it('sliceSize: auto, quick -> fewer than two children a second, at most 500 rows', () => {
    expect(sliceSize('auto', { total: 100, concurrency: 16, callMs: 50, turns: 1 })).toBe(160);
    expect(sliceSize('auto', { total: 200, concurrency: 32, callMs: 300, turns: 3 })).toBe(18);
    expect(sliceSize('auto', { total: 4_000, concurrency: 200, callMs: 200, turns: 1 })).toBe(500);
    expect(sliceSize('auto', { total: 4_000, concurrency: 200, callMs: 200, turns: 4 })).toBe(125);
    expect(sliceSize('auto', { total: 1e6, concurrency: 1_000, callMs: 20, turns: 1 })).toBe(MAX_SLICE);
  });

  it('sliceSize: the rule of older histories -> a child per seed up to 500 rows or 25 calls a second, also where no call is known', () => {
    const earlier = (total: number, concurrency: number, callMs: number | null) =>
      sliceSize('auto', { total, concurrency, callMs, turns: 1 }, ROW_GRAIN_BEFORE);
    expect(earlier(500, 200, 20)).toBe(1);
    expect(earlier(1e6, 50, 2_000)).toBe(1);
    expect(earlier(1e6, 50, null)).toBe(1);
    expect(earlier(1e6, 200, null)).toBe(200);
  });
});

describe('measuredCallMs', () => {
  const of = (first: Partial<FirstCalls>, concurrency = 16, total = 1_000) =>
    measuredCallMs({ meanMs: null, ended: 0, elapsedMs: 0, ...first }, { total, concurrency });

  it('measuredCallMs: eight calls have ended, or all that may be in flight -> their mean', () => {
    expect(of({ meanMs: 50, ended: 7 })).toBeNull();
    expect(of({ meanMs: 50, ended: 8 })).toBe(50);
    expect(of({ meanMs: 50, ended: 2 }, 2)).toBe(50);
  });

  it('measuredCallMs: too few ended until calls are slow enough for a child per row, 2.5 s at most -> that time, or their mean', () => {
    expect(of({ elapsedMs: 1_999 })).toBeNull();
    expect(of({ elapsedMs: 2_000 })).toBe(2_000);
    expect(of({ elapsedMs: 500 }, 4)).toBe(500);
    expect(of({ elapsedMs: 2_499 }, 200)).toBeNull();
    expect(of({ elapsedMs: 2_500 }, 200)).toBe(2_500);
    expect(of({ elapsedMs: 2_000, meanMs: 2_100, ended: 1 })).toBe(2_100);
  });
});

describe('childrenInFlight', () => {
  it('childrenInFlight: seeds -> half as many again as calls, at most 300', () => {
    expect(childrenInFlight(8, 1)).toBe(13);
    expect(childrenInFlight(1_000, 1)).toBe(MAX_SEEDS_IN_FLIGHT);
  });

  it('childrenInFlight: slices -> enough rows for the calls, plus one slice under way and one for the time of its replacement', () => {
    expect(childrenInFlight(200, 100)).toBe(5);
    expect(childrenInFlight(8, 500)).toBe(3);
    expect(childrenInFlight(8, 500, 4)).toBe(6);
    expect(childrenInFlight(200, 20, 4)).toBe(17);
  });
});

describe('nextSize', () => {
  it('nextSize: many rows left, or one process -> the size itself', () => {
    expect(nextSize(500, 10_000, 3)).toBe(500);
    expect(nextSize(500, 300, 1)).toBe(300);
    expect(nextSize(1, 300, 3)).toBe(1);
  });

  it('nextSize: the rest would be too few children -> a part for every process, none smaller than a few rows', () => {
    expect(nextSize(500, 900, 3)).toBe(300);
    expect(nextSize(500, 12, 3)).toBe(10);
    expect(nextSize(4, 12, 12)).toBe(4);
    const sizes: number[] = [];
    for (let left = 500; left > 0; left -= sizes.at(-1) as number) sizes.push(nextSize(500, left, 3));
    expect(sizes.length).toBeLessThan(15);
  });
});

describe('processesToPlan', () => {
  it('processesToPlan: some have no work -> at least all that live; none of them, or some left -> as before', () => {
    expect(processesToPlan(1, 3, 2)).toBe(3);
    expect(processesToPlan(1, 3, 0)).toBe(1);
    expect(processesToPlan(3, 1, 1)).toBe(3);
  });

  it('processesToPlan: planned for all, and one has no work -> one more, at most three for each that lives', () => {
    expect(processesToPlan(3, 3, 1)).toBe(4);
    expect(processesToPlan(8, 3, 2)).toBe(9);
    expect(processesToPlan(9, 3, 2)).toBe(9);
  });
});

describe('planLanes', () => {
  it('planLanes: up to 400 children -> no lane', () => {
    expect(planLanes(400, 1, 13)).toEqual({ lanes: 0, block: 400 });
    expect(planLanes(200_000, 500, 3).lanes).toBe(0);
  });

  it('planLanes: more -> lanes by what is in flight, blocks that balance the tail', () => {
    const plan = planLanes(100_000, 1, 300);
    expect(plan.lanes).toBe(300 / LANE_WINDOW);
    expect(plan.block).toBeLessThanOrEqual(CHILDREN_PER_EXECUTION);
    const small = planLanes(1_000, 1, 50);
    expect(small.lanes).toBe(2);
    // Every lane gets several blocks: the last ones even out.
    expect(1_000 / small.block / small.lanes).toBeGreaterThanOrEqual(7);
  });

  it('planLanes: any total -> no lane has much more than its share', () => {
    for (const total of [401, 1_000, 3_000, 9_999, 100_000, 1_000_000]) {
      for (const inFlight of [10, 50, 137, 300]) {
        const { lanes, block } = planLanes(total, 1, inFlight);
        const shares = Array.from({ length: lanes }, () => 0);
        for (let from = 0; from < total; from += block) {
          const lane = (from / block) % lanes;
          shares[lane] = (shares[lane] ?? 0) + Math.min(block, total - from);
        }
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(total);
        expect(Math.max(...shares)).toBeLessThanOrEqual((1.1 * total) / lanes + 1);
      }
    }
  });
});
