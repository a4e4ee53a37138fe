import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { capToNano, costOf, nanoToUsd, SIM_PRICE, usdToNano, usdToNanoUp, worstCostOf } from '../../../src/core/money/price.js';

describe('conversion', () => {
  test('capToNano: none -> none', () => {
    expect([capToNano(null), capToNano(0.5)]).toEqual([null, 500_000_000]);
  });

  test.each([
    [0, 0],
    [0.1, 100_000_000],
    [0.29, 290_000_000],
    [1e-9, 1],
    [4.4e-10, 0],
    [5, 5_000_000_000],
    [1e12, Number.MAX_SAFE_INTEGER],
    [Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER],
  ])('usdToNano: %d -> %d', (usd, nano) => {
    expect(usdToNano(usd)).toBe(nano);
  });

  test.each([
    [0.1 + 0.2, 300_000_000],
    [1.5e-9, 2],
    [1.001e-9, 2],
    [1 + 1e-17, 1_000_000_000],
    [0, 0],
  ])('usdToNanoUp: %d -> %d', (usd, nano) => {
    expect(usdToNanoUp(usd)).toBe(nano);
  });

  test('nanoToUsd: back to dollars', () => {
    expect(nanoToUsd(1_234_567_890)).toBe(1.23456789);
  });
});

describe('costOf', () => {
  test('costOf: a million of each at the simulated price -> the price in dollars', () => {
    expect(costOf(SIM_PRICE, { input: 1_000_000, cached: 0, output: 1_000_000 })).toBe(500_000_000);
    expect(costOf(SIM_PRICE, { input: 1_000_000, cached: 1_000_000, output: 0 })).toBe(10_000_000);
  });

  test('costOf: cached tokens are part of the input -> each is paid once', () => {
    expect(costOf(SIM_PRICE, { input: 100, cached: 40, output: 10 })).toBe(60 * 100 + 40 * 10 + 10 * 400);
  });

  test('costOf: no price for cached tokens -> the input price', () => {
    expect(costOf({ input: 1, output: 2 }, { input: 100, cached: 40, output: 0 })).toBe(100_000);
  });

  test('costOf: more cached than input -> the input counts', () => {
    expect(costOf({ input: 1, output: 2, cachedInput: 0.5 }, { input: 10, cached: 40, output: 0 })).toBe(5_000);
  });

  test('costOf: a fraction of a nano-dollar -> rounded up', () => {
    expect(costOf({ input: 0.0375, output: 0 }, { input: 1, cached: 0, output: 0 })).toBe(38);
    expect(costOf({ input: 0.29, output: 0 }, { input: 1, cached: 0, output: 0 })).toBe(290);
    expect(costOf({ input: 0, output: 0 }, { input: 1, cached: 0, output: 1 })).toBe(0);
  });

  test('costOf: products above 2^53 -> exact', () => {
    expect(costOf({ input: 999.999999, output: 0 }, { input: 99_999_999, cached: 0, output: 0 })).toBe(99_999_998_900_001);
  });

  test('costOf: any usage at any price -> never below the true cost, at most one nano-dollar above', () => {
    const micros = fc.integer({ min: 0, max: 2_000_000_000 });
    const tokens = fc.integer({ min: 0, max: 2_000_000 });
    fc.assert(
      fc.property(micros, micros, micros, tokens, tokens, tokens, (i, c, o, input, cachedDraw, output) => {
        const cached = Math.min(cachedDraw, input);
        const units = BigInt(i) * BigInt(input - cached) + BigInt(c) * BigInt(cached) + BigInt(o) * BigInt(output);
        const nano = costOf({ input: i / 1e6, cachedInput: c / 1e6, output: o / 1e6 }, { input, cached, output });
        const over = BigInt(nano) * 1000n - units;
        expect(over >= 0n && over < 1000n).toBe(true);
      }),
      { seed: 4711, numRuns: 500 },
    );
  });

  test('worstCostOf: cached dearer than input -> the dearest', () => {
    expect(worstCostOf({ input: 1, output: 2, cachedInput: 3 }, { input: 10, maxOutput: 5 })).toBe(30_000 + 10_000);
  });

  test('worstCostOf: any answer within the bounds -> costs no more', () => {
    const worst = worstCostOf(SIM_PRICE, { input: 900, maxOutput: 300 });
    for (const cached of [0, 450, 900]) expect(costOf(SIM_PRICE, { input: 900, cached, output: 300 })).toBeLessThanOrEqual(worst);
  });
});

test('costOf: tokens written to a cache -> at the price of writing, else at that of input; sums beyond all bounds -> the largest whole number', () => {
  const usage = { input: 100, cached: 20, output: 0, cacheWritten: 30 };
  expect(costOf({ input: 1, output: 1, cachedInput: 0.5, cacheWrite: 2 }, usage)).toBe(50_000 + 10_000 + 60_000);
  expect(costOf({ input: 1, output: 1 }, usage)).toBe(100_000);
  const huge = { input: 1e15, cached: 0, output: 0 };
  expect(costOf({ input: 1e6, output: 1 }, huge)).toBe(Number.MAX_SAFE_INTEGER);
  expect(costOf({ input: 5, output: 1 }, { ...huge, input: 1e12 })).toBe(5e15);
});

test('worstCostOf: a cached price above that of input, or none -> the dearer one', () => {
  expect(worstCostOf({ input: 1, output: 0, cachedInput: 3 }, { input: 1_000, maxOutput: 0 })).toBe(3_000_000);
  expect(worstCostOf({ input: 1, output: 0 }, { input: 1_000, maxOutput: 0 })).toBe(1_000_000);
});
