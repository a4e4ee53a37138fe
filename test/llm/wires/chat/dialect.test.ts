import { describe, expect, test } from 'vitest';
import { answerOf, type Message, userMessage } from '../../../../src/core/conversation/message.js';
import type { ModelCall } from '../../../../src/llm/port.js';
import { bodyFinisher } from '../../../../src/llm/request-body.js';
import { promptOf } from '../../../../src/llm/sdk-prompt.js';
import { azureKey } from '../../../../src/llm/wires/azure.js';
import { chatWire } from '../../../../src/llm/wires/chat/chat-wire.js';
import { type Dialect, dialectOf } from '../../../../src/llm/wires/chat/dialect.js';
import type { RequestSettings } from '../../../../src/schema/task-types.js';
import { KEY, modelCall } from '../../model-call.js';

const USUAL: Dialect = {
  outputLimit: 'max_tokens',
  seed: 'seed',
  noThinking: 'reasoning_effort',
  thoughts: 'reasoning_content',
};

/** All that is not the usual, by base and model. */
const SERVERS: [base: string, model: string, dialect: Partial<Dialect>][] = [
  ['https://api.openai.com/v1', 'gpt-6-luna', { outputLimit: 'max_completion_tokens' }],
  ['https://eu.api.openai.com/v1', 'gpt-6-luna', { outputLimit: 'max_completion_tokens' }],
  ['https://x.openai.azure.com/openai/v1', 'gpt-6-luna', { outputLimit: 'max_completion_tokens' }],
  ['https://x.openai.azure.com/openai/deployments/d?api-version=2026-01-01', 'd', { outputLimit: 'max_completion_tokens' }],
  ['https://x.services.ai.azure.com/openai/v1', 'DeepSeek-V4-Pro', { outputLimit: 'max_completion_tokens' }],
  ['https://x.services.ai.azure.com/openai/v1', 'Mistral-Large-3', { seed: 'random_seed', thoughts: null }],
  ['https://x.services.ai.azure.com/openai/v1', 'Ministral-3B', { seed: 'random_seed', thoughts: null }],
  ['https://x.cognitiveservices.azure.com/openai/v1', 'o4-mini', { outputLimit: 'max_completion_tokens' }],
  ['https://x.openai.azure.us/openai/v1', 'gpt-6-luna', { outputLimit: 'max_completion_tokens' }],
  ['https://api.groq.com/openai/v1', 'openai/gpt-oss-20b', { outputLimit: 'max_completion_tokens', thoughts: 'reasoning' }],
  ['https://api.mistral.ai/v1', 'mistral-small-4', { seed: 'random_seed', thoughts: null }],
  ['https://api.deepseek.com', 'deepseek-flash', { noThinking: 'thinking' }],
  ['https://api.x.ai/v1', 'grok-5', { outputLimit: 'max_completion_tokens' }],
  ['https://us-east-1.api.x.ai/v1', 'grok-5', { outputLimit: 'max_completion_tokens' }],
  ['https://openrouter.ai/api/v1', 'mistralai/mistral-small-4', { thoughts: 'reasoning' }],
  ['https://api.together.ai/v1', 'openai/gpt-oss-20b', {}],
  ['https://generativelanguage.googleapis.com/v1beta/openai', 'gemini-3.5-flash-lite', {}],
  ['http://localhost:8000/v1', 'mistral-small', {}],
  ['http://127.0.0.1:8080/v1', 'any', {}],
  ['http://localhost:11434/v1', 'qwen3', {}],
  ['https://gate.example/v1', 'gpt-6-luna', {}],
  ['https://api.openai.com.evil.example/v1', 'gpt-6-luna', {}],
  ['https://notopenai.azure.com.example/v1', 'm', {}],
];

const SETTINGS: Partial<RequestSettings>[] = [
  {},
  { temperature: 0.5, topP: 0.9 },
  { seed: 7 },
  { stop: ['END'] },
  { reasoningEffort: 'none' },
  { reasoningEffort: 'high' },
  { extraBody: { user: 'u', reasoning: { max_tokens: 2_000 } } },
  { temperature: 0, topP: 1, seed: 0, stop: ['a', 'b'], reasoningEffort: 'low', extraBody: { top_k: 3 } },
];

const TOLD: Message[] = [
  userMessage('weather?'),
  {
    role: 'assistant',
    parts: [
      { type: 'reasoning', text: 'one town' },
      { type: 'tool-call', id: 'c1', name: 'look', input: '{}' },
    ],
  },
  { role: 'tool', results: [{ id: 'c1', name: 'look', text: '4 C' }] },
];

/** The body as it would leave. */
async function sentTo(call: ModelCall): Promise<Record<string, unknown>> {
  let sent = '';
  const send = (async (_address: string, init: RequestInit) => {
    sent = init.body as string;
    throw new Error('sent');
  }) as typeof fetch;
  const { temperature, topP } = call.settings;
  const options = {
    prompt: promptOf(call.messages, chatWire.partsOf),
    maxOutputTokens: call.maxTokens,
    ...(temperature === null ? {} : { temperature }),
    ...(topP === null ? {} : { topP }),
  };
  await expect(chatWire.model(call.apiBase, call.model.model, send).doGenerate(options)).rejects.toThrow('sent');
  return JSON.parse(bodyFinisher(chatWire, call)?.(sent) ?? sent);
}

function callTo(apiBase: string, model: string, settings: Partial<RequestSettings> = {}): ModelCall {
  return modelCall(apiBase, {
    model: { provider: 'x', model, apiBase, apiKeyEnv: null },
    apiBase,
    maxTokens: 77,
    messages: TOLD,
    settings: { temperature: null, topP: null, ...settings },
  });
}

describe('dialectOf', () => {
  test.each(SERVERS)('dialectOf: %s %s -> %j', (base, model, dialect) => {
    expect(dialectOf(new URL(base).hostname, model)).toEqual({ ...USUAL, ...dialect });
  });
});

describe('what goes out', () => {
  test.each(SERVERS)(
    'request: %s %s, whatever the settings -> the output limit once, exactly as reserved',
    async (base, model) => {
      const { outputLimit } = dialectOf(new URL(base).hostname, model);
      for (const settings of SETTINGS) {
        const body = await sentTo(callTo(base, model, settings));
        expect(Object.entries(body).filter(([name]) => /^max_/.test(name))).toEqual([[outputLimit, 77]]);
      }
    },
  );

  test.each(SERVERS)('request: %s %s -> seed, effort and thoughts at the fields of that server', async (base, model) => {
    const { seed, noThinking, thoughts } = dialectOf(new URL(base).hostname, model);
    const body = await sentTo(callTo(base, model, { seed: 7, reasoningEffort: 'none' }));
    expect([body['seed'], body['random_seed']]).toEqual(seed === 'seed' ? [7, undefined] : [undefined, 7]);
    expect([body['reasoning_effort'], body['thinking']]).toEqual(
      noThinking === 'thinking' ? [undefined, { type: 'disabled' }] : ['none', undefined],
    );
    const [, told] = body['messages'] as Record<string, unknown>[];
    expect([told?.['reasoning_content'], told?.['reasoning']]).toEqual(
      thoughts === null ? [undefined, undefined] : thoughts === 'reasoning' ? [undefined, 'one town'] : ['one town', undefined],
    );
    expect((await sentTo(callTo(base, model, { reasoningEffort: 'high' })))['reasoning_effort']).toBe('high');
  });

  test('request: a field of extra_body beside the effort (OpenRouter) -> as it was written', async () => {
    const extraBody = { reasoning: { max_tokens: 2_000 } };
    expect(await sentTo(callTo('https://openrouter.ai/api/v1', 'm', { extraBody }))).toMatchObject({
      ...extraBody,
      max_tokens: 77,
    });
  });

  test('request: a text alone -> no message is touched', async () => {
    const call = callTo('https://api.groq.com/openai/v1', 'm');
    call.messages = [
      userMessage('a'),
      { role: 'assistant', parts: [{ type: 'text', text: String(answerOf([{ type: 'text', text: 'b' }])) }] },
    ];
    expect((await sentTo(call))['messages']).toEqual([
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
    ]);
  });
});

describe('azureKey', () => {
  const at = (apiBase: string, apiKey: string | null) => azureKey({ apiBase, apiKey });

  test.each(['https://x.openai.azure.com/openai/v1', 'https://x.services.ai.azure.com/openai/v1'])(
    'azureKey: %s -> its own header',
    (base) => {
      const place = at(base, KEY);
      expect([place?.header, place?.value(KEY)]).toEqual(['api-key', KEY]);
    },
  );

  test('azureKey: a token of Entra, no key, another host -> where the wire has it', () => {
    expect(at('https://x.openai.azure.com/openai/v1', 'eyJhbGciOi.eyJhdWQi.c2lnbmF0dXJl')).toBeNull();
    expect(at('https://x.openai.azure.com/openai/v1', null)).toBeNull();
    expect(at('https://api.openai.com/v1', KEY)).toBeNull();
    expect(at('https://x.openai.azure.com.evil.example/v1', KEY)).toBeNull();
  });
});
