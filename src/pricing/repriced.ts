/** Rows that were done at another time, maybe at another price: what they would cost now. */
import { repriced, type SampledRow } from '../core/estimate.js';
import type { EpochMs } from '../core/model.js';
import type { Prices } from '../core/money/price-book.js';
import type { PriceOverride, Task } from '../schema/task-types.js';

/** Tokens of a call that two prices are compared by. */
const COMPARED_INPUT = 1_000;

function same(a: PriceOverride | null, b: PriceOverride | null): boolean {
  return a?.input === b?.input && a?.output === b?.output && a?.cachedInput === b?.cachedInput;
}

/**
 * Their tokens at today's price of the worker. `priceThen` is the `price` of the task that they were done with. Where it is that of today, what they did cost
 * holds if it was more: a provider may bill what no list knows of. Null costs: nobody knows.
 */
export function atTodaysPrice(
  rows: readonly SampledRow[],
  task: Task,
  prices: Prices,
  { priceThen, at }: { priceThen: PriceOverride | null; at: EpochMs },
): SampledRow[] {
  const { model, price: override, maxTokens, timeoutMs } = task;
  const today = repriced(rows, 'worker', (usage) => prices.cost({ model, override, at }, usage));
  if (same(priceThen, override)) {
    return today.map((row, position) => {
      const then = rows[position]?.costNano ?? null;
      return then === null ? row : { ...row, costNano: Math.max(then, row.costNano ?? 0) };
    });
  }
  const worst = (price: PriceOverride | null) =>
    prices.worstCase({ model, override: price, at, timeoutMs }, { input: COMPARED_INPUT, maxOutput: maxTokens });
  const [before, now] = [worst(priceThen), worst(override)];
  if (now === null) return rows.map((row) => ({ ...row, costNano: null }));
  return today.map((row) => {
    if (row.unmetered === 0) return row;
    // Booked at what it could cost at most.
    return { ...row, costNano: row.costNano === null || !before ? null : Math.ceil((row.costNano * now) / before) };
  });
}
