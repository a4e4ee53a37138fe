import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Message, userMessage } from '../../../../src/core/conversation/message.js';
import type { ModelAdapter, ModelCall } from '../../../../src/llm/port.js';
import { createSdkAdapter } from '../../../../src/llm/sdk-adapter.js';
import { ALL_WIRES } from '../../../../src/llm/wires/all-wires.js';
import { leastCached } from '../../../../src/llm/wires/anthropic/cache.js';
import type { RequestSettings } from '../../../../src/schema/task-types.js';
import { type AnsweringServer, json, startAnsweringServer } from '../../answering-server.js';
import { KEY } from '../../model-call.js';
import { anthropicCall, message } from './messages.js';

let server: AnsweringServer;
let adapter: ModelAdapter;

beforeAll(async () => {
  server = await startAnsweringServer();
  server.answer(json(message()));
  adapter = createSdkAdapter(ALL_WIRES);
});
beforeEach(() => {
  server.received.length = 0;
});
afterAll(async () => {
  await server.close();
  await adapter.close();
});

type Body = Record<string, unknown> & { messages: { role: string; content: Record<string, unknown>[] }[] };

async function sent(more: Partial<ModelCall> = {}): Promise<Body> {
  server.received.length = 0;
  const result = await adapter.call(anthropicCall(server.base, more));
  if (!result.ok) throw new Error(`${result.code} ${result.message}`);
  expect(server.received).toHaveLength(1);
  return JSON.parse(server.received[0]?.body ?? '') as Body;
}

const named = (model: string): Partial<ModelCall> => ({
  model: { provider: 'anthropic', model, wire: 'anthropic', apiBase: server.base, apiKeyEnv: 'A_KEY' },
});

const NONE: RequestSettings = { temperature: null, topP: null };

describe('request', () => {
  test('call: a conversation -> its messages, the key and the version in their headers, nothing that nobody wrote', async () => {
    const messages: Message[] = [
      { role: 'system', text: 'Be short.' },
      userMessage('a "quoted" 😀'),
      { role: 'assistant', parts: [{ type: 'text', text: 'b' }] },
      userMessage('c'),
    ];
    expect(await sent({ messages, headers: { 'X-Title': 'mine' } })).toEqual({
      model: 'claude-haiku-4-5',
      max_tokens: 50,
      system: [{ type: 'text', text: 'Be short.' }],
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'a "quoted" 😀' }] },
        { role: 'assistant', content: [{ type: 'text', text: 'b' }] },
        { role: 'user', content: [{ type: 'text', text: 'c' }] },
      ],
    });
    const [request] = server.received;
    expect(request?.path).toBe('/v1/messages');
    expect(request?.headers).toMatchObject({
      'x-api-key': KEY,
      'anthropic-version': '2023-06-01',
      'content-type': 'application/json',
      'x-title': 'mine',
    });
    expect(request?.headers['user-agent']).toMatch(/^durable-swarm/);
    for (const name of ['authorization', 'anthropic-beta']) expect(request?.headers).not.toHaveProperty(name);
    expect(request?.body).not.toContain(KEY);
  });

  test('call: no key -> none is sent; headers of the task -> a beta of its own goes out, a key does not', async () => {
    await sent({ apiKey: null, headers: { 'anthropic-beta': 'mine-2026-01-01', 'X-Api-Key': 'other' } });
    expect(server.received[0]?.headers).toMatchObject({ 'anthropic-beta': 'mine-2026-01-01' });
    expect(server.received[0]?.headers).not.toHaveProperty('x-api-key');
  });

  test.each([
    ['/anthropic/v1', '/anthropic/v1/messages'],
    ['/anthropic/v1/', '/anthropic/v1/messages'],
    ['/v1?team=a%20b', '/v1/messages?team=a%20b'],
    ['', '/messages'],
  ])('call: a base that ends in %j -> %s', async (end, path) => {
    await sent({ apiBase: `${new URL(server.base).origin}${end}` });
    expect(server.received[0]?.path).toBe(path);
  });

  // Models that the package lowers the limit of, drops settings for, or knows nothing of.
  const MODELS = [
    ...['claude-3-haiku-20240307', 'claude-opus-4-1-20250805', 'claude-haiku-4-5-20251001', 'claude-sonnet-4-6', 'claude-opus-5'],
    ...['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-5-5', 'claude-fable-5-1', 'anthropic/claude-9', 'deepseek-flash'],
  ];
  const SETTINGS: [string, Partial<RequestSettings>][] = [
    ['nothing', {}],
    ['temperature', { temperature: 0.3 }],
    ['temperature and top_p', { temperature: 2, topP: 0.4 }],
    ['a budget', { thinkingBudget: 2_000 }],
    ['a budget and temperature', { thinkingBudget: 2_000, temperature: 0 }],
    ['no thinking', { thinkingBudget: 0, reasoningEffort: 'max' }],
    ['effort', { reasoningEffort: 'minimal' }],
    ['stop', { stop: ['END', 'FIN'] }],
    ['extra_body', { extraBody: { top_k: 5, metadata: { user_id: 'u' } } }],
    ['all', { temperature: 1, topP: 0.4, thinkingBudget: 1_024, reasoningEffort: 'low', stop: ['.'], extraBody: { top_k: 1 } }],
  ];

  test.each(MODELS)(
    'call: %s with any settings -> they go out as written, and the limit is the one that is reserved',
    async (model) => {
      for (const [, settings] of SETTINGS) {
        for (const maxTokens of [1, 5_000, 200_000]) {
          const body = await sent({ ...named(model), settings: { ...NONE, ...settings }, maxTokens });
          const { temperature, topP, thinkingBudget, reasoningEffort, stop, extraBody = {} } = settings;
          expect(body).toEqual({
            model,
            max_tokens: maxTokens,
            messages: [{ role: 'user', content: [{ type: 'text', text: 'two and two?' }] }],
            ...(temperature === undefined ? {} : { temperature }),
            ...(topP === undefined ? {} : { top_p: topP }),
            ...(thinkingBudget === undefined
              ? {}
              : { thinking: thinkingBudget === 0 ? { type: 'disabled' } : { type: 'enabled', budget_tokens: thinkingBudget } }),
            ...(reasoningEffort === undefined ? {} : { output_config: { effort: reasoningEffort } }),
            ...(stop === undefined ? {} : { stop_sequences: stop }),
            ...extraBody,
          });
          expect(server.received[0]?.headers).not.toHaveProperty('anthropic-beta');
        }
      }
    },
  );

  test('call: text of blanks, which the API refuses, and blanks at the very end -> are left out; an answer that is left with nothing, too', async () => {
    const body = await sent({
      messages: [
        userMessage('a'),
        { role: 'assistant', parts: [{ type: 'text', text: '\n\n' }] },
        userMessage('b'),
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', text: 'hm', providerData: { anthropic: { signature: 's' } } },
            { type: 'text', text: '\n\n' },
            { type: 'text', text: 'half ' },
          ],
        },
      ],
    });
    expect(body.messages).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'a' }] },
      { role: 'user', content: [{ type: 'text', text: 'b' }] },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'hm', signature: 's' },
          { type: 'text', text: 'half' },
        ],
      },
    ]);
  });

  test('call: results of tools -> one message of them, a failed one marked as such', async () => {
    const body = await sent({
      messages: [
        userMessage('a'),
        { role: 'assistant', parts: [{ type: 'tool-call', id: 'c1', name: 'look', input: '{"at":1}' }] },
        { role: 'tool', results: [{ id: 'c1', name: 'look', text: 'gone', isError: true }] },
      ],
    });
    expect(body.messages.slice(1)).toEqual([
      { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'look', input: { at: 1 } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content: 'ERROR: gone', is_error: true }] },
    ]);
  });

  test('call: parts of another wire -> its thoughts stay behind', async () => {
    const body = await sent({
      messages: [
        userMessage('a'),
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', text: 'x', providerData: { google: { thoughtSignature: 's' } } },
            { type: 'reasoning', text: 'y' },
            { type: 'text', text: 'b' },
          ],
        },
        userMessage('c'),
      ],
    });
    expect(body.messages[1]?.content).toEqual([{ type: 'text', text: 'b' }]);
  });
});

describe('prompt cache', () => {
  const MARK = { type: 'ephemeral' };
  const long = 'word '.repeat(3_000);
  const turns: Message[] = [
    { role: 'system', text: long },
    userMessage('a'),
    { role: 'assistant', parts: [{ type: 'text', text: 'b' }] },
    userMessage('c'),
  ];

  /** Whether the system prompt, and each message, has a mark. */
  async function marks(messages: Message[], repeated: ModelCall['repeated'], model = 'claude-haiku-4-5') {
    const body = await sent({ ...named(model), messages, ...(repeated && { repeated }) });
    const marked = (blocks: Record<string, unknown>[] | undefined) => blocks?.at(-1)?.['cache_control'] !== undefined;
    expect(JSON.stringify(body).split('"cache_control"').length - 1).toBeLessThanOrEqual(3);
    return [marked(body['system'] as Record<string, unknown>[]), ...body.messages.map(({ content }) => marked(content))];
  }

  test.each([
    ['nothing is said of it', undefined, [false, false, false, false]],
    ['nothing comes again', { system: false, turns: 'none' }, [false, false, false, false]],
    ['the system prompt comes again', { system: true, turns: 'none' }, [true, false, false, false]],
    ['the conversation may go on', { system: false, turns: 'all' }, [false, true, false, true]],
    ['it is its last turn', { system: true, turns: 'earlier' }, [true, true, false, false]],
    ['all comes again', { system: true, turns: 'all' }, [true, true, false, true]],
  ] as const)('call: %s -> marks where it does', async (_, repeated, expected) => {
    expect(await marks(turns, repeated)).toEqual(expected);
    expect(server.received[0]?.body).not.toContain('swarm":');
  });

  test('call: a first turn of several -> its end is marked; a mark is of five minutes', async () => {
    expect(await marks(turns.slice(0, 2), { system: false, turns: 'all' })).toEqual([false, true]);
    const { messages } = JSON.parse(server.received[0]?.body ?? '') as Body;
    expect(messages[0]?.content[0]?.['cache_control']).toEqual(MARK);
  });

  test('call: a prompt that is too short for the model, or a model that takes no marks -> none', async () => {
    const all = { system: true, turns: 'all' } as const;
    const short: Message[] = [{ role: 'system', text: 'word '.repeat(1_000) }, userMessage('a')];
    expect(await marks(short, all)).toEqual([false, false]);
    expect(await marks(short, all, 'claude-sonnet-4-5')).toEqual([true, true]);
    expect(await marks(turns, all, 'deepseek-flash')).toEqual([false, false, false, false]);
  });

  test.each([
    ['claude-haiku-4-5-20251001', 4_096],
    ['anthropic/claude-haiku-4.5', 4_096],
    ['claude-opus-4-6', 4_096],
    ['claude-opus-4-7', 2_048],
    ['claude-3-5-haiku-20241022', 2_048],
    ['claude-opus-4-8', 1_024],
    ['claude-opus-4-1-20250805', 1_024],
    ['claude-sonnet-5-5', 1_024],
    ['claude-opus-5-5', 512],
    ['Claude-Fable-5', 512],
    ['claude-99', 1_024],
    ['gpt-6-luna', null],
  ])('leastCached: %s -> %s', (model, least) => {
    expect(leastCached(model)).toBe(least);
  });
});
