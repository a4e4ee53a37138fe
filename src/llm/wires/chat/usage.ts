/**
 * Token counts and cost as providers report them, made one: totals that include their parts, or null when they cannot be true. The one
 * reader of them, for every answer that says what it took, used or not. What a server sends is not to be trusted: any field may be anything.
 */

import type { Metered } from '../../../core/call-failure.js';
import { fieldsOf } from '../../../core/fields.js';
import type { Usage } from '../../../core/model.js';
import type { Family } from '../../refusals/family.js';

/** No call has more tokens than this. */
const ABSURD = 100_000_000;

/** Undefined for what is missing, NaN for what is no count. Digits as text are a count, too. */
function countOf(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  const count = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return Number.isInteger(count) && (count as number) >= 0 && (count as number) <= ABSURD ? (count as number) : Number.NaN;
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/**
 * Null when the provider reported no usage, or nonsense: missing or negative counts, no input at all, text without
 * output tokens, more cached than input. Some count hidden reasoning only in their grand total (Gemini, xAI): it is billed as
 * output, so it is put there. DeepSeek has a name of its own for cached tokens; hit + miss = prompt.
 */
export function usageOf(reported: unknown, text: string): Usage | null {
  const wire = fieldsOf(reported);
  const input = countOf(wire['prompt_tokens']);
  const total = countOf(wire['total_tokens']);
  const cached = countOf(fieldsOf(wire['prompt_tokens_details'])['cached_tokens'] ?? wire['prompt_cache_hit_tokens']) ?? 0;
  const reasoning = countOf(fieldsOf(wire['completion_tokens_details'])['reasoning_tokens']) ?? 0;
  let output = countOf(wire['completion_tokens']);
  if (input === undefined || output === undefined || Number.isNaN(input + output + cached + reasoning)) return null;
  if (input === 0 || cached > input || (output === 0 && text !== '')) return null;
  if (total !== undefined && total - input > output) output = total - input;
  else if (reasoning > output) output += reasoning;
  return { input, cached, output, reasoning };
}

/**
 * What the provider says that the call cost, USD; null when it says nothing, or nonsense. Only OpenRouter documents the field and its
 * unit (openrouter.ai/docs/use-cases/usage-accounting, November 2026). With a key of the user's own the model's provider bills
 * `upstream_inference_cost`, on top of `cost`.
 */
export function reportedCost(reported: unknown, family: Family): number | null {
  const { cost, is_byok: byok, cost_details: details } = fieldsOf(reported);
  if (family !== 'openrouter' || !isAmount(cost)) return null;
  if (byok !== true) return cost;
  const upstream = fieldsOf(details)['upstream_inference_cost'];
  return isAmount(upstream) ? cost + upstream : null;
}

/** What an answer says of its own tokens and cost. `text` is what came of it, '' for nothing. */
export function meteredOf(reported: unknown, text: string, family: Family): Omit<Metered, 'servedModel'> {
  const usage = usageOf(reported, text);
  const written = countOf(fieldsOf(fieldsOf(reported)['prompt_tokens_details'])['cache_write_tokens']) ?? 0;
  const costUsd = reportedCost(reported, family);
  return {
    usage,
    cacheWritten: Number.isNaN(written) ? 0 : written,
    // A meter that counted no tokens counted no money either.
    costUsd: costUsd === 0 && usage === null ? null : costUsd,
  };
}
