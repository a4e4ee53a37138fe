import { describe, expect, test } from 'vitest';
import type { SampledRow } from '../../src/core/estimate.js';
import { createPrices } from '../../src/pricing/prices.js';
import { atTodaysPrice } from '../../src/pricing/repriced.js';
import type { PriceOverride, Task } from '../../src/schema/task-types.js';

const prices = createPrices();
const CHEAP = { input: 1, output: 2 };
const DEAR = { input: 10, output: 20 };

function taskAt(price: PriceOverride | null): Task {
  const model = { provider: 'own', model: 'own-model', apiBase: 'http://127.0.0.1:9/v1', apiKeyEnv: null };
  return { model, price, maxTokens: 500, timeoutMs: 1_000 } as Task;
}

/** Two calls of 100 tokens in, 50 out each: $0.0004 at CHEAP. */
function row(costNano: number | null, more: Partial<SampledRow> = {}): SampledRow {
  return {
    index: 0,
    calls: 2,
    inputTokens: 200,
    cachedTokens: 0,
    outputTokens: 100,
    unmetered: 0,
    role: 'worker',
    costNano,
    ...more,
  } as SampledRow;
}

function costs(rows: readonly SampledRow[], then: PriceOverride | null, now: PriceOverride | null): (number | null)[] {
  return atTodaysPrice(rows, taskAt(now), prices, { priceThen: then, at: 0 }).map(({ costNano }) => costNano);
}

describe('atTodaysPrice', () => {
  test('the same price -> what the row did cost, unless its tokens cost more; unknown -> by its tokens', () => {
    expect(costs([row(900_000), row(1), row(null), row(70, { unmetered: 1 })], CHEAP, CHEAP)).toEqual([
      900_000, 400_000, 400_000, 70,
    ]);
  });

  test('another price -> the tokens at it; without tokens, as much dearer as a call at most', () => {
    const unmetered = row(70, { unmetered: 1 });
    expect(costs([row(900_000), row(null), unmetered, { ...unmetered, costNano: null }], CHEAP, DEAR)).toEqual([
      4_000_000,
      4_000_000,
      700,
      null,
    ]);
  });

  test('calls of other roles, too -> at their cost: this is the price of the worker alone', () => {
    expect(costs([row(900_000, { role: null }), row(900_000, { role: 'orchestrator' })], CHEAP, DEAR)).toEqual([
      900_000, 900_000,
    ]);
  });

  test('no price was known then, or none is now -> what rests on it is unknown', () => {
    expect(costs([row(0), row(0, { unmetered: 1 })], null, CHEAP)).toEqual([400_000, null]);
    expect(costs([row(900_000), row(70, { unmetered: 1 })], CHEAP, null)).toEqual([null, null]);
  });
});
