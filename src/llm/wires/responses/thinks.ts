/**
 * Whether a model is asked for its thoughts, encrypted, so that a conversation can go on with them. A model without thoughts refuses to be asked
 * (400 "Encrypted content is not supported with this model.", at `include`); one with them that was not asked forgets them from turn to turn.
 */
import { isAzure } from '../../../schema/providers.js';
import type { ModelCall } from '../../port.js';

/** OpenAI's models that do not think, by their names (platform.openai.com/docs/models, November 2026). */
const WITHOUT_THOUGHTS = /^(?:gpt-[34]|chatgpt|davinci|babbage|gpt-\d+(?:\.\d+)?-chat)/;
const WITH_THOUGHTS = /^(?:o\d|gpt-\d|codex)/;

/** What a model was before it was tuned (`ft:gpt-4o:org::id`), and without the vendor that gateways put before it (`openai/gpt-4o`). */
function bareName(model: string): string {
  return model.replace(/^.*\//, '').replace(/^ft:/, '').toLowerCase();
}

/** Of names that say nothing, yes: models that do not think become few. At Azure a model has the name that its user gave it. The task's `extra_body: {include: []}` says no. */
export function thinks({ model: { model }, apiBase, settings: { reasoningEffort } }: ModelCall): boolean {
  if (reasoningEffort !== undefined && reasoningEffort !== 'none') return true;
  const name = bareName(model);
  if (WITHOUT_THOUGHTS.test(name)) return false;
  return WITH_THOUGHTS.test(name) || !isAzure(new URL(apiBase).hostname);
}
