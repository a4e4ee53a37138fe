import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CallFailure } from '../../../../src/core/call-failure.js';
import { answerText, userMessage } from '../../../../src/core/conversation/message.js';
import type { ModelAdapter, ModelReply } from '../../../../src/llm/port.js';
import { createSdkAdapter } from '../../../../src/llm/sdk-adapter.js';
import { ALL_WIRES } from '../../../../src/llm/wires/all-wires.js';
import { completionIn } from '../../../../src/llm/wires/chat/pieces.js';
import { readCompletion } from '../../../../src/llm/wires/chat/read.js';
import { type AnsweringServer, completion, json, startAnsweringServer } from '../../answering-server.js';
import { KEY, modelCall } from '../../model-call.js';

let server: AnsweringServer;
let adapter: ModelAdapter;

beforeAll(async () => {
  server = await startAnsweringServer();
  adapter = createSdkAdapter(ALL_WIRES);
});
beforeEach(() => {
  server.received.length = 0;
});
afterAll(async () => {
  await server.close();
  await adapter.close();
});

async function reply(body: unknown): Promise<ModelReply> {
  server.answer(json(body));
  const result = await adapter.call(modelCall(server.base));
  if (!result.ok) throw new Error(`${result.code} ${result.message}`);
  return result;
}

async function failure(body: unknown, status = 200, headers: Record<string, string> = {}): Promise<CallFailure> {
  server.answer(json(body, status, headers));
  const result = await adapter.call(modelCall(server.base));
  if (result.ok) throw new Error('an answer');
  expect(server.received).toHaveLength(1);
  return result;
}

describe('request', () => {
  test('call: everything set -> on the wire, key in the header alone', async () => {
    server.answer(json(completion()));
    await adapter.call(
      modelCall(server.base, {
        messages: [
          { role: 'system', text: 'Be short.' },
          userMessage('a "quoted" 😀'),
          { role: 'assistant', parts: [{ type: 'text', text: 'b' }] },
          userMessage('c'),
        ],
        settings: { temperature: 0, topP: 0.5 },
        headers: { 'X-Title': 'mine' },
      }),
    );
    const [request] = server.received;
    expect(request?.path).toBe('/v1/chat/completions');
    expect(JSON.parse(request?.body ?? '')).toEqual({
      model: 'asked-1',
      max_tokens: 50,
      temperature: 0,
      top_p: 0.5,
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: 'a "quoted" 😀' },
        { role: 'assistant', content: 'b' },
        { role: 'user', content: 'c' },
      ],
    });
    expect(request?.headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      'x-title': 'mine',
      'content-type': 'application/json',
    });
    expect(request?.headers['user-agent']).toMatch(/^durable-swarm/);
    expect(request?.headers['accept-encoding']).toBeUndefined();
    expect(request?.body).not.toContain(KEY);
  });

  test('call: a base with a query -> the query behind the path of the request', async () => {
    server.answer(json(completion()));
    const apiBase = `${server.base}/openai/deployments/d?api-version=2026-01-01&x=a%20b`;
    expect((await adapter.call(modelCall(server.base, { apiBase }))).ok).toBe(true);
    expect(server.received[0]?.path).toBe('/v1/openai/deployments/d/chat/completions?api-version=2026-01-01&x=a+b');
    server.received.length = 0;
    await adapter.call(modelCall(server.base, { apiBase: new URL(server.base).origin }));
    expect(server.received[0]?.path).toBe('/chat/completions');
  });

  test('call: no sampling fields, no key -> none is sent', async () => {
    server.answer(json(completion()));
    await adapter.call(modelCall(server.base, { apiKey: null }));
    const [request] = server.received;
    expect(Object.keys(JSON.parse(request?.body ?? ''))).toEqual(['model', 'max_tokens', 'messages']);
    expect(request?.headers.authorization).toBeUndefined();
  });

  test('call: task headers that would break or redirect the request -> left out', async () => {
    server.answer(json(completion()));
    const headers = {
      Authorization: 'Bearer other',
      Host: 'evil.example',
      'Accept-Encoding': 'gzip',
      'content-type': 'text/plain',
    };
    const result = await adapter.call(modelCall(server.base, { headers }));
    expect(result.ok).toBe(true);
    expect(server.received[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(server.received[0]?.headers.host).toBe(new URL(server.base).host);
    expect(server.received[0]?.headers['content-type']).toBe('application/json');
  });

  test('call: two keys at one endpoint -> each its own', async () => {
    server.answer(json(completion()));
    await Promise.all(
      [modelCall(server.base, { apiKey: 'key-one-111' }), modelCall(server.base, { apiKey: 'key-two-222' })].map(adapter.call),
    );
    expect(server.received.map((request) => request.headers.authorization).sort()).toEqual([
      'Bearer key-one-111',
      'Bearer key-two-222',
    ]);
  });

  test.each([
    ['a key with a line break', { apiKey: 'first\nsecond' }, 'key', 'E_KEY_FORMAT'],
    ['an empty key', { apiKey: '' }, 'key', 'E_KEY_FORMAT'],
    ['a header value with a line break', { headers: { 'x-a': 'b\r\nc: d' } }, 'request', 'E_REQUEST_REFUSED'],
    ['a header name with a blank', { headers: { 'x a': 'b' } }, 'request', 'E_REQUEST_REFUSED'],
    ['a base that is no URL', { apiBase: 'http://' }, 'request', 'E_REQUEST_REFUSED'],
    ['another scheme', { apiBase: 'ftp://127.0.0.1/v1' }, 'request', 'E_REQUEST_REFUSED'],
  ])('call: %s -> refused without a request', async (_, more, kind, code) => {
    const result = await adapter.call(modelCall(server.base, more));
    expect(result).toMatchObject({ ok: false, class: kind, code, mayHaveBeenBilled: false });
    expect(JSON.stringify(result)).not.toContain('second');
    expect(server.received).toHaveLength(0);
  });
});

describe('answers', () => {
  test('call: a plain answer -> text, finish, usage, served model', async () => {
    expect(await reply(completion())).toEqual({
      ok: true,
      answer: 'four',
      finish: 'stop',
      rawFinish: 'stop',
      servedModel: 'served-1',
      usage: { input: 11, cached: 0, output: 3, reasoning: 0 },
      requestId: 'chatcmpl-1',
      told: null,
      cacheWritten: 0,
      costUsd: null,
    });
  });

  test('call: OpenRouter says what it cost -> told; the same field of any other provider is not believed', async () => {
    const usage = { prompt_tokens: 11, completion_tokens: 3, prompt_tokens_details: { cache_write_tokens: 7 }, cost: 0.0123 };
    server.answer(json(completion(undefined, { usage })));
    const openrouter = { provider: 'openrouter', model: 'x/y', apiBase: server.base, apiKeyEnv: null };
    expect(await adapter.call(modelCall(server.base, { model: openrouter }))).toMatchObject({ costUsd: 0.0123, cacheWritten: 7 });
    expect(await adapter.call(modelCall(server.base))).toMatchObject({ costUsd: null, cacheWritten: 7 });
  });

  test('call: headers that tell what is left of the limits -> read, of answers and of refusals', async () => {
    const headers = {
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '59',
      'x-ratelimit-reset-requests': '1s',
    };
    const told = { requests: { limit: 60, remaining: 59, resetMs: 1_000 } };
    server.answer(json(completion(), 200, headers));
    expect(await adapter.call(modelCall(server.base))).toMatchObject({ ok: true, told });
    server.answer(json({ error: { message: 'Rate limit reached' } }, 429, headers));
    expect(await adapter.call(modelCall(server.base))).toMatchObject({ ok: false, told });
  });

  test('call: a request id in the headers -> that one', async () => {
    server.answer(json(completion(), 200, { 'x-request-id': 'req_7' }));
    expect(await adapter.call(modelCall(server.base))).toMatchObject({ ok: true, requestId: 'req_7' });
  });

  test('call: text in parts beside reasoning -> the text parts joined', async () => {
    const content = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
      { type: 'text', text: 'fo' },
      { type: 'text', text: 'ur' },
    ];
    expect((await reply(completion({ role: 'assistant', content, reasoning_content: 'let me see' }))).answer).toBe('four');
  });

  test('call: tool calls -> parts in their order, with the thoughts that they came of; old, odd and missing fields are read', async () => {
    const message = {
      role: 'assistant',
      reasoning_content: 'hm',
      content: 'let me look',
      tool_calls: [
        { id: 'c1', function: { name: 'look', arguments: '{"at":1}' } },
        { function: { name: 'web', arguments: { q: 'x' } } },
      ],
    };
    expect((await reply(completion(message, {}, 'tool_calls'))).answer).toEqual([
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'let me look' },
      { type: 'tool-call', id: 'c1', name: 'look', input: '{"at":1}' },
      { type: 'tool-call', id: 'call_2', name: 'web', input: '{"q":"x"}' },
    ]);
    const old = { role: 'assistant', content: null, function_call: { name: 'look', arguments: '{}' } };
    expect((await reply(completion(old, {}, 'function_call'))).answer).toEqual([
      { type: 'tool-call', id: 'call_1', name: 'look', input: '{}' },
    ]);
  });

  test('call: no model named -> the asked one', async () => {
    expect((await reply(completion(undefined, { model: undefined }))).servedModel).toBe('asked-1');
  });

  test.each([
    ['length', { content: 'fo' }, 'length', 'fo'],
    ['length', { content: '' }, 'length', ''],
    ['content_filter', { content: null }, 'filter', ''],
    ['stop', { content: null, refusal: 'I will not.' }, 'filter', ''],
    ['tool_calls', { content: null, tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{}' } }] }, 'tool', ''],
    ['stop', { content: '', tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{}' } }] }, 'tool', ''],
    ['tool_calls', { content: 'text too', tool_calls: [{ function: { name: 'f', arguments: '{}' } }] }, 'tool', 'text too'],
    ['COMPLETE', { content: 'four' }, 'unknown', 'four'],
    [null, { content: 'four' }, 'unknown', 'four'],
  ])('call: finish_reason %j with %j -> %s', async (raw, message, finish, text) => {
    const result = await reply(completion({ role: 'assistant', ...message }, {}, raw));
    expect(result).toMatchObject({ finish, rawFinish: raw });
    expect(answerText(result.answer)).toBe(text);
  });

  test('call: leading blank lines and keep-alive comments -> skipped', async () => {
    server.answer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('\n\n: keep-alive\n\n');
      setTimeout(() => response.end(JSON.stringify(completion())), 20);
    });
    expect(await adapter.call(modelCall(server.base))).toMatchObject({ ok: true, answer: 'four' });
  });

  test.each([
    ['usage as a list', { usage: [] }],
    ['usage of zeros beside text', { usage: { prompt_tokens: 0, completion_tokens: 0 } }],
  ])('call: %s -> the paid answer is kept, usage unknown', async (_, more) => {
    expect(await reply(completion(undefined, more))).toMatchObject({ answer: 'four', usage: null, servedModel: 'served-1' });
  });

  test.each([
    ['usage as text', { usage: { prompt_tokens: '11', completion_tokens: '3' } }],
    ['an odd creation time', { created: 'today' }],
    ['a creation time in a list', { created: [1] }],
    ['an id that is a number', { id: 17 }],
    ['an odd object', { object: 7 }],
    ['another role', { choices: [{ message: { role: 'model', content: 'four' }, finish_reason: 'stop' }] }],
    ['a role that is a number', { choices: [{ message: { role: 1, content: 'four' }, finish_reason: 'stop', index: 'a' }] }],
    ['odd tool calls', { choices: [{ message: { content: 'four', tool_calls: 'none' }, finish_reason: 'stop' }] }],
    ['odd details', { usage: { prompt_tokens: 11, completion_tokens: 3, prompt_tokens_details: 'x' } }],
  ])('call: %s -> the answer and its usage are kept', async (_, more) => {
    expect(await reply(completion(undefined, more))).toMatchObject({
      answer: 'four',
      usage: { input: 11, cached: 0, output: 3, reasoning: 0 },
      servedModel: 'served-1',
    });
  });

  const piece = (delta: object, finish: string | null = null, more: object = {}) =>
    JSON.stringify({ id: 'c-1', model: 'served-1', choices: [{ index: 0, delta, finish_reason: finish }], ...more });
  const usage = { prompt_tokens: 11, completion_tokens: 3 };
  const PIECES = [
    piece({ role: 'assistant', content: '' }),
    piece({ content: 'fo' }),
    piece({ content: 'ur' }, 'stop'),
    JSON.stringify({ id: 'c-1', model: 'served-1', choices: [], usage }),
  ];
  test.each([
    ['event stream', `${PIECES.map((one) => `data: ${one}\n\n`).join('')}data: [DONE]\n\n`],
    [
      'event stream with comments, ids and CRLF',
      `: hi\r\n\r\n${PIECES.map((one) => `id: 1\r\nevent: x\r\ndata:${one}\r\n\r\n`).join('')}`,
    ],
    ['event stream without blank lines', `${PIECES.map((one) => `data: ${one}\n`).join('')}data: [DONE]`],
    ['event of a whole completion', `data: ${JSON.stringify(completion())}\n\ndata: [DONE]\n\n`],
    ['object a line', `${PIECES.join('\n')}\n`],
    ['list of pieces', `[${PIECES.join(',\n')}]`],
    ['list of one completion', JSON.stringify([completion()])],
    ['JSON and something after it', `${JSON.stringify(completion())}\n<!-- served by x -->`],
    ['JSON and a brace', `${JSON.stringify(completion())}}`],
    ['JSON twice', `${JSON.stringify(completion())}${JSON.stringify(completion())}`],
    ['JSON after a comment', `: wait\n${JSON.stringify(completion())} done`],
  ])('call: an %s that nobody asked for -> read whole', async (_, body) => {
    expect(await reply(body)).toMatchObject({
      answer: 'four',
      finish: 'stop',
      servedModel: 'served-1',
      usage: { input: 11, output: 3 },
    });
  });

  test('call: text in braces and quotes before something else -> whole', async () => {
    const content = 'a } " \\ { b ] \\"';
    expect((await reply(`${JSON.stringify(completion({ content }))} trailing }`)).answer).toBe(content);
  });

  test('completionIn: a stream of very many parts -> read in no time that grows faster than it', () => {
    const one = `data: ${piece({ content: [{ type: 'text', text: 'a' }] })}\n\n`;
    const read = readCompletion(completionIn(`${one.repeat(200_000)}data: ${piece({ content: 'b' }, 'stop')}\n\n`).value);
    expect(read.answer).toHaveLength(200_001);
  });

  test('call: an event stream with parts, a refusal or an error in it -> as in a whole answer', async () => {
    const stream = (...pieces: string[]) => pieces.map((one) => `data: ${one}\n\n`).join('');
    const parts = stream(piece({ content: [{ type: 'text', text: 'fo' }] }), piece({ content: 'ur' }, 'stop'));
    expect((await reply(parts)).answer).toBe('four');
    expect(await reply(stream(piece({ refusal: 'I will ' }), piece({ refusal: 'not.' }, 'stop')))).toMatchObject({
      finish: 'filter',
    });
    server.received.length = 0;
    const error = JSON.stringify({ error: { message: 'overloaded', type: 'overloaded_error' } });
    expect(await failure(stream(piece({ content: 'fo' }), error))).toMatchObject({ class: 'overload', mayHaveBeenBilled: true });
  });

  test('call: __proto__ in the answer -> data only', async () => {
    const result = await reply(JSON.stringify(completion()).replace('"id"', '"__proto__":{"polluted":1},"id"'));
    expect(result.answer).toBe('four');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('successes that hold no answer', () => {
  test.each([
    ['no choice', completion(undefined, { choices: [] })],
    ['null content', completion({ role: 'assistant', content: null })],
    ['empty content', completion({ role: 'assistant', content: '' })],
    ['a message without fields', completion({})],
    ['only reasoning', completion({ role: 'assistant', content: null, reasoning_content: 'hm' })],
  ])('call: %s -> E_CALL_EMPTY, may have been billed', async (_, body) => {
    expect(await failure(body)).toMatchObject({ class: 'transport', code: 'E_CALL_EMPTY', mayHaveBeenBilled: true });
  });

  test.each([
    ['no choice', completion(undefined, { choices: [] })],
    ['empty content', completion({ role: 'assistant', content: '' })],
    ['an error within the choice', completion({ content: 'fo' }, {}, 'error')],
    [
      'an error beside the usage',
      { error: { message: 'failed' }, usage: { prompt_tokens: 11, completion_tokens: 3 }, model: 'served-1' },
    ],
  ])('call: %s that says what it took -> known, not in doubt', async (_, body) => {
    const usage = { input: 11, cached: 0, output: 3, reasoning: 0 };
    expect(await failure(body)).toMatchObject({ metered: { usage, servedModel: 'served-1', costUsd: null } });
  });

  test('call: an empty answer without a word of its usage, or with zeros -> not known', async () => {
    for (const usage of [undefined, null, { prompt_tokens: 0, completion_tokens: 0 }]) {
      server.received.length = 0;
      expect(await failure(completion({ content: '' }, { usage }))).not.toHaveProperty('metered');
    }
  });

  test.each([
    ['a page', '<!doctype html><html><head><title>Sign in</title></head></html>', 'but a page: Sign in'],
    ['an object', '{"status":"ok"}', 'but other JSON: {"status":"ok"}'],
    ['a text', 'It works!', 'is not a completion: It works!'],
    ['an error', '{"error":"no such route"}', 'an error in the body: no such route'],
    ['an event stream of something else', 'event: hi\ndata: {"hello":1}\n\n', 'not a completion'],
  ])('call: %s in place of a completion -> the address is suspect, what came is said', async (_, body, said) => {
    const result = await failure(body);
    expect(result.suspect).toBe('address');
    expect(result.message).toContain(said);
  });

  test('call: an answer that was cut -> the address is not suspect', async () => {
    expect(await failure('data: {"choices":[{"delta":{"content":"fo"}}]}\n\n')).toMatchObject({
      code: 'E_CALL_BODY',
      message: 'HTTP 200, the answer was cut: an event stream that ends too early',
    });
    server.received.length = 0;
    expect(await failure('data: {"choices":[{"delta":{"content":"fo"}}]}\n\n')).not.toHaveProperty('suspect');
  });

  test.each([
    ['a page', '<!doctype html><html><title>Sign in</title></html>'],
    ['half a JSON text', '{"choices":[{"message":{"content":"fo'],
    ['another object', '{"hello":1}'],
    ['a number', '7'],
    ['null', 'null'],
    ['nothing', ''],
    ['random bytes', '\u0000\u0001\ufffd%'],
  ])('call: %s with 200 -> E_CALL_BODY, may have been billed', async (_, body) => {
    const result = await failure(body);
    expect(result).toMatchObject({ class: 'transport', code: 'E_CALL_BODY', status: 200, mayHaveBeenBilled: true });
    expect(result.message.length).toBeLessThanOrEqual(200);
  });

  test.each([
    ['a 429 by number', { error: { message: 'slow', code: 429 } }, 'rate', 'E_RATE_LIMITED', false],
    ['a 402 by number', { error: { message: 'no credits', code: 402 } }, 'billing', 'E_BILLING', false],
    ['a word', { error: { message: 'x', type: 'overloaded_error' } }, 'overload', 'E_OVERLOADED', false],
    ['money by a word', { error: { message: 'x', code: 'insufficient_quota' } }, 'billing', 'E_BILLING', false],
    ['a 502 by number', { error: { message: 'upstream', code: 502 } }, 'transport', 'E_PROVIDER_ERROR', true],
    ['a sentence alone (Ollama)', { error: 'model runner stopped' }, 'transport', 'E_PROVIDER_ERROR', true],
    [
      'an error beside no choices',
      { ...(completion() as object), choices: [], error: { code: 503, message: 'x' } },
      'overload',
      'E_OVERLOADED',
      false,
    ],
  ])('call: 200 with %s -> judged by the body', async (_, body, kind, code, billed) => {
    expect(await failure(body)).toMatchObject({ class: kind, code, status: 200, mayHaveBeenBilled: billed });
  });

  test('call: an error within the choice -> judged by it, may have been billed', async () => {
    const choices = [
      { message: { content: 'fo' }, finish_reason: 'error', error: { code: 429, message: 'limit in mid answer' } },
    ];
    expect(await failure(completion(undefined, { choices }))).toMatchObject({ class: 'rate', mayHaveBeenBilled: true });
  });

  test.each(['error', 'insufficient_system_resource'])('call: finish_reason %s -> fault of the provider', async (raw) => {
    expect(await failure(completion(undefined, {}, raw))).toMatchObject({
      class: 'transport',
      code: 'E_PROVIDER_ERROR',
      mayHaveBeenBilled: true,
    });
  });
});

describe('refusals', () => {
  test('call: 429 with Retry-After -> the wait', async () => {
    const result = await failure({ error: { message: 'Rate limit reached', code: 'rate_limit_exceeded' } }, 429, {
      'retry-after': '7',
    });
    expect(result).toEqual({
      ok: false,
      class: 'rate',
      refusal: { kind: 'rate', of: null },
      code: 'E_RATE_LIMITED',
      status: 429,
      message: 'HTTP 429: Rate limit reached',
      retryAfterMs: 7_000,
      mayHaveBeenBilled: false,
      told: null,
    });
  });

  test('call: 401 that echoes the key -> refused, the key is masked', async () => {
    for (const echo of [KEY, Buffer.from(KEY).toString('base64')]) {
      server.received.length = 0;
      const result = await failure({ error: { message: `Incorrect API key provided: ${echo}`, code: 'invalid_api_key' } }, 401);
      expect(result).toMatchObject({ class: 'key', code: 'E_KEY_REFUSED', mayHaveBeenBilled: false });
      expect(JSON.stringify(result)).not.toContain(echo);
    }
  });

  test('call: a key that is echoed over two lines, or far down a page -> no half of it is shown', async () => {
    const [first, second] = [KEY.slice(0, 11), KEY.slice(11)];
    const wrapped = `${first}\n    ${second}`;
    const bodies: [unknown, number][] = [
      [{ error: { message: `Incorrect API key provided: ${wrapped}` } }, 401],
      [`{"message":"key:\n ${first}\\n${second}"`, 400],
      [`<html><title>${'x'.repeat(180)}${KEY}</title></html>`, 502],
      [`<html>${'\n'.repeat(380)}${KEY}</html>`, 200],
      [`${' \n'.repeat(190)}x${wrapped}`, 200],
    ];
    for (const [body, status] of bodies) {
      server.received.length = 0;
      const { message } = await failure(body, status);
      for (let at = 0; at + 6 <= KEY.length; at++) expect(message).not.toContain(KEY.slice(at, at + 6));
    }
  });

  test('call: 200 page that echoes the key -> masked', async () => {
    expect((await failure(`<html>${KEY}</html>`)).message).not.toContain(KEY);
  });

  test('call: 502 page -> fault of the provider, its title shown', async () => {
    const result = await failure('<html><title>502 Bad Gateway</title><body>nginx</body></html>', 502);
    expect(result).toMatchObject({
      class: 'transport',
      code: 'E_PROVIDER_ERROR',
      mayHaveBeenBilled: true,
      message: 'HTTP 502: 502 Bad Gateway',
    });
  });

  test('call: any fault -> one request, never two', async () => {
    for (const status of [400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529]) {
      server.received.length = 0;
      await failure({ error: { message: 'no' } }, status);
      expect(server.received).toHaveLength(1);
    }
  });

  test('call: redirect -> not followed, the key is sent to nobody else', async () => {
    const other = await startAnsweringServer();
    for (const status of [301, 302, 307, 308]) {
      server.received.length = 0;
      const result = await failure('', status, { location: `${other.base}/chat/completions` });
      expect(result).toMatchObject({ class: 'request', code: 'E_ENDPOINT', status, mayHaveBeenBilled: false });
    }
    expect(other.received).toHaveLength(0);
    await other.close();
  });
});
