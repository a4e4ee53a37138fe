/** Requests of generateContent, for Google's own endpoints and all that speak as they do. */
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import type { LanguageModelV3 } from '@ai-sdk/provider';

/** The header of the key: never a parameter of the address (`?key=`), which ends up in logs. */
export const KEY_HEADER = 'x-goog-api-key';

/** Vertex AI refuses ids of calls and of their results, which the Gemini API takes; under this name the package leaves them out. */
const VERTEX = { host: /(?:^|[.-])aiplatform\.googleapis\.com$/, name: 'google.vertex.chat' };

export function geminiModel(apiBase: string, model: string, send: typeof fetch): LanguageModelV3 {
  const { origin, pathname, hostname, search } = new URL(apiBase);
  const provider = createGoogleGenerativeAI({
    ...(VERTEX.host.test(hostname) ? { name: VERTEX.name } : {}),
    baseURL: `${origin}${pathname}`,
    // Without a key here the package would take that of an environment variable; ours comes with each call, or there is none.
    apiKey: '',
    headers: { [KEY_HEADER]: undefined, 'user-agent': 'durable-swarm' },
    // A base may have a query: it goes behind the path of the request.
    fetch: search === '' ? send : (input, init) => send(`${String(input)}${search}`, init),
  });
  return provider.chat(model);
}
