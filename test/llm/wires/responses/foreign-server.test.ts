/** The wire against a server that this project did not write. */

import { expect, test } from 'vitest';
import { answerParts, answerText, type Message, userMessage } from '../../../../src/core/conversation/message.js';
import { foreignMock } from '../../foreign-mock.js';
import { responsesCall } from './responses-call.js';

const { mock, adapter } = foreignMock();
const base = () => `${mock.url}/v1`;

const model = { provider: 'openai', model: 'gpt-5.1', apiBase: null, apiKeyEnv: null };
const call = (...messages: Message[]) => adapter.call(responsesCall(base(), { model, messages }));

test('foreign server: text and usage -> read', async () => {
  const usage = { input_tokens: 21, output_tokens: 9, total_tokens: 30 };
  mock.onMessage('hello', { content: 'Hi there!', usage });
  const result = await call(userMessage('hello'));
  expect(result).toMatchObject({ ok: true, finish: 'stop', usage: { input: 21, output: 9 } });
  expect(result.ok && answerText(result.answer)).toBe('Hi there!');
});

test('foreign server: thoughts -> kept, and taken back with the next question', async () => {
  mock.onMessage('think', { content: 'Four.', reasoning: 'Two and two.' });
  mock.onMessage('sure?', { content: 'Yes.' });
  const first = await call(userMessage('think'));
  if (!first.ok) throw new Error(first.message);
  const parts = answerParts(first.answer);
  expect(parts.map(({ type }) => type)).toEqual(['reasoning', 'text']);
  const second = await call(userMessage('think'), { role: 'assistant', parts }, userMessage('sure?'));
  expect(second).toMatchObject({ ok: true, finish: 'stop' });
});

test('foreign server: a tool call -> tool, and its result goes back', async () => {
  mock.onMessage('weather', { toolCalls: [{ name: 'get_weather', arguments: '{"city":"Oslo"}' }] });
  const result = await call(userMessage('weather'));
  expect(result).toMatchObject({ ok: true, finish: 'tool' });
  expect(result.ok && answerParts(result.answer).find(({ type }) => type === 'tool-call')).toMatchObject({
    name: 'get_weather',
    input: '{"city":"Oslo"}',
  });
});

test('foreign server: cut by the output limit -> length', async () => {
  mock.onMessage('long', { content: 'Once upon', finishReason: 'length' });
  expect(await call(userMessage('long'))).toMatchObject({ ok: true, finish: 'length' });
});

test('foreign server: 429 with Retry-After, no money, its own error -> told apart, one request each', async () => {
  mock.onMessage('busy', { error: { message: 'Rate limit reached', code: 'rate_limit_exceeded' }, status: 429, retryAfter: 11 });
  mock.onMessage('poor', { error: { message: 'You exceeded your current quota', code: 'insufficient_quota' }, status: 429 });
  expect(await call(userMessage('busy'))).toMatchObject({ ok: false, class: 'rate', retryAfterMs: 11_000 });
  expect(await call(userMessage('poor'))).toMatchObject({ ok: false, class: 'billing', code: 'E_BILLING' });
  mock.nextRequestError(500, { message: 'server error', type: 'server_error' });
  expect(await call(userMessage('busy'))).toMatchObject({ ok: false, class: 'transport', code: 'E_PROVIDER_ERROR' });
  expect(mock.getRequests()).toHaveLength(3);
});
