/**
 * Providers known by name: base URL of their OpenAI-compatible API, the environment variable of their key, and the pages of their users.
 * From the providers' own API references and consoles, November 2026.
 */

export interface Provider {
  /** Null only for `sim`, whose address the worker knows. */
  apiBase: string | null;
  /** What apiBase was in earlier versions: runs that were stored with it keep it. */
  earlierBases?: readonly string[];
  /** Null: no key is sent unless worker_api_key_env names one. */
  apiKeyEnv: string | null;
  /** Where its users pay, and where they make keys. Null: nobody is paid. */
  pages: { billing: string; keys: string } | null;
}

export const PROVIDERS: Readonly<Record<string, Provider>> = {
  openai: {
    apiBase: 'https://api.openai.com/v1',
    apiKeyEnv: 'OPENAI_API_KEY',
    pages: { billing: 'https://platform.openai.com/settings/organization/billing', keys: 'https://platform.openai.com/api-keys' },
  },
  groq: {
    apiBase: 'https://api.groq.com/openai/v1',
    apiKeyEnv: 'GROQ_API_KEY',
    pages: { billing: 'https://console.groq.com/settings/billing', keys: 'https://console.groq.com/keys' },
  },
  deepseek: {
    apiBase: 'https://api.deepseek.com',
    apiKeyEnv: 'DEEPSEEK_API_KEY',
    pages: { billing: 'https://platform.deepseek.com/top_up', keys: 'https://platform.deepseek.com/api_keys' },
  },
  openrouter: {
    apiBase: 'https://openrouter.ai/api/v1',
    apiKeyEnv: 'OPENROUTER_API_KEY',
    pages: { billing: 'https://openrouter.ai/settings/credits', keys: 'https://openrouter.ai/settings/keys' },
  },
  mistral: {
    apiBase: 'https://api.mistral.ai/v1',
    apiKeyEnv: 'MISTRAL_API_KEY',
    pages: { billing: 'https://console.mistral.ai/billing', keys: 'https://console.mistral.ai/api-keys' },
  },
  together: {
    apiBase: 'https://api.together.ai/v1',
    apiKeyEnv: 'TOGETHER_API_KEY',
    pages: { billing: 'https://api.together.ai/settings/billing', keys: 'https://api.together.ai/settings/api-keys' },
  },
  gemini: {
    apiBase: 'https://generativelanguage.googleapis.com/v1beta/openai',
    apiKeyEnv: 'GEMINI_API_KEY',
    pages: { billing: 'https://aistudio.google.com/usage', keys: 'https://aistudio.google.com/apikey' },
  },
  xai: {
    apiBase: 'https://api.x.ai/v1',
    apiKeyEnv: 'XAI_API_KEY',
    pages: { billing: 'https://console.x.ai', keys: 'https://console.x.ai' },
  },
  ollama: { apiBase: 'http://localhost:11434/v1', apiKeyEnv: null, pages: null },
  vllm: { apiBase: 'http://localhost:8000/v1', apiKeyEnv: null, pages: null },
  llamacpp: { apiBase: 'http://127.0.0.1:8080/v1', apiKeyEnv: null, pages: null },
  sim: { apiBase: null, apiKeyEnv: null, pages: null },
};

/** Providers with a wire of their own that this version does not speak. */
export const UNSUPPORTED_PROVIDERS: readonly string[] = ['anthropic'];

/** The named provider whose public API lives at this base; null for local ones (their ports are anyone's) and unknown ones. */
export function providerOfBase(apiBase: string): string | null {
  const host = new URL(apiBase).host;
  for (const [name, provider] of Object.entries(PROVIDERS)) {
    if (provider.apiBase?.startsWith('https:') && new URL(provider.apiBase).host === host) return name;
  }
  return null;
}

/** Where to go when the provider refuses to bill, or refuses the key; null for a provider that is not known by name. */
export function whereToGo(provider: string, refused: 'billing' | 'key'): string | null {
  const pages = PROVIDERS[provider]?.pages;
  if (!pages) return null;
  return refused === 'billing'
    ? `pay or raise the limit at ${pages.billing}`
    : `look at the key and what it may do at ${pages.keys}`;
}
