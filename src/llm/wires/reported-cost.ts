/** What a provider itself says that a call cost. */
import { fieldsOf } from '../../core/fields.js';
import type { Usage } from '../../core/model.js';
import type { Family } from '../refusals/family.js';

/** USD; no call costs more. Sums of such amounts are beyond whole numbers, and every run of the home is counted in one book. */
const ABSURD = 10_000;

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= ABSURD;
}

/**
 * USD; null when the provider says nothing, or nonsense. `reported`: its usage as it came; `usage`: as it was read. Only OpenRouter documents
 * the field and its unit (openrouter.ai/docs/use-cases/usage-accounting, November 2026). With a key of the user's own the model's provider
 * bills `upstream_inference_cost`, on top of `cost`.
 */
export function reportedCost(reported: unknown, usage: Usage | null, family: Family): number | null {
  const costUsd = family === 'openrouter' ? amountIn(reported) : null;
  // A meter that counted no tokens counted no money either.
  return costUsd === 0 && usage === null ? null : costUsd;
}

function amountIn(reported: unknown): number | null {
  const { cost, is_byok: byok, cost_details: details } = fieldsOf(reported);
  if (!isAmount(cost)) return null;
  if (byok !== true) return cost;
  const upstream = fieldsOf(details)['upstream_inference_cost'];
  return isAmount(upstream) ? cost + upstream : null;
}
