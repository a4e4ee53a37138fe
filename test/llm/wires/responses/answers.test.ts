import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CallFailure } from '../../../../src/core/call-failure.js';
import { answerText } from '../../../../src/core/conversation/message.js';
import type { ModelAdapter, ModelReply } from '../../../../src/llm/port.js';
import { createSdkAdapter } from '../../../../src/llm/sdk-adapter.js';
import { ALL_WIRES } from '../../../../src/llm/wires/all-wires.js';
import { type AnsweringServer, json, startAnsweringServer } from '../../answering-server.js';
import { message, response, responsesCall } from './responses-call.js';

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

const MODEL = { provider: 'openai', model: 'asked-1', apiBase: null, apiKeyEnv: null };

async function reply(body: unknown, provider = 'openai', headers: Record<string, string> = {}): Promise<ModelReply> {
  server.answer(json(body, 200, headers));
  const result = await adapter.call(responsesCall(server.base, { model: { ...MODEL, provider } }));
  if (!result.ok) throw new Error(`${result.code} ${result.message}`);
  return result;
}

async function failure(body: unknown): Promise<CallFailure> {
  server.received.length = 0;
  server.answer(json(body));
  const result = await adapter.call(responsesCall(server.base));
  if (result.ok) throw new Error('an answer');
  expect(server.received).toHaveLength(1);
  return result;
}

const USAGE = { input: 11, cached: 0, output: 3, reasoning: 0 };
const thoughts = (more: object = {}) => ({ id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: 'E', ...more });
const summary = (...texts: string[]) => texts.map((text) => ({ type: 'summary_text', text }));
const call = (more: object = {}) => ({
  ...{ id: 'fc_1', type: 'function_call', call_id: 'call_1', name: 'look', arguments: '{"at":1}', status: 'completed' },
  ...more,
});
const openai = (data: object) => ({ openai: data });

describe('answers', () => {
  test('call: a plain answer -> text, finish, usage, served model', async () => {
    expect(await reply(response())).toEqual({
      ok: true,
      answer: 'four',
      finish: 'stop',
      rawFinish: 'completed',
      servedModel: 'served-1',
      usage: USAGE,
      requestId: 'resp_1',
      told: null,
      cacheWritten: 0,
      costUsd: null,
    });
  });

  test('call: headers of the provider -> its limits and the id of the request', async () => {
    const headers = {
      'x-ratelimit-limit-tokens': '30000',
      'x-ratelimit-remaining-tokens': '29000',
      'x-ratelimit-reset-tokens': '2s',
      'x-request-id': 'req_7',
    };
    expect(await reply(response(), 'openai', headers)).toMatchObject({
      requestId: 'req_7',
      told: { tokens: { limit: 30_000, remaining: 29_000, resetMs: 2_000 } },
    });
  });

  test.each<[string, object[], unknown]>([
    [
      'thoughts without a summary, a message',
      [thoughts(), message('four')],
      [
        { type: 'reasoning', text: '', providerData: openai({ itemId: 'rs_1', reasoningEncryptedContent: 'E' }) },
        { type: 'text', text: 'four', providerData: openai({ itemId: 'msg_1' }) },
      ],
    ],
    [
      'a part a summary; the phase of a message',
      [thoughts({ summary: summary('a', 'b') }), message('four', { phase: 'final_answer' })],
      [
        { type: 'reasoning', text: 'a', providerData: openai({ itemId: 'rs_1', reasoningEncryptedContent: 'E' }) },
        { type: 'reasoning', text: 'b', providerData: openai({ itemId: 'rs_1', reasoningEncryptedContent: 'E' }) },
        { type: 'text', text: 'four', providerData: openai({ itemId: 'msg_1', phase: 'final_answer' }) },
      ],
    ],
    [
      'thoughts without an id: one part, and no message with one',
      [thoughts({ id: undefined, summary: summary('a', 'b') }), message('four')],
      [
        { type: 'reasoning', text: 'a\n\nb', providerData: openai({ reasoningEncryptedContent: 'E' }) },
        { type: 'text', text: 'four' },
      ],
    ],
    [
      'ids that would be refused',
      [thoughts({ id: 'x'.repeat(65) }), message('four', { id: 'a b' })],
      [
        { type: 'reasoning', text: '', providerData: openai({ reasoningEncryptedContent: 'E' }) },
        { type: 'text', text: 'four' },
      ],
    ],
    ['thoughts that cannot go back', [thoughts({ encrypted_content: null, summary: summary('a') }), message('four')], 'four'],
    ['thoughts that led to nothing', [message('four'), thoughts()], 'four'],
    [
      'a text in several parts',
      [
        message('', {
          content: [
            { type: 'output_text', text: 'fo' },
            { type: 'output_text', text: 'ur' },
          ],
        }),
      ],
      'four',
    ],
    ['several messages', [message('fo'), message('ur', { id: 'msg_2' })], 'four'],
    ['a content that is a text', [message('', { content: 'four' })], 'four'],
    ['searches of the provider', [{ id: 'ws_1', type: 'web_search_call', status: 'completed' }, message('four')], 'four'],
    ['items that are none', [null, 7, message('four'), { type: 'unheard_of' }] as object[], 'four'],
    [
      'a call beside a text',
      [message('let me look'), call(), call({ call_id: undefined, arguments: { q: 'x' } })],
      [
        { type: 'text', text: 'let me look' },
        { type: 'tool-call', id: 'call_1', name: 'look', input: '{"at":1}' },
        { type: 'tool-call', id: 'fc_1', name: 'look', input: '{"q":"x"}' },
      ],
    ],
    [
      'what was said on the way',
      [message('Looking. ', { phase: 'commentary' }), message('four', { id: 'msg_2', phase: 'final_answer' })],
      [
        { type: 'text', text: 'Looking. ', isAside: true, providerData: openai({ phase: 'commentary' }) },
        { type: 'text', text: 'four', providerData: openai({ phase: 'final_answer' }) },
      ],
    ],
  ])('call: %s -> parts in order, with what must go back', async (_, output, answer) => {
    const result = await reply(response({ output }));
    expect(result.answer).toEqual(answer);
    expect(JSON.parse(JSON.stringify(result.answer))).toEqual(answer);
  });

  test('call: what was said on the way -> no part of the text, unless nothing else was said', async () => {
    const commentary = message('Looking.', { phase: 'commentary' });
    expect(answerText((await reply(response({ output: [commentary, message('four')] }))).answer)).toBe('four');
    expect(answerText((await reply(response({ output: [commentary] }))).answer)).toBe('Looking.');
  });

  const incomplete = (reason: unknown) => ({ status: 'incomplete', incomplete_details: { reason } });
  const refusal = { content: [{ type: 'refusal', refusal: 'I will not.' }] };
  test.each<[string, object, string, string | null, string]>([
    ['completed', {}, 'stop', 'completed', 'four'],
    ['COMPLETED', { status: 'COMPLETED' }, 'stop', 'COMPLETED', 'four'],
    ['the limit', incomplete('max_output_tokens'), 'length', 'max_output_tokens', 'four'],
    [
      'the limit, all of it thoughts',
      { ...incomplete('max_output_tokens'), output: [thoughts()] },
      'length',
      'max_output_tokens',
      '',
    ],
    ['the filter', { ...incomplete('content_filter'), output: [] }, 'filter', 'content_filter', ''],
    ['the filter in the middle', incomplete('content_filter'), 'filter', 'content_filter', 'four'],
    ['another reason', incomplete('lunch'), 'unknown', 'lunch', 'four'],
    ['no reason', { status: 'incomplete' }, 'length', 'incomplete', 'four'],
    ['another status', { status: 'paused' }, 'unknown', 'paused', 'four'],
    ['no status, its message has one', { status: undefined }, 'stop', 'completed', 'four'],
    ['no status at all', { status: undefined, output: [message('four', { status: undefined })] }, 'unknown', null, 'four'],
    ['a refusal', { output: [message('', refusal)] }, 'filter', 'completed', ''],
    ['a refusal after a text', { output: [message('Well. '), message('', refusal)] }, 'filter', 'completed', 'Well. '],
    ['a refusal beside a call', { output: [message('', refusal), call()] }, 'tool', 'completed', ''],
    ['a call', { output: [call()] }, 'tool', 'completed', ''],
    ['a call beside a text', { output: [message('let me look'), call()] }, 'tool', 'completed', 'let me look'],
    ['a call that was cut', { ...incomplete('max_output_tokens'), output: [call()] }, 'length', 'max_output_tokens', ''],
  ])('call: %s -> finish', async (_, more, finish, rawFinish, text) => {
    const result = await reply(response(more as Record<string, unknown>));
    expect(result).toMatchObject({ finish, rawFinish });
    expect(answerText(result.answer)).toBe(text);
  });

  test.each<[string, object]>([
    ['no object, no time', { object: undefined, created_at: undefined }],
    ['odd fields', { id: 17, metadata: 7, tools: 'none', text: null, incomplete_details: 'x' }],
    ['an error that is none', { error: {} }],
    ['odd details of usage', { usage: { input_tokens: '11', output_tokens: 3, input_tokens_details: 'x' } }],
    ['no items but their text', { output: [], output_text: 'four' }],
  ])('call: %s -> the answer and its usage are kept', async (_, more) => {
    expect(await reply(response(more as Record<string, unknown>))).toMatchObject({ answer: 'four', usage: USAGE });
  });

  test('call: no model named -> the asked one; __proto__ in the answer -> data only', async () => {
    expect((await reply(response({ model: undefined }))).servedModel).toBe('asked-1');
    await reply(JSON.stringify(response()).replace('"id"', '"__proto__":{"polluted":1},"id"'));
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('usage', () => {
  const usage = (input: object, output: object, more: object = {}) => ({
    usage: { input_tokens: 100, input_tokens_details: input, output_tokens: 50, output_tokens_details: output, ...more },
  });
  test('call: cached, written and reasoning tokens -> within input and output', async () => {
    const result = await reply(response(usage({ cached_tokens: 60, cache_write_tokens: 30 }, { reasoning_tokens: 20 })));
    expect(result).toMatchObject({ usage: { input: 100, cached: 60, output: 50, reasoning: 20 }, cacheWritten: 30 });
  });

  test('call: reasoning beside the output, or in the grand total alone (xAI) -> put into the output', async () => {
    expect((await reply(response(usage({}, { reasoning_tokens: 70 })))).usage).toMatchObject({ output: 120, reasoning: 70 });
    expect((await reply(response(usage({}, {}, { total_tokens: 400 })))).usage).toMatchObject({ output: 300, reasoning: 0 });
  });

  test('call: OpenRouter says what it cost -> told; the same field of any other provider is not believed', async () => {
    const body = response(usage({}, {}, { cost: 0.0123 }));
    expect((await reply(body, 'openrouter')).costUsd).toBe(0.0123);
    expect((await reply(body)).costUsd).toBeNull();
  });

  test.each<[string, unknown]>([
    ['absent', undefined],
    ['null', null],
    ['zeros beside a text', { input_tokens: 0, output_tokens: 0 }],
    ['only input', { input_tokens: 10 }],
    ['negative', { input_tokens: -1, output_tokens: 3 }],
    ['absurd', { input_tokens: 1e15, output_tokens: 3 }],
    ['more cached than input', { input_tokens: 5, output_tokens: 4, input_tokens_details: { cached_tokens: 6 } }],
    ['a list', []],
  ])('call: usage %s -> the paid answer is kept, usage unknown', async (_, reported) => {
    expect(await reply(response({ usage: reported }))).toMatchObject({ answer: 'four', usage: null, servedModel: 'served-1' });
  });
});

describe('bodies that nobody asked for', () => {
  const event = (type: string, more: object = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
  const created = event('response.created', { response: response({ status: 'in_progress', output: [], usage: null }) });
  const done = event('response.output_item.done', { output_index: 0, item: message('four') });
  const completed = (more: Record<string, unknown> = {}) => event('response.completed', { response: response(more) });
  test.each([
    ['event stream', `${created}${event('response.output_text.delta', { delta: 'four' })}${done}${completed()}`],
    ['event stream whose last event has no items', `${created}${done}${completed({ output: [] })}data: [DONE]\n\n`],
    ['event stream without a name of its events', `${completed().replace(/^event.*\n/, '')}`],
    ['list of events', `[${[created, done, completed()].map((one) => one.replace(/^.*\ndata: /, '')).join(',')}]`],
    ['list of one response', JSON.stringify([response()])],
    ['JSON and something after it', `${JSON.stringify(response())}\n<!-- served by x -->`],
    ['JSON after a comment', `: wait\n${JSON.stringify(response())} done`],
    ['JSON twice', `${JSON.stringify(response())}${JSON.stringify(response())}`],
  ])('call: an %s -> read whole', async (_, body) => {
    expect(await reply(body)).toMatchObject({ answer: 'four', finish: 'stop', servedModel: 'served-1', usage: USAGE });
  });

  test('call: a stream that ends with its items but without its last event -> the answer, usage unknown', async () => {
    expect(await reply(`${created}${done}data: [DONE]\n\n`)).toMatchObject({ answer: 'four', usage: null, finish: 'stop' });
  });

  test('call: a stream that is cut -> said; one with an error in it -> judged by the error', async () => {
    expect(await failure(`${created}${event('response.output_text.delta', { delta: 'fo' })}`)).toMatchObject({
      code: 'E_CALL_BODY',
      message: 'HTTP 200, the answer was cut: an event stream that ends too early',
    });
    const error = event('error', { code: 'rate_limit_exceeded', message: 'slow', param: null });
    expect(await failure(`${created}${done}${error}`)).toMatchObject({ class: 'rate', mayHaveBeenBilled: true });
    const failed = event('response.failed', {
      response: response({ status: 'failed', output: [], usage: null, error: { code: 'server_error', message: 'x' } }),
    });
    expect(await failure(`${created}${failed}`)).toMatchObject({ class: 'transport', code: 'E_PROVIDER_ERROR' });
    const incomplete = event('response.incomplete', {
      response: response({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }),
    });
    expect(await reply(`${created}${incomplete}`)).toMatchObject({ finish: 'length' });
  });
});

describe('successes that hold no answer', () => {
  test.each<[string, Record<string, unknown>]>([
    ['no items', { output: [] }],
    ['items that are no list', { output: 'four' }],
    ['a message without text', { output: [message('')] }],
    ['only thoughts', { output: [thoughts({ summary: summary('hm') })] }],
    ['only a search of the provider', { output: [{ type: 'web_search_call' }] }],
    ['an unknown ending and no text', { status: 'paused', output: [] }],
  ])('call: %s -> E_CALL_EMPTY, may have been billed, what it took is known', async (_, more) => {
    expect(await failure(response(more))).toMatchObject({
      ...{ class: 'transport', code: 'E_CALL_EMPTY', mayHaveBeenBilled: true },
      metered: { usage: USAGE, servedModel: 'served-1' },
    });
  });

  test.each(['in_progress', 'queued', 'cancelled', 'failed'])(
    'call: status %s -> fault of the provider, may have been billed',
    async (status) => {
      expect(await failure(response({ status, output: [], usage: null }))).toMatchObject({
        ...{ class: 'transport', code: 'E_PROVIDER_ERROR', mayHaveBeenBilled: true },
        message: `HTTP 200 with an error in the body: status ${status}`,
      });
    },
  );

  test.each<[string, unknown, string, string, boolean]>([
    ['its own error', failedWith('server_error'), 'transport', 'E_PROVIDER_ERROR', true],
    ['a limit', failedWith('rate_limit_exceeded'), 'rate', 'E_RATE_LIMITED', false],
    ['money', failedWith('insufficient_quota'), 'billing', 'E_BILLING', false],
    ['a limit in mid answer', failedWith('rate_limit_exceeded', [message('fo')]), 'rate', 'E_RATE_LIMITED', true],
    ['an error alone', { error: { message: 'x', type: 'overloaded_error' } }, 'overload', 'E_OVERLOADED', false],
    ['a number (OpenRouter)', { error: { message: 'no credits', code: 402 } }, 'billing', 'E_BILLING', false],
    ['a sentence alone', { error: 'model runner stopped' }, 'transport', 'E_PROVIDER_ERROR', true],
  ])('call: 200 with %s -> judged by the body', async (_, body, kind, code, billed) => {
    expect(await failure(body)).toMatchObject({ class: kind, code, status: 200, mayHaveBeenBilled: billed });
  });

  function failedWith(code: string, output: object[] = []): unknown {
    return response({ status: 'failed', error: { code, message: 'x' }, output, usage: null });
  }

  test('call: a response that failed and says what it took -> known, not in doubt', async () => {
    const error = { code: 'server_error', message: 'x' };
    expect(await failure(response({ status: 'failed', error, output: [] }))).toMatchObject({ metered: { usage: USAGE } });
  });

  test.each([
    ['a page', '<!doctype html><html><head><title>Sign in</title></head></html>', 'but a page: Sign in'],
    ['an object', '{"status":"ok"}', 'is not a response but other JSON: {"status":"ok"}'],
    ['a chat completion', '{"choices":[{"message":{"content":"four"}}]}', 'is not a response but other JSON'],
    ['a text', 'It works!', 'is not a response: It works!'],
    ['half a JSON text', '{"output":[{"type":"mess', 'is not a response'],
    ['nothing', '', 'the body is empty'],
  ])('call: %s in place of a response -> E_CALL_BODY, what came is said', async (_, body, said) => {
    const result = await failure(body);
    expect(result).toMatchObject({ class: 'transport', code: 'E_CALL_BODY', mayHaveBeenBilled: true, suspect: 'address' });
    expect(result.message).toContain(said);
  });
});
