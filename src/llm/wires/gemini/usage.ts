/** Token counts of this wire, made one. Counts of zero are left out of its JSON. From ai.google.dev/api/generate-content#UsageMetadata, November 2026. */
import { fieldsOf } from '../../../core/fields.js';
import type { Usage } from '../../../core/model.js';
import { believable, countOf } from '../counts.js';

/**
 * Null when the provider reported no usage, or nonsense. `text`: what came of the call, '' for nothing.
 * Results of tools that the provider ran are input beside the prompt. Thoughts are output beside the candidate's; some servers count them
 * within it, which their total shows.
 */
export function usageOf(reported: unknown, text: string): Usage | null {
  const wire = fieldsOf(reported);
  const prompt = countOf(wire['promptTokenCount']);
  if (prompt === undefined) return null;
  const total = countOf(wire['totalTokenCount']);
  const cached = countOf(wire['cachedContentTokenCount']) ?? 0;
  const reasoning = countOf(wire['thoughtsTokenCount']) ?? 0;
  const said = countOf(wire['candidatesTokenCount']) ?? 0;
  const input = prompt + (countOf(wire['toolUsePromptTokenCount']) ?? 0);
  const areWithin = total === input + said && reasoning <= said;
  const output = areWithin ? said : said + reasoning;
  // Only of what is a number: a total that is none says nothing.
  const most = total !== undefined && total - input > output ? total - input : output;
  return believable({ input, cached, output: most, reasoning }, text);
}
