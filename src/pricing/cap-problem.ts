/** A cap that could not do its work: over an unknown price it would never trip, under one call's worst case nothing would ever run. */
import type { Place, Problem } from '../core/errors.js';
import { formatUsd, usdToNano } from '../core/price.js';
import type { Prices } from '../llm/port.js';
import type { Task } from '../schema/task-types.js';

type CapKey = 'max_cost' | 'max_cost_per_call' | 'max_cost_per_row' | 'max_daily_cost';

function capsOf(task: Task): { key: CapKey; usd: number }[] {
  const { maxCost, maxCostPerCall, maxCostPerRow, maxDailyCost } = task;
  const caps: [CapKey, number | null][] = [
    ['max_cost', maxCost],
    ['max_cost_per_call', maxCostPerCall],
    ['max_cost_per_row', maxCostPerRow],
    ['max_daily_cost', maxDailyCost],
  ];
  return caps.flatMap(([key, usd]) => (usd === null ? [] : [{ key, usd }]));
}

/**
 * Null when the task has no cap or sound ones; else E_PRICE_UNKNOWN or E_CAP_TOO_SMALL for the first that is not.
 * @param known.promptTokens of the shortest prompt; default 0, which finds only caps that allow no call whatever the rows are.
 * @param known.placeOf where a cap is written.
 */
export function capProblem(
  task: Task,
  prices: Prices,
  known: { promptTokens?: number; placeOf?: (key: string) => Place } = {},
): Problem | null {
  const caps = capsOf(task);
  if (caps.length === 0) return null;
  const question = { model: task.model, override: task.price, at: Date.now() };
  const worst = prices.worstCase(question, { input: known.promptTokens ?? 0, maxOutput: task.maxTokens });
  for (const { key, usd } of caps) {
    const place = { ...known.placeOf?.(key), model: `${task.model.provider}/${task.model.model}` };
    if (worst === null) {
      return {
        code: 'E_PRICE_UNKNOWN',
        place,
        found: `${key} is set and the price of this model is not known`,
        allowed: 'a model with a known price, or a price of your own',
        fix: "price: {input: 0.15, output: 0.60}   # USD per 1M tokens, from the provider's price page",
      };
    }
    const cap = usdToNano(usd);
    if (worst <= cap) continue;
    return {
      code: 'E_CAP_TOO_SMALL',
      place,
      found: `${key} is ${formatUsd(cap)} and one call may cost ${formatUsd(worst)}: no call could be made`,
      allowed: `at least ${formatUsd(worst)}`,
      fix: `raise ${key}, or lower worker_max_tokens to what an answer needs`,
    };
  }
  return null;
}
