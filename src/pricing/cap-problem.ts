/** A cap that could not do its work: over an unknown price it would never trip, under one call's worst case nothing would ever run. */
import type { Place, Problem } from '../core/errors.js';
import { formatUsd, usdToNano } from '../core/price.js';
import type { Prices } from '../llm/port.js';
import type { Task } from '../schema/task-types.js';

/**
 * Null when the task has no cap or a sound one; else E_PRICE_UNKNOWN or E_CAP_TOO_SMALL.
 * @param known.promptTokens of the shortest prompt; default 0, which finds only caps that allow no call whatever the rows are.
 * @param known.place where the cap is written.
 */
export function capProblem(task: Task, prices: Prices, known: { promptTokens?: number; place?: Place } = {}): Problem | null {
  if (task.maxCost === null) return null;
  const { promptTokens = 0 } = known;
  const place = { ...known.place, model: `${task.model.provider}/${task.model.model}` };
  const question = { model: task.model, override: task.price, at: Date.now() };
  const worst = prices.worstCase(question, { input: promptTokens, maxOutput: task.maxTokens });
  if (worst === null) {
    return {
      code: 'E_PRICE_UNKNOWN',
      place,
      found: 'max_cost is set and the price of this model is not known',
      allowed: 'a model with a known price, or a price of your own',
      fix: "price: {input: 0.15, output: 0.60}   # USD per 1M tokens, from the provider's price page",
    };
  }
  const cap = usdToNano(task.maxCost);
  if (worst <= cap) return null;
  return {
    code: 'E_CAP_TOO_SMALL',
    place,
    found: `max_cost is ${formatUsd(cap)} and one call may cost ${formatUsd(worst)}: no call could be made`,
    allowed: `at least ${formatUsd(worst)}`,
    fix: 'raise max_cost, or lower worker_max_tokens to what an answer needs',
  };
}
