/** Rows that were done at another time, maybe at another price: what they would cost now. */
import { repriced, type SampledRow } from '../core/estimate.js';
import type { EpochMs } from '../core/model.js';
import type { Prices } from '../llm/port.js';
import type { PriceOverride, Task } from '../schema/task-types.js';

/** Tokens of a call that two prices are compared by. */
const COMPARED_INPUT = 1_000;

function same(a: PriceOverride | null, b: PriceOverride | null): boolean {
  return a?.input === b?.input && a?.output === b?.output && a?.cachedInput === b?.cachedInput;
}

/**
 * Their tokens at today's price. `priceThen` is the `price` of the task that they were done with. Where it is that of today, what they did cost
 * holds if it was more: a provider may bill what no list knows of. Null costs: nobody knows.
 */
export function atTodaysPrice(
  rows: readonly SampledRow[],
  task: Task,
  prices: Prices,
  { priceThen, at }: { priceThen: PriceOverride | null; at: EpochMs },
): SampledRow[] {
  const { model, price: override, maxTokens, timeoutMs } = task;
  const unchanged = same(priceThen, override);
  const worst = (price: PriceOverride | null) =>
    prices.worstCase({ model, override: price, at, timeoutMs }, { input: COMPARED_INPUT, maxOutput: maxTokens });
  const [before, now] = unchanged ? [1, 1] : [worst(priceThen), worst(override)];
  const today = repriced(rows, (usage) => prices.cost({ model, override, at }, usage));
  return rows.map((row, position) => {
    const costNano = today[position]?.costNano ?? null;
    if (unchanged) return { ...row, costNano: row.costNano === null ? costNano : Math.max(row.costNano, costNano ?? 0) };
    if (now === null) return { ...row, costNano: null };
    if (row.unmetered === 0) return { ...row, costNano };
    // Booked at what it could cost at most.
    return { ...row, costNano: row.costNano === null || !before ? null : Math.ceil((row.costNano * now) / before) };
  });
}
