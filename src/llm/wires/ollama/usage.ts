/** Token counts of an answer of Ollama: what they mean has changed over its versions. */
import type { Fields } from '../../../core/fields.js';
import type { Usage } from '../../../core/model.js';
import { believable, countOf } from '../counts.js';

/**
 * Null when none was reported, or what cannot be true. `prompt_eval_count` is the whole prompt, cached tokens among it (ollama/ollama pull
 * requests 5371, 16428, 17943); versions from before July 2024 left it out when all of the prompt was cached, then the reservation is charged.
 * `eval_count` has the thinking in it, which is not told apart.
 */
export function usageOf(body: Fields, text: string): Usage | null {
  const input = countOf(body['prompt_eval_count']);
  const output = countOf(body['eval_count']);
  const cached = countOf(body['prompt_eval_cached_count']) ?? 0;
  return input === undefined || output === undefined ? null : believable({ input, cached, output, reasoning: 0 }, text);
}
