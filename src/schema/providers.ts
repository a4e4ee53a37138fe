/**
 * Providers known by name: the wires that they speak and where, the environment variable of their key, and the pages of their users.
 * From the providers' own API references and consoles, November 2026.
 */
import type { WireName } from './wires.js';

export interface Provider {
  /** How it is spoken to unless a task says otherwise. @default chat */
  wire?: WireName;
  /** Base URL of that wire. Null only for `sim`, whose address the worker knows. */
  apiBase: string | null;
  /** Bases of the other wires that it speaks. */
  otherBases?: Partial<Record<WireName, string>>;
  /** What apiBase was in earlier versions, on the chat wire: runs that were stored with it keep both. */
  earlierBases?: readonly string[];
  /** Its list of models leaves none out that it serves, but for other names of those in it. @default some may be missing */
  listsAll?: true;
  /** Null: no key is sent unless worker_api_key_env names one. */
  apiKeyEnv: string | null;
  /** Where its users pay, and where they make keys. Null: nobody is paid. */
  pages: { billing: string; keys: string } | null;
}

export const PROVIDERS: Readonly<Record<string, Provider>> = {
  openai: {
    apiBase: 'https://api.openai.com/v1',
    otherBases: { responses: 'https://api.openai.com/v1' },
    listsAll: true,
    apiKeyEnv: 'OPENAI_API_KEY',
    pages: { billing: 'https://platform.openai.com/settings/organization/billing', keys: 'https://platform.openai.com/api-keys' },
  },
  anthropic: {
    wire: 'anthropic',
    apiBase: 'https://api.anthropic.com/v1',
    otherBases: { chat: 'https://api.anthropic.com/v1' },
    listsAll: true,
    apiKeyEnv: 'ANTHROPIC_API_KEY',
    pages: { billing: 'https://platform.claude.com/settings/billing', keys: 'https://platform.claude.com/settings/keys' },
  },
  groq: {
    apiBase: 'https://api.groq.com/openai/v1',
    otherBases: { responses: 'https://api.groq.com/openai/v1' },
    listsAll: true,
    apiKeyEnv: 'GROQ_API_KEY',
    pages: { billing: 'https://console.groq.com/settings/billing', keys: 'https://console.groq.com/keys' },
  },
  deepseek: {
    apiBase: 'https://api.deepseek.com',
    otherBases: { anthropic: 'https://api.deepseek.com/anthropic/v1' },
    apiKeyEnv: 'DEEPSEEK_API_KEY',
    pages: { billing: 'https://platform.deepseek.com/top_up', keys: 'https://platform.deepseek.com/api_keys' },
  },
  openrouter: {
    apiBase: 'https://openrouter.ai/api/v1',
    otherBases: { responses: 'https://openrouter.ai/api/v1' },
    listsAll: true,
    apiKeyEnv: 'OPENROUTER_API_KEY',
    pages: { billing: 'https://openrouter.ai/settings/credits', keys: 'https://openrouter.ai/settings/keys' },
  },
  mistral: {
    apiBase: 'https://api.mistral.ai/v1',
    listsAll: true,
    apiKeyEnv: 'MISTRAL_API_KEY',
    pages: { billing: 'https://console.mistral.ai/billing', keys: 'https://console.mistral.ai/api-keys' },
  },
  together: {
    apiBase: 'https://api.together.ai/v1',
    apiKeyEnv: 'TOGETHER_API_KEY',
    pages: { billing: 'https://api.together.ai/settings/billing', keys: 'https://api.together.ai/settings/api-keys' },
  },
  gemini: {
    wire: 'gemini',
    apiBase: 'https://generativelanguage.googleapis.com/v1beta',
    otherBases: { chat: 'https://generativelanguage.googleapis.com/v1beta/openai' },
    earlierBases: ['https://generativelanguage.googleapis.com/v1beta/openai'],
    listsAll: true,
    apiKeyEnv: 'GEMINI_API_KEY',
    pages: { billing: 'https://aistudio.google.com/usage', keys: 'https://aistudio.google.com/apikey' },
  },
  xai: {
    apiBase: 'https://api.x.ai/v1',
    otherBases: { responses: 'https://api.x.ai/v1' },
    apiKeyEnv: 'XAI_API_KEY',
    pages: { billing: 'https://console.x.ai', keys: 'https://console.x.ai' },
  },
  ollama: {
    wire: 'ollama',
    apiBase: 'http://localhost:11434',
    otherBases: { chat: 'http://localhost:11434/v1' },
    earlierBases: ['http://localhost:11434/v1'],
    listsAll: true,
    apiKeyEnv: null,
    pages: null,
  },
  vllm: { apiBase: 'http://localhost:8000/v1', listsAll: true, apiKeyEnv: null, pages: null },
  llamacpp: { apiBase: 'http://127.0.0.1:8080/v1', apiKeyEnv: null, pages: null },
  sim: { apiBase: null, apiKeyEnv: null, pages: null },
};

/** The provider of that name; undefined for none. */
export function knownProvider(name: string): Provider | undefined {
  return Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name] : undefined;
}

/** The wires of a provider, its own one first, each with its base. */
export function wiresOf({ wire = 'chat', apiBase, otherBases = {} }: Provider): { wire: WireName; apiBase: string | null }[] {
  const others = Object.entries(otherBases) as [WireName, string][];
  return [{ wire, apiBase }, ...others.map(([name, base]) => ({ wire: name, apiBase: base }))];
}

/** The named provider whose public API lives at this base; null for local ones (their ports are anyone's) and unknown ones. */
export function providerOfBase(apiBase: string): string | null {
  const host = new URL(apiBase).host;
  for (const [name, provider] of Object.entries(PROVIDERS)) {
    if (provider.apiBase?.startsWith('https:') && new URL(provider.apiBase).host === host) return name;
  }
  return null;
}

/** Azure OpenAI and Foundry, where everybody has a host of their own (learn.microsoft.com/azure/foundry/openai/api-version-lifecycle). */
const AZURE = /\.(?:openai|services\.ai|cognitiveservices)\.azure\.(?:com|us|cn)$/;

export function isAzure(hostname: string): boolean {
  return AZURE.test(hostname);
}

/** Path of OpenAI's APIs there. */
export const AZURE_PATH = '/openai/v1';

/** Where to go when the provider refuses to bill, or refuses the key; null for a provider that is not known by name. */
export function whereToGo(provider: string, refused: 'billing' | 'key'): string | null {
  const pages = PROVIDERS[provider]?.pages;
  if (!pages) return null;
  return refused === 'billing'
    ? `pay or raise the limit at ${pages.billing}`
    : `look at the key and what it may do at ${pages.keys}`;
}
