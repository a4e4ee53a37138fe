/**
 * Token counts and cost as providers report them, made one: totals that include their parts, or null when they cannot be true. The one
 * reader of them, for every answer that says what it took, used or not. What a server sends is not to be trusted: any field may be anything.
 */

import type { Metered } from '../../../core/call-failure.js';
import { fieldsOf } from '../../../core/fields.js';
import type { Usage } from '../../../core/model.js';
import type { Family } from '../../refusals/family.js';
import { believable, countOf } from '../counts.js';
import { reportedCost } from '../reported-cost.js';

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
  if (input === undefined || output === undefined || believable({ input, cached, output, reasoning }, text) === null) return null;
  if (total !== undefined && total - input > output) output = total - input;
  else if (reasoning > output) output += reasoning;
  return { input, cached, output, reasoning };
}

/** What an answer says of its own tokens and cost. `text` is what came of it, '' for nothing. */
export function meteredOf(reported: unknown, text: string, family: Family): Omit<Metered, 'servedModel'> {
  const usage = usageOf(reported, text);
  const written = countOf(fieldsOf(fieldsOf(reported)['prompt_tokens_details'])['cache_write_tokens']) ?? 0;
  return {
    usage,
    cacheWritten: Number.isNaN(written) ? 0 : written,
    costUsd: reportedCost(reported, usage, family),
  };
}
