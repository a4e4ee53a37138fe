/** A cap that could not do its work: over an unknown price it would never trip, under one call's worst case nothing would ever run. */
import type { Place, Problem } from '../core/errors.js';
import { formatExactUsd } from '../core/format.js';
import { isSimulated, nanoToUsd, usdToNano } from '../core/money/price.js';
import type { Prices } from '../core/money/price-book.js';
import type { Task } from '../schema/task-types.js';

type CapKey = 'max_cost' | 'max_cost_per_call' | 'max_cost_per_row' | 'max_daily_cost' | 'SWARM_MAX_DAILY_COST';

function capsOf(task: Task, homeCapUsd: number | null): { key: CapKey; usd: number }[] {
  const { maxCost, maxCostPerCall, maxCostPerRow, maxDailyCost } = task;
  const ofDay: [CapKey, number | null][] = [
    ['max_daily_cost', maxDailyCost],
    ['SWARM_MAX_DAILY_COST', homeCapUsd],
  ];
  const caps: [CapKey, number | null][] = [
    ['max_cost', maxCost],
    ['max_cost_per_call', maxCostPerCall],
    ['max_cost_per_row', maxCostPerRow],
    // No day's cap holds simulated money back.
    ...(isSimulated(task.model) ? [] : ofDay),
  ];
  return caps.flatMap(([key, usd]) => (usd === null ? [] : [{ key, usd }]));
}

/**
 * Null when the task has no cap or sound ones; else E_PRICE_UNKNOWN or E_CAP_TOO_SMALL for the first that is not.
 * @param known.promptTokens of the shortest prompt; default 0, which finds only caps that allow no call whatever the rows are.
 * @param known.placeOf where a cap is written.
 * @param known.homeCapUsd the cap of this home for all runs of a day; default none.
 */
export function capProblem(
  task: Task,
  prices: Prices,
  known: { promptTokens?: number; placeOf?: (key: string) => Place; homeCapUsd?: number | null } = {},
): Problem | null {
  const caps = capsOf(task, known.homeCapUsd ?? null);
  if (caps.length === 0) return null;
  const question = { model: task.model, override: task.price, at: Date.now(), timeoutMs: task.timeoutMs };
  const worst = prices.worstCase(question, { input: known.promptTokens ?? 0, maxOutput: task.maxTokens });
  for (const { key, usd } of caps) {
    const place = { ...known.placeOf?.(key), model: `${task.model.provider}/${task.model.model}` };
    if (worst === null) return { ...unknownPrice(key), place };
    if (worst <= usdToNano(usd)) continue;
    const least = formatExactUsd(nanoToUsd(worst));
    return {
      code: 'E_CAP_TOO_SMALL',
      place,
      found: `${key} is ${formatExactUsd(usd)} and one call may cost ${least}: no call could be made`,
      allowed: `at least ${least}`,
      fix: `raise ${key}, or lower worker_max_tokens to what an answer needs`,
    };
  }
  return null;
}

function unknownPrice(key: string): Problem {
  return {
    code: 'E_PRICE_UNKNOWN',
    found: `${key} is set and the price of this model is not known`,
    allowed: 'a model with a known price, or a price of your own',
    fix: "price: {input: 0.15, output: 0.60}   # USD per 1M tokens, from the provider's price page",
  };
}

/** E_PRICE_UNKNOWN when a cap is to be put on a run whose model has no price; else null. */
export function resizeProblem(task: Task, prices: Prices, caps: readonly (number | null | undefined)[]): Problem | null {
  if (caps.every((usd) => usd === null || usd === undefined)) return null;
  const worst = prices.worstCase({ model: task.model, override: task.price, at: Date.now() }, { input: 0, maxOutput: 0 });
  const place = { model: `${task.model.provider}/${task.model.model}` };
  return worst === null ? { ...unknownPrice('the new cap'), place } : null;
}
