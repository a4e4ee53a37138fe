/** Requests of the Responses API, for any base that speaks it: the same fields whatever the model is called. */
import { OpenAIResponsesLanguageModel } from '@ai-sdk/openai/internal';
import type { LanguageModelV3, LanguageModelV3CallOptions } from '@ai-sdk/provider';
import { type Fields, fieldsOf } from '../../../core/fields.js';
import type { ModelCall } from '../../port.js';
import { thinks } from './thinks.js';

/** Not by the package's front door: that one takes its base and key from the environment, and has no place for a query. */
export function responsesModel(apiBase: string, model: string, send: typeof fetch): LanguageModelV3 {
  const { origin, pathname, search, hostname } = new URL(apiBase);
  return new OpenAIResponsesLanguageModel(model, {
    provider: 'openai.responses',
    // A base may have a query (`?api-version=...`): it goes behind the path of the request.
    url: ({ path }) => `${origin}${pathname.replace(/\/$/, '')}${path}${search}`,
    headers: () => ({ 'user-agent': 'durable-swarm' }),
    // Some servers tell items apart by nothing else.
    explicitMessageItemType: true,
    fetch: hostname === 'openrouter.ai' ? withWholeMessages(send) : send,
  });
}

/**
 * `store: false`: the conversation lives with us and not at the provider, so all of it is sent each time. The package would go by what it
 * thinks of the model's name; it is not asked to: it would drop fields, call the system message otherwise, and leave the thoughts of models that it
 * does not know.
 */
export function responsesOptions(call: ModelCall): LanguageModelV3CallOptions['providerOptions'] {
  const include = thinks(call) ? { include: ['reasoning.encrypted_content'] } : {};
  return { openai: { store: false, forceReasoning: false, systemMessageMode: 'system', ...include } };
}

/** OpenRouter wants an id and a status of every message of the model (openrouter.ai/docs/api/reference/responses, November 2026). */
function withWholeMessages(send: typeof fetch): typeof fetch {
  return (input, init) => {
    const body = JSON.parse(init?.body as string) as Fields;
    const items = (body['input'] as unknown[]).map(fieldsOf);
    if (!items.some(({ role }) => role === 'assistant')) return send(input, init);
    body['input'] = items.map((item, at) =>
      item['role'] === 'assistant' ? { id: `msg_${at}`, status: 'completed', ...item } : item,
    );
    return send(input, { ...init, body: JSON.stringify(body) });
  };
}
