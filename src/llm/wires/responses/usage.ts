/** Where this wire reports token counts, of answers that are used and of those that are not. */
import type { Metered } from '../../../core/call-failure.js';
import { fieldsOf } from '../../../core/fields.js';
import type { Family } from '../../refusals/family.js';
import { meteredBy } from '../openai-usage.js';

/** What an answer says of its own tokens and cost. `text` is what came of it, '' for nothing. */
export function meteredOf(reported: unknown, text: string, family: Family): Omit<Metered, 'servedModel'> {
  const wire = fieldsOf(reported);
  const input = fieldsOf(wire['input_tokens_details']);
  const counts = {
    input: wire['input_tokens'],
    cached: input['cached_tokens'],
    cacheWritten: input['cache_write_tokens'],
    output: wire['output_tokens'],
    reasoning: fieldsOf(wire['output_tokens_details'])['reasoning_tokens'],
    total: wire['total_tokens'],
  };
  return meteredBy(counts, { reported, text, family });
}
