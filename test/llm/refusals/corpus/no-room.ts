/** A provider that has no room for anybody, by whatever status. */
import { anthropic, type Cell, google, openai, reason } from './cell.js';

const NO_ROOM = 'overload E_OVERLOADED overload';

export const NO_ROOM_CELLS: readonly Cell[] = [
  // No room for anybody: a 429 that says nothing of what we may send.
  {
    from: 'github.com/google-gemini/gemini-cli/issues/26633',
    by: 'gemini',
    status: 429,
    body: google(429, 'RESOURCE_EXHAUSTED', 'No capacity available for model on the server', [
      reason('MODEL_CAPACITY_EXHAUSTED'),
    ]),
    is: NO_ROOM,
  },
  {
    from: 'github.com/continuedev/continue/issues/6185',
    by: 'mistral',
    status: 429,
    body: '{"object":"error","message":"Service tier capacity exceeded for this model.","type":"invalid_request_error","param":null,"code":"3505"}',
    is: NO_ROOM,
  },
  {
    from: 'github.com/MoonshotAI/MoonshotAI-Cookbook/issues/16',
    by: 'https://api.moonshot.cn/v1',
    status: 429,
    body: openai('The engine is currently overloaded, please try again later', { type: 'engine_overloaded_error' }),
    is: NO_ROOM,
  },
  {
    from: 'github.com/pollinations/pollinations/issues/6260',
    by: 'https://name.openai.azure.com/openai/v1',
    status: 429,
    body: '{"error":{"code":"RATE_LIMITED","message":"The system is currently experiencing high demand and cannot process your request. Please retry after 20 seconds."}}',
    is: NO_ROOM,
    wait: 20_000,
  },
  {
    from: 'openrouter.ai/docs/api/reference/limits: the upstream is limited, not we',
    by: 'openrouter',
    status: 429,
    body: JSON.stringify({
      error: {
        message: 'Provider returned error',
        code: 429,
        metadata: {
          provider_name: 'X',
          raw: '{"error":{"message":"m:free is temporarily rate-limited upstream. Please retry shortly."}}',
        },
      },
    }),
    is: NO_ROOM,
  },
  {
    from: 'learn.microsoft.com/en-us/microsoft-cloud/dev/dev-proxy/concepts/openai-rate-limit-reached',
    by: 'openai',
    status: 503,
    headers: { 'retry-after': '30' },
    body: openai('The server is overloaded or not ready yet.', { type: 'server_error', code: 'server_is_overloaded' }),
    is: NO_ROOM,
    wait: 30_000,
  },
  {
    from: 'platform.claude.com/docs/en/api/errors',
    by: 'anthropic',
    status: 529,
    body: anthropic('overloaded_error', 'Overloaded'),
    is: NO_ROOM,
  },
  {
    from: 'Anthropic, as its status page tells it',
    by: 'anthropic',
    status: 500,
    body: anthropic('api_error', 'Overloaded'),
    is: NO_ROOM,
  },
  {
    from: 'ai.google.dev/gemini-api/docs/troubleshooting',
    by: 'gemini',
    status: 503,
    body: google(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'),
    is: NO_ROOM,
  },
  {
    from: 'console.groq.com/docs/errors: flex tier',
    by: 'groq',
    status: 498,
    body: openai('Flex tier capacity exceeded.', { type: 'capacity', code: 'capacity_exceeded' }),
    is: NO_ROOM,
  },
  {
    from: 'github.com/ollama/ollama/pull/4144: its queue is full',
    by: 'https://localhost:11434/v1',
    status: 503,
    body: '{"error":"server busy, please try again.  maximum pending requests exceeded"}',
    is: NO_ROOM,
  },
  {
    from: 'github.com/ggml-org/llama.cpp, tools/server: while it loads',
    by: 'https://127.0.0.1:8080/v1',
    status: 503,
    body: '{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}',
    is: NO_ROOM,
  },
  {
    from: 'openrouter.ai/docs/api/reference/errors-and-debugging',
    by: 'openrouter',
    status: 503,
    headers: { 'retry-after': '3' },
    body: openai('There is no available model provider that meets your routing requirements', { code: 503 }),
    is: NO_ROOM,
    wait: 3_000,
  },
];
