/** Requests of the chat completions API, for any base that speaks it. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { LanguageModelV3 } from '@ai-sdk/provider';
import { dialectOf, requestDialect } from './dialect.js';

export function chatModel(apiBase: string, model: string, send: typeof fetch): LanguageModelV3 {
  const url = new URL(apiBase);
  const transformRequestBody = requestDialect(dialectOf(url.hostname, model));
  const provider = createOpenAICompatible({
    name: 'openaiCompatible',
    baseURL: `${url.origin}${url.pathname}`,
    // A base may have one (`?api-version=...`): it goes behind the path of the request.
    queryParams: Object.fromEntries(url.searchParams),
    headers: { 'user-agent': 'durable-swarm' },
    fetch: send,
    // Without it the package would drop schemas; who takes none is not sent any (answer-format.ts).
    supportsStructuredOutputs: true,
    ...(transformRequestBody === null ? {} : { transformRequestBody }),
  });
  return provider.chatModel(model);
}
