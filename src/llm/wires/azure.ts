/** Azure serves APIs of others, with its own header for keys. */
import { isAzure } from '../../schema/providers.js';
import type { ModelCall } from '../port.js';
import type { KeyPlace } from './wire.js';

/** Tokens of Microsoft Entra, which are bearers where keys are not. */
const TOKEN = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/;

/** A key of Azure OpenAI or Foundry (learn.microsoft.com/azure/ai-services/openai/reference); null: it goes where the wire has it. */
export function azureKey({ apiBase, apiKey }: Pick<ModelCall, 'apiBase' | 'apiKey'>): KeyPlace | null {
  if (apiKey === null || TOKEN.test(apiKey) || !isAzure(new URL(apiBase).hostname)) return null;
  return { header: 'api-key', value: (key) => key };
}
