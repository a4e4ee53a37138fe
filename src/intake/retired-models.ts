/** Models that their provider has ended, or will: told before the first call. From the providers' notices, November 2026. */
import type { Problem } from '../core/errors.js';
import type { EpochMs } from '../core/model.js';
import { knownProvider, wiresOf } from '../schema/providers.js';
import type { ModelRef } from '../schema/task-types.js';

interface Ending {
  provider: string;
  name: RegExp;
  /** First day without it, UTC. */
  end: string;
  successor: string;
}

const ENDINGS: readonly Ending[] = [
  { provider: 'gemini', name: /^gemini-2\.0-flash(?:-001)?$/, end: '2026-06-01', successor: 'gemini-3.5-flash-lite' },
  { provider: 'gemini', name: /^gemini-2\.5-(?:pro|flash)$/, end: '2026-12-01', successor: 'gemini-3.5-flash-lite' },
  { provider: 'groq', name: /^llama-3/, end: '2026-08-16', successor: 'openai/gpt-oss-20b' },
  { provider: 'openai', name: /^(?:gpt-5|o3)$/, end: '2026-12-11', successor: 'gpt-6-sol' },
  { provider: 'openai', name: /^gpt-4o-mini$/, end: '2027-01-14', successor: 'gpt-6-luna' },
];

/** A fault when the model is gone, a note when its end is known; null for all others, and for models behind any other address. */
export function modelEnding(
  { provider, model, apiBase }: ModelRef,
  now: EpochMs,
): { fault: Omit<Problem, 'place'> } | { note: string } | null {
  const known = knownProvider(provider);
  if (known === undefined || !wiresOf(known).some((each) => each.apiBase === apiBase)) return null;
  const ending = ENDINGS.find((each) => each.provider === provider && each.name.test(model));
  if (!ending) return null;
  const { end, successor } = ending;
  if (now < Date.parse(end)) return { note: `${provider}/${model} ends on ${end}; its successor is ${provider}/${successor}` };
  return {
    fault: {
      code: 'E_MODEL_RETIRED',
      found: `worker_model ${provider}/${model} ended on ${end}`,
      allowed: 'a model that the provider serves',
      fix: `write worker_model: ${provider}/${successor}`,
    },
  };
}
