/** Where this wire reports token counts, of answers that are used and of those that are not. */
import type { Metered } from '../../../core/call-failure.js';
import { fieldsOf } from '../../../core/fields.js';
import type { Usage } from '../../../core/model.js';
import type { Family } from '../../refusals/family.js';
import { meteredBy, type ReportedCounts, usageBy } from '../openai-usage.js';

/** DeepSeek has a name of its own for cached tokens; hit + miss = prompt. */
function countsIn(reported: unknown): ReportedCounts {
  const wire = fieldsOf(reported);
  const prompt = fieldsOf(wire['prompt_tokens_details']);
  return {
    input: wire['prompt_tokens'],
    cached: prompt['cached_tokens'] ?? wire['prompt_cache_hit_tokens'],
    cacheWritten: prompt['cache_write_tokens'],
    output: wire['completion_tokens'],
    reasoning: fieldsOf(wire['completion_tokens_details'])['reasoning_tokens'],
    total: wire['total_tokens'],
  };
}

export function usageOf(reported: unknown, text: string): Usage | null {
  return usageBy(countsIn(reported), text);
}

/** What an answer says of its own tokens and cost. `text` is what came of it, '' for nothing. */
export function meteredOf(reported: unknown, text: string, family: Family): Omit<Metered, 'servedModel'> {
  return meteredBy(countsIn(reported), { reported, text, family });
}
