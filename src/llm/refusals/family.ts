/** Whose refusals an endpoint sends, over whatever wire. */
import { providerOfBase } from '../../schema/providers.js';

export const FAMILIES = [
  'openai',
  'anthropic',
  'gemini',
  'groq',
  'deepseek',
  'openrouter',
  'mistral',
  'together',
  'other',
] as const;
export type Family = (typeof FAMILIES)[number];

const ALIASES: Readonly<Record<string, Family>> = { google: 'gemini', 'google-ai': 'gemini', 'together-ai': 'together' };

function known(name: string): Family | null {
  if ((FAMILIES as readonly string[]).includes(name)) return name as Family;
  return ALIASES[name] ?? null;
}

/** By the provider's name, else by the host of the base URL; `other` for everything unknown (local servers, proxies, `sim`). */
export function familyOf(provider: string, apiBase: string): Family {
  const named = known(provider.toLowerCase());
  if (named !== null) return named;
  if (!URL.canParse(apiBase)) return 'other';
  if (new URL(apiBase).hostname === 'api.anthropic.com') return 'anthropic';
  return known(providerOfBase(apiBase) ?? '') ?? 'other';
}
