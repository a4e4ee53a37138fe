/** Whether a server of this wire is asked to keep to a schema. */
import { providerOfBase } from '../../../schema/providers.js';
import type { ModelCall } from '../../port.js';
import type { AnswerFormat } from '../wire.js';

/** By their own API references, November 2026. Of some it holds for a part of their models: others are refused, and say so. */
const FORMATS: Readonly<Record<string, AnswerFormat>> = {
  openai: 'schema',
  groq: 'schema',
  xai: 'schema',
  together: 'schema',
  openrouter: 'schema',
  mistral: 'schema',
  gemini: 'schema',
  ollama: 'schema',
  vllm: 'schema',
  llamacpp: 'schema',
  sim: 'schema',
  deepseek: 'object',
};

/** An unknown server may refuse what it does not know: it is told in words alone. `openai/MODEL` at its base says that it knows. */
export function chatAnswerFormat({ model, apiBase }: Pick<ModelCall, 'model' | 'apiBase'>): AnswerFormat {
  const name = Object.hasOwn(FORMATS, model.provider) ? model.provider : (providerOfBase(apiBase) ?? '');
  if (Object.hasOwn(FORMATS, name)) return FORMATS[name] as AnswerFormat;
  return new URL(apiBase).hostname.endsWith('.openai.azure.com') ? 'schema' : 'text';
}
