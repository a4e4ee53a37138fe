import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CallFailure } from '../../../../src/core/call-failure.js';
import { type Answer, answerParts, answerText, type Message, userMessage } from '../../../../src/core/conversation/message.js';
import type { ModelAdapter, ModelCall, ModelReply } from '../../../../src/llm/port.js';
import { createSdkAdapter } from '../../../../src/llm/sdk-adapter.js';
import { ALL_WIRES } from '../../../../src/llm/wires/all-wires.js';
import { ollamaModel } from '../../../../src/llm/wires/ollama/build.js';
import type { RequestSettings } from '../../../../src/schema/task-types.js';
import { type AnsweringServer, json, startAnsweringServer } from '../../answering-server.js';
import { KEY, modelCall } from '../../model-call.js';

let server: AnsweringServer;
let adapter: ModelAdapter;
let base: string;

beforeAll(async () => {
  server = await startAnsweringServer();
  base = new URL(server.base).origin;
  adapter = createSdkAdapter(ALL_WIRES);
});
beforeEach(() => {
  server.received.length = 0;
});
afterAll(async () => {
  await server.close();
  await adapter.close();
});

const NONE: RequestSettings = { temperature: null, topP: null };

function ollamaCall(more: Partial<ModelCall> = {}): ModelCall {
  const model = { provider: 'ollama', model: 'qwen3', wire: 'ollama' as const, apiBase: base, apiKeyEnv: null };
  return modelCall(base, { model, apiBase: base, apiKey: null, ...more });
}

function answer(message: object = { content: 'four' }, more: object = {}): Record<string, unknown> {
  return {
    model: 'qwen3:8b',
    created_at: '2026-11-30T18:00:00.1Z',
    message: { role: 'assistant', ...message },
    done: true,
    done_reason: 'stop',
    total_duration: 5,
    prompt_eval_count: 26,
    eval_count: 3,
    ...more,
  };
}

async function reply(body: unknown, more: Partial<ModelCall> = {}): Promise<ModelReply> {
  server.answer(json(body));
  const result = await adapter.call(ollamaCall(more));
  if (!result.ok) throw new Error(`${result.code} ${result.message}`);
  return result;
}

async function failure(body: unknown, status = 200, more: Partial<ModelCall> = {}): Promise<CallFailure> {
  server.answer(json(body, status));
  const result = await adapter.call(ollamaCall(more));
  if (result.ok) throw new Error('an answer');
  expect(server.received).toHaveLength(1);
  return result;
}

function sentBody(at = 0): Record<string, unknown> {
  return JSON.parse(server.received[at]?.body ?? '');
}

describe('request', () => {
  test('call: nothing but a prompt -> whole or not at all, no stream, the output limit, no key', async () => {
    await reply(answer());
    const [request] = server.received;
    expect(request?.path).toBe('/api/chat');
    expect(sentBody()).toEqual({
      model: 'qwen3',
      messages: [{ role: 'user', content: 'two and two?' }],
      stream: false,
      truncate: false,
      shift: false,
      options: { num_predict: 50 },
    });
    expect(request?.headers['content-type']).toBe('application/json');
    expect(request?.headers['user-agent']).toMatch(/^durable-swarm/);
    expect(request?.headers.authorization).toBeUndefined();
  });

  test('call: a key, as hosted ones want it -> a bearer', async () => {
    await reply(answer(), { apiKey: KEY });
    expect(server.received[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(server.received[0]?.body).not.toContain(KEY);
  });

  test('call: a base with a path and a query -> the path of the request between them', async () => {
    await reply(answer(), { apiBase: `${base}/gate/ollama/?tenant=7` });
    expect(server.received[0]?.path).toBe('/gate/ollama/api/chat?tenant=7');
  });

  test.each([
    ['temperature', { temperature: 0 }, { options: { temperature: 0 } }],
    ['top_p', { topP: 0.5 }, { options: { top_p: 0.5 } }],
    ['seed', { seed: 7 }, { options: { seed: 7 } }],
    ['stop', { stop: ['END'] }, { options: { stop: ['END'] } }],
    ['reasoning_effort: none', { reasoningEffort: 'none' }, { think: false }],
    ['reasoning_effort: low', { reasoningEffort: 'low' }, { think: 'low' }],
    ['reasoning_effort: medium', { reasoningEffort: 'medium' }, { think: 'medium' }],
    ['reasoning_effort: high', { reasoningEffort: 'high' }, { think: 'high' }],
    ['reasoning_effort: max', { reasoningEffort: 'max' }, { think: 'max' }],
    ['a window', { extraBody: { options: { num_ctx: 8192 } } }, { options: { num_ctx: 8192 } }],
    ['a field of extra_body', { extraBody: { keep_alive: '30m' } }, { keep_alive: '30m' }],
    [
      'all at once',
      {
        temperature: 1,
        topP: 1,
        seed: 1,
        stop: ['a'],
        reasoningEffort: 'low',
        extraBody: { options: { num_ctx: 512, top_k: 3 } },
      },
      { think: 'low', options: { temperature: 1, top_p: 1, seed: 1, stop: ['a'], num_ctx: 512, top_k: 3 } },
    ],
  ] as [string, Partial<RequestSettings>, { options?: object }][])(
    'call: %s -> at its field, the output limit exactly as reserved',
    async (_, settings, fields) => {
      await reply(answer(), { settings: { ...NONE, ...settings }, maxTokens: 77 });
      expect(sentBody()).toEqual({
        model: 'qwen3',
        messages: [{ role: 'user', content: 'two and two?' }],
        stream: false,
        truncate: false,
        shift: false,
        ...fields,
        options: { num_predict: 77, ...fields.options },
      });
    },
  );

  test('doGenerate: a format, tools, no tools where none is to be called -> as the API names them', async () => {
    const bodies: Record<string, unknown>[] = [];
    const send = (async (_url: string, init: RequestInit) => {
      bodies.push(JSON.parse(init.body as string));
      throw new Error('sent');
    }) as typeof fetch;
    const model = ollamaModel('http://localhost:11434', 'm', send);
    const inputSchema = { type: 'object' as const, properties: { city: { type: 'string' as const } } };
    const tools = [{ type: 'function' as const, name: 'look', description: 'Looks.', inputSchema }];
    const prompt = [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'a' }] }];
    const calls = [
      { responseFormat: { type: 'json' as const, schema: inputSchema } },
      { responseFormat: { type: 'json' as const } },
      { responseFormat: { type: 'text' as const }, tools },
      { tools, toolChoice: { type: 'none' as const } },
    ];
    for (const call of calls) await expect(model.doGenerate({ prompt, maxOutputTokens: 5, ...call })).rejects.toThrow('sent');
    expect(bodies.map(({ format, tools: sent }) => [format, sent])).toEqual([
      [inputSchema, undefined],
      ['json', undefined],
      [undefined, [{ type: 'function', function: { name: 'look', description: 'Looks.', parameters: inputSchema } }]],
      [undefined, undefined],
    ]);
  });
});

describe('conversations', () => {
  const asked: Message[] = [{ role: 'system', text: 'Be short.' }, userMessage('weather in Oslo and Rome?')];
  const calls = [
    { function: { index: 0, name: 'look', arguments: { city: 'Oslo' } } },
    { function: { index: 1, name: 'look', arguments: { city: 'Rome' } } },
  ];

  /** As the store does it. */
  function stored(answered: Answer): Message {
    return { role: 'assistant', parts: JSON.parse(JSON.stringify(answerParts(answered))) };
  }

  test('call: thoughts and calls without ids -> parts in order, ids by place; stored and sent again they are the same message', async () => {
    const said = await reply(answer({ content: 'let me look', thinking: 'two cities', tool_calls: calls }), { messages: asked });
    expect(said).toMatchObject({ finish: 'tool', rawFinish: 'stop' });
    expect(said.answer).toEqual([
      { type: 'reasoning', text: 'two cities', providerData: { ollama: {} } },
      { type: 'text', text: 'let me look' },
      { type: 'tool-call', id: 'c0', name: 'look', input: '{"city":"Oslo"}' },
      { type: 'tool-call', id: 'c1', name: 'look', input: '{"city":"Rome"}' },
    ]);
    const results: Message = {
      role: 'tool',
      results: [
        { id: 'c0', name: 'look', text: '4 C' },
        { id: 'c1', name: 'look', text: 'no such town', isError: true },
      ],
    };
    await reply(answer(), { messages: [...asked, stored(said.answer), results] });
    await reply(answer(), { messages: [...asked, { role: 'assistant', parts: answerParts(said.answer) }, results] });
    expect(sentBody(1)['messages']).toEqual([
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'weather in Oslo and Rome?' },
      {
        role: 'assistant',
        content: 'let me look',
        thinking: 'two cities',
        tool_calls: calls.map((call) => ({ type: 'function', ...call })),
      },
      { role: 'tool', content: '4 C', tool_name: 'look' },
      { role: 'tool', content: 'ERROR: no such town', tool_name: 'look' },
    ]);
    expect(server.received[1]?.body).toBe(server.received[2]?.body);
  });

  test('call: ids of the server -> kept, and sent back with calls and results', async () => {
    const [first] = calls;
    const said = await reply(answer({ content: '', tool_calls: [{ id: 'call_9x', ...first }] }), { messages: asked });
    expect(said.answer).toEqual([{ type: 'tool-call', id: 'call_9x', name: 'look', input: '{"city":"Oslo"}' }]);
    const results: Message = { role: 'tool', results: [{ id: 'call_9x', name: 'look', text: '4 C' }] };
    await reply(answer(), { messages: [...asked, stored(said.answer), results] });
    expect(sentBody(1)['messages']).toMatchObject([
      {},
      {},
      { role: 'assistant', content: '', tool_calls: [{ id: 'call_9x', type: 'function', ...first }] },
      { role: 'tool', content: '4 C', tool_name: 'look', tool_call_id: 'call_9x' },
    ]);
  });

  test('call: thoughts beside a text -> kept in a plain conversation, too', async () => {
    const said = await reply(answer({ content: 'four', thinking: 'easy' }));
    expect(answerText(said.answer)).toBe('four');
    await reply(answer(), { messages: [userMessage('two and two?'), stored(said.answer), userMessage('and again?')] });
    expect(sentBody(1)['messages']).toMatchObject([{}, { role: 'assistant', content: 'four', thinking: 'easy' }, {}]);
  });

  test('call: an answer of another wire in the conversation -> its text, without its thoughts', async () => {
    const parts = [
      { type: 'reasoning', text: 'hm', providerData: { anthropic: { signature: 's' } } } as const,
      { type: 'text', text: 'b' } as const,
    ];
    await reply(answer(), { messages: [userMessage('a'), { role: 'assistant', parts }, userMessage('c')] });
    expect(sentBody()['messages']).toMatchObject([{}, { role: 'assistant', content: 'b' }, {}]);
    expect(server.received[0]?.body).not.toMatch(/hm|thinking/);
  });

  test('call: arguments as text, none, no JSON -> read as they came, and sent back as an object', async () => {
    const odd = [
      { function: { name: 'a', arguments: '{"x":1}' } },
      { function: { name: 'b' } },
      { function: { name: 'c', arguments: '{"x":' } },
    ];
    const said = await reply(answer({ tool_calls: [...odd, 'none'] }));
    expect(answerParts(said.answer).map((part) => (part.type === 'tool-call' ? [part.id, part.name, part.input] : null))).toEqual(
      [
        ['c0', 'a', '{"x":1}'],
        ['c1', 'b', '{}'],
        ['c2', 'c', '{"x":'],
        ['c3', '', '{}'],
      ],
    );
    await reply(answer(), { messages: [userMessage('a'), stored(said.answer)] });
    const [, back] = sentBody(1)['messages'] as { tool_calls: { function: { arguments: unknown } }[] }[];
    expect(back?.tool_calls.map((call) => call.function.arguments)).toEqual([{ x: 1 }, {}, {}, {}]);
  });
});

describe('answers', () => {
  test('call: a plain answer -> text, finish, usage, served model', async () => {
    expect(await reply(answer())).toEqual({
      ok: true,
      answer: 'four',
      finish: 'stop',
      rawFinish: 'stop',
      servedModel: 'qwen3:8b',
      usage: { input: 26, cached: 0, output: 3, reasoning: 0 },
      cacheWritten: 0,
      costUsd: null,
      told: null,
      requestId: null,
    });
  });

  test.each([
    ['stop', { content: 'four' }, 'stop', 'four'],
    ['length', { content: 'fo' }, 'length', 'fo'],
    ['length', { content: '', thinking: 'too long a thought' }, 'length', ''],
    ['length', { content: '' }, 'length', ''],
    ['stop', { content: '', tool_calls: [{ function: { name: 'f', arguments: {} } }] }, 'tool', ''],
    ['tool_calls', { content: 'I look', tool_calls: [{ function: { name: 'f', arguments: {} } }] }, 'tool', 'I look'],
    ['content_filter', { content: '' }, 'filter', ''],
    ['paused_for_tea', { content: 'four' }, 'unknown', 'four'],
    [undefined, { content: 'four' }, 'unknown', 'four'],
  ])('call: done_reason %j with %j -> %s', async (raw, message, finish, text) => {
    const result = await reply(answer(message, { done_reason: raw }));
    expect(result).toMatchObject({ finish, rawFinish: raw ?? null });
    expect(answerText(result.answer)).toBe(text);
  });

  test.each([
    ['no usage', { prompt_eval_count: undefined, eval_count: undefined }],
    ['no count of a cached prompt', { prompt_eval_count: undefined }],
    ['zeros', { prompt_eval_count: 0, eval_count: 0 }],
    ['negative counts', { prompt_eval_count: -7, eval_count: -7 }],
    ['absurd counts', { prompt_eval_count: 1e15, eval_count: 1e15 }],
    ['counts as objects', { prompt_eval_count: {}, eval_count: [] }],
  ])('call: %s -> the answer is kept, usage unknown', async (_, more) => {
    expect(await reply(answer({ content: 'four' }, more))).toMatchObject({
      answer: 'four',
      usage: null,
      servedModel: 'qwen3:8b',
    });
  });

  test.each([
    ['another role', answer({ role: 'model', content: 'four' })],
    ['odd tool calls', answer({ content: 'four', tool_calls: 'none' })],
    ['odd thoughts', answer({ content: 'four', thinking: 7 })],
    ['an odd time', answer({ content: 'four' }, { created_at: 7 })],
    ['no word of being done', answer({ content: 'four' }, { done: undefined })],
    ['a list of one', [answer()]],
    ['a null error', answer({ content: 'four' }, { error: null })],
    ['an error beside a whole answer', answer({ content: 'four' }, { error: 'could not keep the model loaded' })],
  ])('call: %s -> answer and usage are kept', async (_, body) => {
    expect(await reply(body)).toMatchObject({ answer: 'four', usage: { input: 26, output: 3 } });
  });

  test('call: no model named -> the asked one', async () => {
    expect(await reply(answer({ content: 'four' }, { model: undefined }))).toMatchObject({ servedModel: 'qwen3' });
  });

  test('call: lines that nobody asked for -> read whole', async () => {
    const lines = [
      answer({ content: '', thinking: 'easy' }, { done: false, done_reason: undefined }),
      answer({ content: 'fo' }, { done: false, done_reason: undefined }),
      answer({ content: 'ur' }, { done: false, done_reason: undefined }),
      answer({ content: '' }),
    ];
    const result = await reply(lines.map((line) => JSON.stringify(line)).join('\n'));
    expect(answerText(result.answer)).toBe('four');
    expect(result).toMatchObject({ finish: 'stop', usage: { input: 26, output: 3 } });
  });
});

describe('answers of no use', () => {
  test.each([
    ['empty', answer({ content: '' }), 'no text in the answer (done_reason stop)'],
    [
      'empty, without an ending',
      answer({ content: '' }, { done_reason: undefined }),
      'no text in the answer (done_reason absent)',
    ],
    ['thoughts alone', answer({ content: '', thinking: 'hm' }), 'no text in the answer (done_reason stop)'],
  ])('call: %s -> empty, at what it took', async (_, body, message) => {
    expect(await failure(body)).toMatchObject({
      ...{ class: 'transport', code: 'E_CALL_EMPTY', message: `HTTP 200, ${message}`, mayHaveBeenBilled: true },
      metered: { servedModel: 'qwen3:8b', usage: { input: 26, output: 3 } },
    });
  });

  test.each(['load', 'unload'])('call: done_reason %s -> a fault of the server', async (raw) => {
    const body = { model: 'm', message: { role: 'assistant', content: '' }, done: true, done_reason: raw };
    expect(await failure(body)).toMatchObject({
      class: 'transport',
      code: 'E_PROVIDER_ERROR',
      message: expect.stringContaining(raw),
    });
  });

  test.each([
    ['an error', { error: 'an error was encountered while running the model' }, 'transport', 'E_PROVIDER_ERROR'],
    ['an unknown model', { error: "model 'qwen3' not found" }, 'request', 'E_MODEL_UNKNOWN'],
    [
      'an over-long prompt',
      { error: 'request (5012 tokens) exceeds the available context size (4096 tokens)' },
      'row',
      'E_ROW_TOO_LONG',
    ],
    ['a full queue', { error: 'server busy, please try again.  maximum pending requests exceeded' }, 'overload', 'E_OVERLOADED'],
    ['an error with its status', { error: 'unauthorized', status: 401 }, 'key', 'E_KEY_REFUSED'],
    ['an error of another shape', { error: { message: 'no', code: 429 } }, 'rate', 'E_RATE_LIMITED'],
  ])('call: 200 with %s -> judged by what it says', async (_, body, kind, code) => {
    expect(await failure(body)).toMatchObject({ class: kind, code });
  });

  test('call: an error line in mid stream -> a fault after work was done', async () => {
    const piece = JSON.stringify(answer({ content: 'fo' }, { done: false, done_reason: undefined }));
    const result = await failure(`${piece}\n{"error":"an error was encountered while running the model"}\n`);
    expect(result).toMatchObject({ class: 'transport', code: 'E_PROVIDER_ERROR', mayHaveBeenBilled: true });
    expect(result).not.toHaveProperty('suspect');
  });

  test('call: lines that end too early -> cut, no sign of a wrong address', async () => {
    const result = await failure(JSON.stringify(answer({ content: 'fo' }, { done: false, done_reason: undefined })));
    expect(result).toMatchObject({ class: 'transport', code: 'E_CALL_BODY' });
    expect(result).not.toHaveProperty('suspect');
  });

  test.each([
    ['a page', '<!doctype html><title>Sign in</title>'],
    ['other JSON', { hello: 1 }],
    ['a completion of another wire', { choices: [{ message: { content: 'four' } }] }],
    ['nothing', ''],
    ['text', 'Ollama is running'],
  ])('call: 200 with %s -> no answer, perhaps a wrong address', async (_, body) => {
    expect(await failure(body)).toMatchObject({ class: 'transport', code: 'E_CALL_BODY', suspect: 'address' });
  });

  test('call: the prompt was cut without a word -> the row fails as one that is too long, with what to write', async () => {
    const messages = [userMessage('word '.repeat(8_000))];
    expect(await failure(answer({ content: 'fine' }, { prompt_eval_count: 2_050 }), 200, { messages })).toMatchObject({
      class: 'row',
      code: 'E_ROW_TOO_LONG',
      refusal: { kind: 'row' },
      message:
        'the server cut the prompt and read 2050 of about 10000 tokens: write extra_body: {options: {num_ctx: 16384}}, or update Ollama, which then refuses such prompts',
      metered: { usage: { input: 2_050, output: 3 } },
    });
    server.received.length = 0;
    expect(await reply(answer({ content: 'fine' }, { prompt_eval_count: 9_600 }), { messages })).toMatchObject({
      answer: 'fine',
    });
  });
});

describe('refusals', () => {
  const LLAMA = JSON.stringify({
    error: {
      ...{ code: 400, message: 'request (5012 tokens) exceeds the available context size (4096 tokens), try increasing it' },
      ...{ type: 'exceed_context_size_error', n_prompt_tokens: 5012, n_ctx: 4096 },
    },
  });
  const TOO_LONG =
    'the prompt is longer than the context length currently available to the model; shorten the prompt, adjust the context length in settings, or use a model with a longer context length';

  test.each([
    [400, LLAMA, 'row', 'E_ROW_TOO_LONG'],
    [400, TOO_LONG, 'row', 'E_ROW_TOO_LONG'],
    [503, 'server busy, please try again.  maximum pending requests exceeded', 'overload', 'E_OVERLOADED'],
    [401, 'unauthorized', 'key', 'E_KEY_REFUSED'],
    [500, 'model runner has unexpectedly stopped', 'transport', 'E_PROVIDER_ERROR'],
    [502, 'upstream error', 'transport', 'E_PROVIDER_ERROR'],
    [499, 'request canceled', 'transport', 'E_PROVIDER_ERROR'],
  ])('call: %i %s -> %s', async (status, error, kind, code) => {
    expect(await failure({ error }, status)).toMatchObject({ class: kind, code, status });
  });

  test('call: an over-long prompt -> both sizes are named', async () => {
    expect((await failure({ error: LLAMA }, 400)).message).toMatch(/5012 tokens.*4096 tokens/);
  });

  test('call: a model that is not there -> the command that brings it; not where nobody can bring one', async () => {
    for (const error of ["model 'qwen3' not found", 'model "qwen3" not found, try pulling it first']) {
      server.received.length = 0;
      expect(await failure({ error }, 404)).toMatchObject({
        ...{ class: 'request', code: 'E_MODEL_UNKNOWN', refusal: { kind: 'request', of: 'model' } },
        message: `type where Ollama runs: ollama pull qwen3 (HTTP 404: ${error})`,
      });
    }
    const { withPull } = await import('../../../../src/llm/wires/ollama/refusal.js');
    const refused = await failureOf404();
    expect(withPull(refused, ollamaCall({ apiBase: 'https://ollama.com' }))).toBe(refused);
  });

  async function failureOf404(): Promise<CallFailure> {
    server.received.length = 0;
    return await failure({ error: "model 'x' not found" }, 404);
  }

  test.each([
    '"qwen2" does not support thinking',
    'registry.ollama.ai/library/qwen2:latest does not support thinking',
    'invalid think value: "minimal" (must be "high", "medium", "low", "max", true, or false)',
    'think value "low" is not supported for this model',
  ])('call: %s -> the key that is to be changed; nothing of other rows is left open', async (error) => {
    const settings = { ...NONE, reasoningEffort: 'minimal' as const };
    const result = await failure({ error }, 400, { settings });
    expect(result).toMatchObject({
      ...{ class: 'request', code: 'E_MODEL_PARAM', refusal: { kind: 'request', of: 'field' } },
      message: `HTTP 400: reasoning_effort (think) is refused, change it in the task or take it out: ${error}`.slice(0, 200),
      field: { key: 'reasoning_effort' },
    });
    expect(result).not.toHaveProperty('suspect');
    server.received.length = 0;
    expect(await failure({ error }, 400)).toMatchObject({ code: 'E_REQUEST_REFUSED' });
  });

  test('call: 404 of something else -> no chat at this address', async () => {
    expect(await failure('404 page not found', 404)).toMatchObject({
      code: 'E_ENDPOINT',
      message: expect.stringContaining("no answers of Ollama's chat at this address"),
    });
  });

  test('call: any refusal -> one request, never two', async () => {
    for (const status of [400, 401, 403, 404, 429, 499, 500, 502, 503]) {
      server.received.length = 0;
      await failure({ error: 'no' }, status);
    }
  });
});
