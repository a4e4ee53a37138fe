/** The adapter against a server that this project did not write. */

import { expect, test } from 'vitest';
import { userMessage } from '../../src/core/conversation/message.js';
import { foreignMock } from './foreign-mock.js';
import { modelCall } from './model-call.js';

const { mock, adapter } = foreignMock();
const base = () => `${mock.url}/v1`;

const call = (content: string) => adapter.call(modelCall(base(), { messages: [userMessage(content)] }));

test('foreign server: text and usage -> read', async () => {
  const usage = { prompt_tokens: 21, completion_tokens: 9, prompt_tokens_details: { cached_tokens: 16 } };
  mock.onMessage('hello', { content: 'Hi there!', usage, model: 'gpt-6-luna-2026-09-01' });
  expect(await call('hello')).toMatchObject({
    ok: true,
    answer: 'Hi there!',
    finish: 'stop',
    servedModel: 'gpt-6-luna-2026-09-01',
    usage: { input: 21, output: 9 },
  });
});

test('foreign server: cut by the output limit -> length', async () => {
  mock.onMessage('long', { content: 'Once upon', finishReason: 'length' });
  expect(await call('long')).toMatchObject({ ok: true, answer: 'Once upon', finish: 'length' });
});

test('foreign server: a tool call -> tool, no text', async () => {
  mock.onMessage('weather', { toolCalls: [{ name: 'get_weather', arguments: '{"city":"Oslo"}' }] });
  expect(await call('weather')).toMatchObject({ ok: true, finish: 'tool' });
});

test('foreign server: 429 with Retry-After -> rate and the wait', async () => {
  mock.onMessage('busy', {
    error: { message: 'Rate limit reached', type: 'rate_limit_error', code: 'rate_limit_exceeded' },
    status: 429,
    retryAfter: 11,
  });
  expect(await call('busy')).toMatchObject({
    ok: false,
    class: 'rate',
    code: 'E_RATE_LIMITED',
    retryAfterMs: 11_000,
    mayHaveBeenBilled: false,
  });
  expect(mock.getRequests()).toHaveLength(1);
});

test('foreign server: out of money -> billing', async () => {
  mock.onMessage('poor', {
    error: { message: 'You exceeded your current quota', type: 'insufficient_quota', code: 'insufficient_quota' },
    status: 429,
  });
  expect(await call('poor')).toMatchObject({ ok: false, class: 'billing', code: 'E_BILLING' });
});

test('foreign server: 500 once -> a fault, then an answer', async () => {
  mock.onMessage('again', { content: 'now' });
  mock.nextRequestError(500, { message: 'server error', type: 'server_error' });
  expect(await call('again')).toMatchObject({
    ok: false,
    class: 'transport',
    code: 'E_PROVIDER_ERROR',
    mayHaveBeenBilled: false,
  });
  expect(await call('again')).toMatchObject({ ok: true, answer: 'now' });
});

test('foreign server: nothing registered for the prompt -> a request fault, not an answer', async () => {
  expect(await call('unheard of')).toMatchObject({ ok: false, status: 404, class: 'request' });
});
