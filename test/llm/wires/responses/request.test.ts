import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type AnswerPart, userMessage } from '../../../../src/core/conversation/message.js';
import type { ModelAdapter, ModelCall } from '../../../../src/llm/port.js';
import { createSdkAdapter } from '../../../../src/llm/sdk-adapter.js';
import { ALL_WIRES } from '../../../../src/llm/wires/all-wires.js';
import { responsesModel } from '../../../../src/llm/wires/responses/build.js';
import { responsesWire } from '../../../../src/llm/wires/responses/responses-wire.js';
import { thinks } from '../../../../src/llm/wires/responses/thinks.js';
import type { RequestSettings } from '../../../../src/schema/task-types.js';
import { type AnsweringServer, json, startAnsweringServer } from '../../answering-server.js';
import { KEY } from '../../model-call.js';
import { response, responsesCall } from './responses-call.js';

let server: AnsweringServer;
let adapter: ModelAdapter;

beforeAll(async () => {
  server = await startAnsweringServer();
  adapter = createSdkAdapter(ALL_WIRES);
});
beforeEach(() => {
  server.received.length = 0;
  server.answer(json(response()));
});
afterAll(async () => {
  await server.close();
  await adapter.close();
});

async function sent(more: Partial<ModelCall> = {}): Promise<Record<string, unknown>> {
  const result = await adapter.call(responsesCall(server.base, more));
  expect(result).toMatchObject({ ok: true });
  expect(server.received).toHaveLength(1);
  return JSON.parse(server.received[0]?.body ?? '') as Record<string, unknown>;
}

const named = (model: string) => ({ model: { provider: 'openai', model, apiBase: null, apiKeyEnv: null } });
const SILENT: RequestSettings = { temperature: null, topP: null };

describe('request', () => {
  test('call: nothing but a prompt -> model, input and limit; nothing is kept at the provider; the key in its header alone', async () => {
    expect(await sent({ headers: { 'X-Title': 'mine', Authorization: 'Bearer other' } })).toEqual({
      model: 'asked-1',
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'two and two?' }] }],
      max_output_tokens: 50,
      store: false,
      include: ['reasoning.encrypted_content'],
    });
    const [request] = server.received;
    expect(request?.path).toBe('/v1/responses');
    expect(request?.headers).toMatchObject({ authorization: `Bearer ${KEY}`, 'x-title': 'mine' });
    expect(request?.headers['user-agent']).toMatch(/^durable-swarm/);
    expect(request?.body).not.toContain(KEY);
  });

  test('call: no key of the task -> none is sent, whatever the environment holds', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-of-the-environment');
    vi.stubEnv('OPENAI_BASE_URL', 'http://127.0.0.1:1/v1');
    await sent({ apiKey: null });
    vi.unstubAllEnvs();
    expect(server.received[0]?.headers).not.toHaveProperty('authorization');
    expect(JSON.stringify(server.received)).not.toContain('sk-of-the-environment');
  });

  test('responsesWire: at Azure -> the key goes where keys go there', () => {
    const place = responsesWire.keyAt?.(responsesCall('https://own.openai.azure.com/openai/v1'));
    expect([place?.header, place?.value(KEY)]).toEqual(['api-key', KEY]);
    expect(responsesWire.keyAt?.(responsesCall('https://api.openai.com/v1'))).toBeNull();
  });

  test('call: a base with a query -> the query behind the path of the request', async () => {
    await sent({ apiBase: `${server.base}/openai/?api-version=2026-01-01&x=a%20b` });
    expect(server.received[0]?.path).toBe('/v1/openai/responses?api-version=2026-01-01&x=a%20b');
  });

  test.each(['gpt-4o', 'gpt-5.1', 'gpt-6-sol', 'o4-mini', 'grok-4.3', 'unheard-of'])(
    'call: %s -> the same request as of any other: a system message is one, sampling that was written goes out',
    async (model) => {
      const messages: ModelCall['messages'] = [{ role: 'system', text: 'Be short.' }, userMessage('hi')];
      const body = await sent({ ...named(model), messages, settings: { temperature: 0.5, topP: 0 } });
      expect(body).toMatchObject({ model, temperature: 0.5, top_p: 0, store: false, max_output_tokens: 50 });
      expect((body['input'] as object[])[0]).toEqual({ type: 'message', role: 'system', content: 'Be short.' });
    },
  );

  test('call: any settings beside each other -> what goes out as the limit is what was reserved', async () => {
    const choices: Partial<RequestSettings>[][] = [
      [{}, { temperature: 0 }, { temperature: 2, topP: 0.1 }],
      [{}, { reasoningEffort: 'none' }, { reasoningEffort: 'max' }],
      [{}, { extraBody: { text: { verbosity: 'low' } } }, { extraBody: { reasoning: { summary: 'auto' } } }],
    ];
    for (const model of ['gpt-4o', 'gpt-5.1', 'gpt-6-sol', 'o3', 'x'])
      for (const a of choices[0] ?? [])
        for (const b of choices[1] ?? [])
          for (const c of choices[2] ?? []) {
            server.received.length = 0;
            const body = await sent({ ...named(model), maxTokens: 17, settings: { ...SILENT, ...a, ...b, ...c } });
            expect(body['max_output_tokens']).toBe(17);
            expect(JSON.stringify(body).match(/17/g)).toHaveLength(1);
          }
  });

  test('call: reasoning_effort and fields of extra_body -> as they were written, beside each other', async () => {
    const settings = { ...SILENT, reasoningEffort: 'low' as const, extraBody: { reasoning: { summary: 'auto' }, include: [] } };
    expect(await sent({ settings })).toMatchObject({ reasoning: { effort: 'low', summary: 'auto' }, include: [] });
  });

  test('call: thoughts, a call and its result that were stored as JSON -> items with what the provider wants back', async () => {
    const thought = (text: string) => ({
      type: 'reasoning' as const,
      text,
      providerData: { openai: { itemId: 'rs_1', reasoningEncryptedContent: 'E' } },
    });
    const parts: AnswerPart[] = [
      thought('a'),
      thought('b'),
      { type: 'reasoning', text: 'of another wire', providerData: { anthropic: { signature: 's' } } },
      { type: 'text', text: 'hm', isAside: true, providerData: { openai: { itemId: 'msg_1', phase: 'commentary' } } },
      { type: 'tool-call', id: 'call_1', name: 'look', input: '{"at": 1}' },
    ];
    const messages: ModelCall['messages'] = [
      userMessage('q'),
      { role: 'assistant', parts: JSON.parse(JSON.stringify(parts)) as AnswerPart[] },
      { role: 'tool', results: [{ id: 'call_1', name: 'look', text: 'no', isError: true }] },
    ];
    expect((await sent({ messages }))['input']).toEqual([
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'q' }] },
      {
        type: 'reasoning',
        id: 'rs_1',
        encrypted_content: 'E',
        summary: [
          { type: 'summary_text', text: 'a' },
          { type: 'summary_text', text: 'b' },
        ],
      },
      {
        type: 'message',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'hm' }],
        id: 'msg_1',
        phase: 'commentary',
      },
      { type: 'function_call', call_id: 'call_1', name: 'look', arguments: '{"at":1}' },
      { type: 'function_call_output', call_id: 'call_1', output: 'ERROR: no' },
    ]);
  });
});

test('responsesModel: at OpenRouter -> every message of the model has an id and a status; a prompt alone goes out as it was built', async () => {
  const bodies: string[] = [];
  const send: typeof fetch = (_, init) => {
    bodies.push(String(init?.body));
    throw new Error('sent');
  };
  const model = responsesModel('https://openrouter.ai/api/v1', 'x/y', send);
  const user = { role: 'user' as const, content: [{ type: 'text' as const, text: 'q' }] };
  const said = (id?: string) => ({
    role: 'assistant' as const,
    content: [{ type: 'text' as const, text: 'a', ...(id === undefined ? {} : { providerOptions: { openai: { itemId: id } } }) }],
  });
  const providerOptions = { openai: { store: false } };
  await expect(model.doGenerate({ prompt: [user, said(), user, said('msg_7'), user], providerOptions })).rejects.toThrow();
  await expect(model.doGenerate({ prompt: [user], providerOptions })).rejects.toThrow();
  const input = JSON.parse(bodies[0] ?? '').input as object[];
  expect(input[1]).toMatchObject({ id: 'msg_1', status: 'completed', content: [{ type: 'output_text', text: 'a' }] });
  expect(input[3]).toMatchObject({ id: 'msg_7', status: 'completed' });
  expect(input[0]).not.toHaveProperty('id');
  expect(JSON.parse(bodies[1] ?? '').input).toHaveLength(1);
});

describe('thinks', () => {
  const OPENAI = 'https://api.openai.com/v1';
  const AZURE = 'https://own.openai.azure.com/openai/v1';
  test.each<[string, string, boolean]>([
    ['gpt-5.1', OPENAI, true],
    ['gpt-6-sol', OPENAI, true],
    ['gpt-6.2-luna', OPENAI, true],
    ['o4-mini', OPENAI, true],
    ['gpt-oss-120b', 'https://api.groq.com/openai/v1', true],
    ['grok-4.3', 'https://api.x.ai/v1', true],
    ['ft:o4-mini-2025-04-16:org::id', OPENAI, true],
    ['openai/gpt-5.2', 'https://openrouter.ai/api/v1', true],
    ['a-model-of-next-year', OPENAI, true],
    ['gpt-4o', OPENAI, false],
    ['gpt-4.1-mini', OPENAI, false],
    ['gpt-3.5-turbo', OPENAI, false],
    ['chatgpt-4o-latest', OPENAI, false],
    ['gpt-5-chat-latest', OPENAI, false],
    ['gpt-5.2-chat-latest', OPENAI, false],
    ['ft:gpt-4o-mini:org::id', OPENAI, false],
    ['openai/GPT-4o', 'https://openrouter.ai/api/v1', false],
    ['gpt-5.1', AZURE, true],
    ['production', AZURE, false],
    ['gpt-4o', AZURE, false],
  ])('thinks: %s at %s -> %s', (model, apiBase, expected) => {
    expect(thinks(responsesCall(OPENAI, { ...named(model), apiBase }))).toBe(expected);
  });

  test('thinks: reasoning_effort is written -> it does; none -> by its name', () => {
    const effort = (reasoningEffort: 'none' | 'low') =>
      thinks(responsesCall(AZURE, { ...named('production'), apiBase: AZURE, settings: { ...SILENT, reasoningEffort } }));
    expect([effort('low'), effort('none')]).toEqual([true, false]);
  });
});
