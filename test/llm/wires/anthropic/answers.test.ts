import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CallFailure } from '../../../../src/core/call-failure.js';
import { type Answer, answerText } from '../../../../src/core/conversation/message.js';
import type { ModelAdapter, ModelReply } from '../../../../src/llm/port.js';
import { createSdkAdapter } from '../../../../src/llm/sdk-adapter.js';
import { ALL_WIRES } from '../../../../src/llm/wires/all-wires.js';
import { messageIn } from '../../../../src/llm/wires/anthropic/pieces.js';
import { meteredOf, usageOf } from '../../../../src/llm/wires/anthropic/usage.js';
import { type AnsweringServer, completion, json, startAnsweringServer } from '../../answering-server.js';
import { KEY } from '../../model-call.js';
import { anthropicCall, message, stream } from './messages.js';

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
  const result = await adapter.call(anthropicCall(server.base));
  if (!result.ok) throw new Error(`${result.code} ${result.message}`);
  return result;
}

async function failure(body: unknown, status = 200, headers: Record<string, string> = {}): Promise<CallFailure> {
  server.received.length = 0;
  server.answer(json(body, status, headers));
  const result = await adapter.call(anthropicCall(server.base));
  if (result.ok) throw new Error('an answer');
  expect(server.received).toHaveLength(1);
  return result;
}

const TEXT = { type: 'text', text: 'four' };
const SIGNED = { anthropic: { signature: 's' } };

describe('answers', () => {
  test('call: a plain message -> text, finish, usage, served model', async () => {
    expect(await reply(message())).toEqual({
      ok: true,
      answer: 'four',
      finish: 'stop',
      rawFinish: 'end_turn',
      servedModel: 'claude-haiku-4-5-20251001',
      usage: { input: 11, cached: 0, output: 3, reasoning: 0 },
      requestId: 'msg_1',
      told: null,
      cacheWritten: 0,
      costUsd: null,
    });
  });

  test('call: headers -> the name of the request and what is left of its limits', async () => {
    const reset = new Date(Date.now() + 30_000).toISOString();
    const headers = {
      'request-id': 'req_7',
      'anthropic-ratelimit-requests-limit': '50',
      'anthropic-ratelimit-requests-remaining': '49',
      'anthropic-ratelimit-requests-reset': reset,
      'anthropic-ratelimit-output-tokens-remaining': '1000',
    };
    server.answer(json(message(), 200, headers));
    expect(await adapter.call(anthropicCall(server.base))).toMatchObject({
      requestId: 'req_7',
      told: { requests: { limit: 50, remaining: 49 }, 'output-tokens': { remaining: 1_000 } },
    });
  });

  test.each<[string, unknown, Answer]>([
    [
      'thoughts',
      [{ type: 'thinking', thinking: 'hm', signature: 's' }, TEXT],
      [{ type: 'reasoning', text: 'hm', providerData: SIGNED }, TEXT as never],
    ],
    [
      'thoughts that are not shown',
      [{ type: 'thinking', thinking: '', signature: 's' }, TEXT],
      [{ type: 'reasoning', text: '', providerData: SIGNED }, TEXT as never],
    ],
    [
      'thoughts that nobody can read',
      [{ type: 'redacted_thinking', data: 'd' }, TEXT],
      [{ type: 'reasoning', text: '', providerData: { anthropic: { redactedData: 'd' } } }, TEXT as never],
    ],
    [
      'thoughts without a signature',
      [{ type: 'thinking', thinking: 'hm' }, TEXT],
      [{ type: 'reasoning', text: 'hm' }, TEXT as never],
    ],
    ['nothing but the mark of thoughts', [{ type: 'thinking', thinking: '' }, TEXT], 'four'],
    [
      'text in pieces',
      [TEXT, { type: 'text', text: '' }, { type: 'text', text: 'teen' }],
      [TEXT as never, { type: 'text', text: 'teen' }],
    ],
    [
      'text with its sources',
      [{ ...TEXT, citations: [{ type: 'web_search_result_location', encrypted_index: 'e' }] }],
      [
        {
          ...TEXT,
          providerData: { anthropic: { citations: [{ type: 'web_search_result_location', encrypted_index: 'e' }] } },
        } as never,
      ],
    ],
    ['no sources', [{ ...TEXT, citations: null }], 'four'],
    ['blocks that are not known', [{ type: 'hologram', data: 'x' }, TEXT, 7, null], 'four'],
    [
      'a tool of the provider that nobody asks for',
      [{ type: 'server_tool_use', id: 'a', name: 'paint', input: {} }, TEXT],
      'four',
    ],
    ['a text in place of blocks', 'four', 'four'],
  ])('call: %s -> the parts in their order', async (_, content, answer) => {
    expect((await reply(message(content))).answer).toEqual(answer);
  });

  test('call: calls of tools -> with their arguments as JSON, whoever called', async () => {
    const content = [
      { type: 'tool_use', id: 'c1', name: 'look', input: { at: 1 } },
      { type: 'tool_use', name: 'web', input: '{"q":', caller: { type: 'code_execution_20260120', tool_id: 't' } },
    ];
    expect(await reply(message(content, { stop_reason: 'tool_use' }))).toMatchObject({
      finish: 'tool',
      answer: [
        { type: 'tool-call', id: 'c1', name: 'look', input: '{"at":1}' },
        {
          type: 'tool-call',
          id: 'call_2',
          name: 'web',
          input: '{"q":',
          providerData: { anthropic: { caller: { type: 'code_execution_20260120', toolId: 't' } } },
        },
      ],
    });
  });

  test('call: searches of the provider -> call and result, also one that failed', async () => {
    const page = { type: 'web_search_result', url: 'https://a.example', title: 'A', page_age: null, encrypted_content: 'e' };
    const content = [
      { type: 'server_tool_use', id: 'w1', name: 'web_search', input: { query: 'q' } },
      { type: 'web_search_tool_result', tool_use_id: 'w1', content: [page, 7] },
      { type: 'server_tool_use', id: 'w2', name: 'web_search', input: {} },
      {
        type: 'web_search_tool_result',
        tool_use_id: 'w2',
        content: { type: 'web_search_tool_result_error', error_code: 'too_many_requests' },
      },
      TEXT,
    ];
    const own = { name: 'web_search', providerData: { anthropic: {} } };
    const result = await reply(message(content));
    expect(result.answer).toEqual([
      { type: 'tool-call', id: 'w1', input: '{"query":"q"}', byProvider: true, ...own },
      {
        type: 'provider-result',
        id: 'w1',
        result: [
          { type: 'web_search_result', url: 'https://a.example', title: 'A', pageAge: null, encryptedContent: 'e' },
          { type: 'web_search_result', url: '', title: null, pageAge: null, encryptedContent: '' },
        ],
        ...own,
      },
      { type: 'tool-call', id: 'w2', input: '{}', byProvider: true, ...own },
      { type: 'provider-result', id: 'w2', result: { errorCode: 'too_many_requests' }, isError: true, ...own },
      TEXT,
    ]);
    expect(answerText(result.answer)).toBe('four');
  });

  test.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['tool_use', 'tool'],
    ['pause_turn', 'pause'],
    ['refusal', 'filter'],
    ['compaction', 'unknown'],
    ['paused_for_tea', 'unknown'],
    [null, 'unknown'],
    [7, 'unknown'],
    ['length', 'length'],
    ['content_filter', 'filter'],
  ])('call: stop_reason %j -> %s', async (raw, finish) => {
    const rawFinish = typeof raw === 'string' ? raw : null;
    expect(await reply(message([TEXT], { stop_reason: raw }))).toMatchObject({ finish, rawFinish, answer: 'four' });
  });

  test.each(['error', 'insufficient_system_resource'])('call: stop_reason %s -> fault of the provider, paid', async (raw) => {
    expect(await failure(message([TEXT], { stop_reason: raw }))).toMatchObject({
      class: 'transport',
      code: 'E_PROVIDER_ERROR',
      mayHaveBeenBilled: true,
      metered: { usage: { input: 11, output: 3 } },
    });
  });

  const THOUGHT = { type: 'thinking', thinking: 'hm', signature: 's' };
  test.each<[string, string | null, unknown, string | null]>([
    ['no content', 'end_turn', [], null],
    ['thoughts alone', 'end_turn', [THOUGHT], null],
    ['no content', 'pause_turn', [], null],
    ['no content', 'tool_use', [], null],
    ['thoughts alone', null, [THOUGHT], null],
    ['no content', 'refusal', [], 'filter'],
    ['no content', 'max_tokens', [], 'length'],
    ['thoughts alone', 'max_tokens', [THOUGHT], 'length'],
    ['thoughts alone', 'pause_turn', [THOUGHT], 'pause'],
    ['a call', 'end_turn', [{ type: 'tool_use', id: 'c', name: 'f', input: {} }], 'tool'],
  ])('call: %s and %s -> %4$s', async (_, raw, content, finish) => {
    const body = message(content, { stop_reason: raw });
    if (finish !== null) expect(await reply(body)).toMatchObject({ finish });
    else
      expect(await failure(body)).toMatchObject({
        code: 'E_CALL_EMPTY',
        message: `HTTP 200, no text in the answer (stop_reason ${raw ?? 'absent'})`,
        metered: { servedModel: 'claude-haiku-4-5-20251001', usage: { output: 3 } },
      });
  });

  test.each([
    ['a model that is none', { model: 7 }],
    ['no model', { model: undefined }],
    ['no id', { id: null }],
    ['an odd role', { role: 'model' }],
    ['an odd type', { type: 'completion' }],
    ['an error of nothing', { error: null }],
    ['an error beside a whole answer', { error: { type: 'api_error', message: 'x' } }],
  ])('call: %s -> the answer is kept', async (_, more) => {
    expect(await reply(message(undefined, more))).toMatchObject({ answer: 'four', finish: 'stop', usage: { input: 11 } });
  });

  test.each([
    ['usage as a list', []],
    ['none', undefined],
    ['zeros beside text', { input_tokens: 0, output_tokens: 0 }],
    ['negative counts', { input_tokens: -7, output_tokens: -7 }],
    ['absurd counts', { input_tokens: 1e15, output_tokens: 3 }],
    ['half of it', { output_tokens: 3 }],
  ])('call: usage: %s -> the paid answer is kept, usage unknown', async (_, usage) => {
    expect(await reply(message(undefined, { usage }))).toMatchObject({ answer: 'four', usage: null, cacheWritten: 0 });
  });

  const EVENTS = [
    {
      type: 'message_start',
      message: message([], { stop_reason: null, usage: { input_tokens: 11, cache_read_input_tokens: 4, output_tokens: 1 } }),
    },
    { type: 'ping' },
    { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'h' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'm' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 's' } },
    { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'fo' } },
    { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'ur' } },
    { type: 'content_block_start', index: 2, content_block: { type: 'tool_use', id: 'c1', name: 'look', input: {} } },
    { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"a' } },
    { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: 't": 1}' } },
    { type: 'content_block_stop', index: 2 },
    {
      type: 'message_delta',
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: { output_tokens: 9, cache_read_input_tokens: null },
    },
    { type: 'message_stop' },
  ];
  const lines = EVENTS.map((event) => JSON.stringify(event));

  test.each([
    ['event stream', stream(...EVENTS)],
    ['event stream with CRLF and comments', `: hi\r\n\r\n${lines.map((one) => `event: x\r\ndata:${one}\r\n\r\n`).join('')}`],
    ['event stream without its last line', stream(...EVENTS.slice(0, -1))],
    ['list of events', `[${lines.join(',')}]`],
    ['object a line', lines.join('\n')],
  ])('call: an %s that nobody asked for -> read whole', async (_, body) => {
    expect(await reply(body)).toMatchObject({
      answer: [
        { type: 'reasoning', text: 'hm', providerData: SIGNED },
        { type: 'text', text: 'four' },
        { type: 'tool-call', id: 'c1', name: 'look', input: '{"at":1}' },
      ],
      finish: 'tool',
      usage: { input: 15, cached: 4, output: 9, reasoning: 0 },
    });
  });

  test.each([
    ['a list of one message', JSON.stringify([message()])],
    ['a message and something after it', `${JSON.stringify(message())}\n<!-- served by x -->`],
    ['a message after blank lines and comments', `\n\n: keep-alive\n\n${JSON.stringify(message())}`],
    ['an event of a whole message', `data: ${JSON.stringify(message())}\n\n`],
  ])('call: %s -> read', async (_, body) => {
    expect(await reply(body)).toMatchObject({ answer: 'four', finish: 'stop', usage: { input: 11 } });
  });

  test('call: a stream with sources and odd events -> as in a whole answer', async () => {
    const citation = { type: 'web_search_result_location', encrypted_index: 'e' };
    const body = stream(
      { type: 'message_start', message: 7 },
      { type: 'content_block_delta', index: 0, delta: { type: 'citations_delta', citation } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'four' } },
      { type: 'content_block_delta', index: 1e9, delta: { type: 'text_delta', text: 'teen' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 7 } },
      { type: 'content_block_start', index: 4 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' } },
    );
    expect(await reply(body)).toMatchObject({
      answer: [{ type: 'text', text: 'fourteen', providerData: { anthropic: { citations: [citation] } } }],
      finish: 'stop',
      usage: null,
      servedModel: 'claude-haiku-4-5',
    });
  });

  test('messageIn: a stream of very many sources -> read in no time that grows faster than it', () => {
    const one = `data: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'citations_delta', citation: {} } })}\n\n`;
    const { value } = messageIn(`${one.repeat(200_000)}data: {"type":"message_stop"}\n\n`);
    expect(value).toMatchObject({ content: [{ citations: { length: 200_000 } }] });
  });

  test('call: a stream that ends too early -> cut, and the address is not suspect', async () => {
    const result = await failure(stream(...EVENTS.slice(0, 8)));
    expect(result).toMatchObject({
      code: 'E_CALL_BODY',
      message: 'HTTP 200, the answer was cut: an event stream that ends too early',
    });
    expect(result).not.toHaveProperty('suspect');
  });
});

describe('errors inside a success', () => {
  const error = (type: string, text = 'x') => ({ type: 'error', error: { type, message: text }, request_id: 'req_1' });

  test('call: a call of a tool beside an error of nothing that concerns it -> the call', async () => {
    const call = { type: 'tool_use', id: 'c', name: 'f', input: {} };
    expect(await reply(message([call], { stop_reason: 'tool_use', error: { message: 'x' } }))).toMatchObject({ finish: 'tool' });
  });

  test.each([
    ['overloaded_error', 'overload', 'E_OVERLOADED', false],
    ['rate_limit_error', 'rate', 'E_RATE_LIMITED', false],
    ['authentication_error', 'key', 'E_KEY_REFUSED', false],
    ['not_found_error', 'request', 'E_ENDPOINT', false],
    ['api_error', 'transport', 'E_PROVIDER_ERROR', true],
  ])('call: 200 with %s -> %s', async (type, kind, code, billed) => {
    expect(await failure(error(type))).toMatchObject({ class: kind, code, status: 200, mayHaveBeenBilled: billed });
  });

  test('call: an error event in mid answer -> a fault, paid as far as nobody knows: the counts of the beginning are none', async () => {
    const body = stream(
      { type: 'message_start', message: message([], { stop_reason: null }) },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'fo' } },
      error('overloaded_error', 'Overloaded'),
    );
    const result = await failure(body);
    expect(result).toMatchObject({ class: 'overload', code: 'E_OVERLOADED', mayHaveBeenBilled: true });
    expect(result).not.toHaveProperty('metered');
  });

  test.each([
    ['a page', '<!doctype html><html><head><title>Sign in</title></head></html>', 'but a page: Sign in'],
    ['an object', '{"status":"ok"}', 'but other JSON: {"status":"ok"}'],
    ['a chat completion', completion(), 'is not a message of the Anthropic API but other JSON'],
    ['a text', 'It works!', 'is not a message of the Anthropic API: It works!'],
  ])('call: %s in place of a message -> the address is suspect, what came is said', async (_, body, said) => {
    const result = await failure(body);
    expect(result).toMatchObject({ code: 'E_CALL_BODY', suspect: 'address', mayHaveBeenBilled: true });
    expect(result.message).toContain(said);
  });

  test.each(['null', '7', '""', '[]', '{}', '', '{"content":[{"type":"text","text":"fo', '\u0000%', '[[[]]]', '{"content":{}}'])(
    'call: 200 with %j -> a fault that may have been billed',
    async (body) => {
      expect(await failure(body)).toMatchObject({ ok: false, status: 200, mayHaveBeenBilled: true });
    },
  );
});

describe('refusals', () => {
  const error = (type: string, text: string) => ({ type: 'error', error: { type, message: text }, request_id: 'req_1' });

  test.each([
    [529, 'overloaded_error', 'Overloaded', 'overload', 'E_OVERLOADED'],
    [429, 'rate_limit_error', 'This request would exceed your rate limit of 50 requests per minute', 'rate', 'E_RATE_LIMITED'],
    [401, 'authentication_error', 'invalid x-api-key', 'key', 'E_KEY_REFUSED'],
    [403, 'permission_error', 'Your API key does not have permission', 'key', 'E_PERMISSION'],
    [404, 'not_found_error', 'model: claude-9', 'request', 'E_MODEL_UNKNOWN'],
    [400, 'invalid_request_error', 'Your credit balance is too low to access the Anthropic API.', 'billing', 'E_BILLING'],
    [400, 'invalid_request_error', 'prompt is too long: 205000 tokens > 200000 maximum', 'row', 'E_ROW_TOO_LONG'],
    [413, 'request_too_large', 'Request exceeds the maximum size', 'row', 'E_ROW_TOO_BIG'],
    [500, 'api_error', 'Internal server error', 'transport', 'E_PROVIDER_ERROR'],
    [400, 'invalid_request_error', 'max_tokens: must be greater than thinking.budget_tokens', 'request', 'E_MODEL_PARAM'],
    [
      400,
      'invalid_request_error',
      '`temperature` may only be set to 1 when thinking is enabled.',
      'request',
      'E_REQUEST_REFUSED',
    ],
  ])('call: %i %s (%s) -> %s', async (status, type, text, kind, code) => {
    expect(await failure(error(type, text), status)).toMatchObject({ class: kind, code, status, mayHaveBeenBilled: false });
  });

  test('call: a refusal that echoes the key -> it is masked', async () => {
    expect((await failure(error('authentication_error', `invalid x-api-key ${KEY}`), 401)).message).not.toContain(KEY);
  });

  test('call: a page of a gateway -> its title', async () => {
    const page = '<html><title>502 Bad Gateway</title></html>';
    expect(await failure(page, 502)).toMatchObject({ code: 'E_PROVIDER_ERROR', message: 'HTTP 502: 502 Bad Gateway' });
  });
});

describe('usage', () => {
  const counts = { input_tokens: 10, output_tokens: 5 };
  test.each([
    ['input and output', counts, { input: 10, cached: 0, output: 5, reasoning: 0 }, 0],
    ['read from a cache', { ...counts, cache_read_input_tokens: 90 }, { input: 100, cached: 90, output: 5, reasoning: 0 }, 0],
    ['written to one', { ...counts, cache_creation_input_tokens: 30 }, { input: 40, cached: 0, output: 5, reasoning: 0 }, 30],
    [
      'written, by time',
      { ...counts, cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 5 } },
      { input: 35, cached: 0, output: 5, reasoning: 0 },
      25,
    ],
    [
      'all cached',
      { input_tokens: 0, output_tokens: 5, cache_read_input_tokens: 7 },
      { input: 7, cached: 7, output: 5, reasoning: 0 },
      0,
    ],
    [
      'thoughts',
      { ...counts, output_tokens_details: { thinking_tokens: 4 } },
      { input: 10, cached: 0, output: 5, reasoning: 4 },
      0,
    ],
    [
      'nulls',
      { ...counts, cache_read_input_tokens: null, cache_creation_input_tokens: null },
      { input: 10, cached: 0, output: 5, reasoning: 0 },
      0,
    ],
    [
      'a conversation made shorter on the way',
      {
        ...counts,
        iterations: [
          { type: 'compaction', input_tokens: 80, output_tokens: 9 },
          { type: 'message', ...counts },
          { type: 'advisor_message', input_tokens: 1e6 },
        ],
      },
      { input: 90, cached: 0, output: 14, reasoning: 0 },
      0,
    ],
    ['counts as text', { input_tokens: '10', output_tokens: '5' }, { input: 10, cached: 0, output: 5, reasoning: 0 }, 0],
  ])('meteredOf: %s', (_, wire, usage, cacheWritten) => {
    expect(meteredOf(wire, 'x', 'anthropic')).toEqual({ usage, cacheWritten, costUsd: null });
  });

  test.each([
    [null, 'x'],
    [{ input_tokens: 10 }, 'x'],
    [{ input_tokens: 10, output_tokens: 0 }, 'x'],
    [{ input_tokens: 0, output_tokens: 4 }, 'x'],
    [{ ...counts, cache_creation_input_tokens: -3 }, 'x'],
    [{ ...counts, cache_read_input_tokens: 1.5 }, 'x'],
    [{ ...counts, output_tokens_details: { thinking_tokens: 'many' } }, 'x'],
  ])('usageOf: %j beside %j -> null', (wire, text) => {
    expect(usageOf(wire, text)).toBeNull();
  });

  test('usageOf: output of nothing, where nothing was said -> known', () => {
    expect(usageOf({ input_tokens: 10, output_tokens: 0 }, '')).toEqual({ input: 10, cached: 0, output: 0, reasoning: 0 });
  });

  test('meteredOf: OpenRouter says what it cost -> told', () => {
    expect(meteredOf({ ...counts, cost: 0.02 }, 'x', 'openrouter').costUsd).toBe(0.02);
    expect(meteredOf({ ...counts, cost: 0.02 }, 'x', 'anthropic').costUsd).toBeNull();
  });
});
