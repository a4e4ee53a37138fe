/** A cap that could not do its work: over an unknown price it would never trip, under one call's worst case nothing would ever run. */
import type { Place, Problem } from '../core/errors.js';
import { formatExactUsd } from '../core/format.js';
import { isSimulated, nanoToUsd, usdToNano } from '../core/money/price.js';
import type { Prices } from '../core/money/price-book.js';
import { modelName } from '../core/names.js';
import { type ModelUse, usesOf } from '../core/phases.js';
import type { Task } from '../schema/task-types.js';

type CapKey = 'max_cost' | 'max_cost_per_call' | 'max_cost_per_row' | 'max_daily_cost' | 'SWARM_MAX_DAILY_COST';

interface Cap {
  key: CapKey;
  usd: number;
}

function capsOf(task: Task, { model }: ModelUse, homeCapUsd: number | null): Cap[] {
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
    ...(isSimulated(model) ? [] : ofDay),
  ];
  return caps.flatMap(([key, usd]) => (usd === null ? [] : [{ key, usd }]));
}

/**
 * Null when the task has no cap or sound ones, whatever model is called; else E_PRICE_UNKNOWN or E_CAP_TOO_SMALL for the first that is not.
 * @param known.promptTokens of the shortest prompt; default 0, which finds only caps that allow no call whatever the rows are.
 * @param known.placeOf where a cap is written.
 * @param known.homeCapUsd the cap of this home for all runs of a day; default none.
 */
export function capProblem(
  task: Task,
  prices: Prices,
  known: { promptTokens?: number; placeOf?: (key: string) => Place; homeCapUsd?: number | null } = {},
): Problem | null {
  for (const use of usesOf(task)) {
    const found = problemOf(capsOf(task, use, known.homeCapUsd ?? null), use, { ...known, prices });
    if (found) return found;
  }
  return null;
}

function problemOf(
  caps: readonly Cap[],
  { model, price: override, maxTokens, timeoutMs }: ModelUse,
  known: { prices: Prices; promptTokens?: number; placeOf?: (key: string) => Place },
): Problem | null {
  if (caps.length === 0) return null;
  const question = { model, override, at: Date.now(), timeoutMs };
  const worst = known.prices.worstCase(question, { input: known.promptTokens ?? 0, maxOutput: maxTokens });
  for (const { key, usd } of caps) {
    const place = { ...known.placeOf?.(key), model: modelName(model) };
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
  const unpriced = usesOf(task).find(
    ({ model, price: override }) => prices.worstCase({ model, override, at: Date.now() }, { input: 0, maxOutput: 0 }) === null,
  );
  return unpriced ? { ...unknownPrice('the new cap'), place: { model: modelName(unpriced.model) } } : null;
}
