import { describe, expect, it } from 'vitest';
import {
  CHILDREN_PER_EXECUTION,
  childrenInFlight,
  LANE_WINDOW,
  MAX_SEEDS_IN_FLIGHT,
  MAX_SLICE,
  nextSize,
  planLanes,
  processesToPlan,
  sliceSize,
} from '../../src/core/slice-size.js';

describe('sliceSize', () => {
  it('sliceSize: a number -> obeyed', () => {
    expect(sliceSize(7, { total: 1e6, concurrency: 200, callMs: 20, turns: 1 })).toBe(7);
  });

  it('sliceSize: auto, small or slow phases -> a child per seed', () => {
    expect(sliceSize('auto', { total: 500, concurrency: 200, callMs: 20, turns: 1 })).toBe(1);
    expect(sliceSize('auto', { total: 1e6, concurrency: 50, callMs: 2_000, turns: 1 })).toBe(1);
  });

  it('sliceSize: auto, large and quick -> fewer than two children a second, at most 500 seeds', () => {
    expect(sliceSize('auto', { total: 4_000, concurrency: 200, callMs: 200, turns: 1 })).toBe(500);
    expect(sliceSize('auto', { total: 4_000, concurrency: 200, callMs: 200, turns: 4 })).toBe(125);
    expect(sliceSize('auto', { total: 1e6, concurrency: 1_000, callMs: 20, turns: 1 })).toBe(MAX_SLICE);
  });

  it('sliceSize: auto, no call known -> slow calls for the choice of a child per seed, quick ones for the size of slices', () => {
    expect(sliceSize('auto', { total: 1e6, concurrency: 50, callMs: null, turns: 1 })).toBe(1);
    expect(sliceSize('auto', { total: 1e6, concurrency: 200, callMs: null, turns: 1 })).toBe(200);
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
