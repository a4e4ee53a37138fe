/** The Gemini wire against a server that this project did not write. */

import { expect, test } from 'vitest';
import { answerParts, answerText, type Message, userMessage } from '../../../../src/core/conversation/message.js';
import { foreignMock } from '../../foreign-mock.js';
import { geminiCall, MODEL } from './gemini-calls.js';

const { mock, adapter } = foreignMock();
const base = () => `${mock.url}/v1beta`;

const say = (messages: Message[]) => adapter.call(geminiCall(base(), { messages }));
const call = (content: string) => say([userMessage(content)]);

test('foreign server: text and usage -> read; it took the request for one of this API', async () => {
  mock.onMessage('hello', {
    content: 'Hi there!',
    usage: { promptTokenCount: 21, candidatesTokenCount: 9, totalTokenCount: 30 },
  });
  expect(await call('hello')).toMatchObject({
    ok: true,
    answer: 'Hi there!',
    finish: 'stop',
    rawFinish: 'STOP',
    servedModel: MODEL,
    usage: { input: 21, output: 9 },
  });
  expect(mock.getRequests()).toMatchObject([
    { path: `/v1beta/models/${MODEL}:generateContent`, body: { model: MODEL, max_tokens: 50 } },
  ]);
});

test('foreign server: a system message and a conversation -> seen as such', async () => {
  mock.onMessage('two', { content: 'now' });
  await say([
    { role: 'system', text: 'Be short.' },
    userMessage('one'),
    { role: 'assistant', parts: [{ type: 'text', text: 'a' }] },
    userMessage('two'),
  ]);
  expect(mock.getRequests()).toMatchObject([
    {
      body: {
        messages: [
          { role: 'system', content: 'Be short.' },
          { role: 'user', content: 'one' },
          { role: 'assistant', content: 'a' },
          { role: 'user', content: 'two' },
        ],
      },
    },
  ]);
});

test('foreign server: no usage -> the answer, usage unknown', async () => {
  mock.onMessage('hello', { content: 'Hi there!' });
  expect(await call('hello')).toMatchObject({ ok: true, answer: 'Hi there!', usage: null });
});

test.each([
  ['length', 'length'],
  ['content_filter', 'filter'],
])('foreign server: %s -> %s', async (finishReason, finish) => {
  mock.onMessage('long', { content: 'Once upon', finishReason });
  expect(await call('long')).toMatchObject({ ok: true, answer: 'Once upon', finish });
});

test('foreign server: thoughts -> a part of their own, which goes back before the answer', async () => {
  mock.onMessage('think', { content: 'So.', reasoning: 'Let me see.' });
  const result = await call('think');
  if (!result.ok) throw new Error(result.message);
  expect(result.answer).toEqual([
    { type: 'reasoning', text: 'Let me see.', providerData: { google: {} } },
    { type: 'text', text: 'So.' },
  ]);
  expect(answerText(result.answer)).toBe('So.');
});

test('foreign server: tool calls, answered with their results -> taken for those of its calls', async () => {
  mock.onToolResult('c0', { content: 'It rains.' });
  mock.onMessage('weather', { toolCalls: [{ name: 'get_weather', arguments: '{"city":"Oslo"}' }] });
  const asked = await call('weather');
  expect(asked).toMatchObject({
    ok: true,
    finish: 'tool',
    answer: [{ type: 'tool-call', id: 'c0', name: 'get_weather', input: '{"city":"Oslo"}' }],
  });
  const results = [{ id: 'c0', name: 'get_weather', text: 'rain' }];
  const parts = asked.ok ? answerParts(asked.answer) : [];
  const told = await say([userMessage('weather'), { role: 'assistant', parts }, { role: 'tool', results }]);
  expect(told).toMatchObject({ ok: true, answer: 'It rains.' });
});

test('foreign server: 429 with Retry-After -> rate and the wait', async () => {
  mock.onMessage('busy', { error: { message: 'Quota exceeded', type: 'RESOURCE_EXHAUSTED' }, status: 429, retryAfter: 11 });
  expect(await call('busy')).toMatchObject({
    ok: false,
    class: 'rate',
    code: 'E_RATE_LIMITED',
    retryAfterMs: 11_000,
    mayHaveBeenBilled: false,
  });
  expect(mock.getRequests()).toHaveLength(1);
});

test('foreign server: 503, a prompt that it does not know -> overload, a request fault', async () => {
  mock.onMessage('again', { error: { message: 'The model is overloaded.', type: 'UNAVAILABLE' }, status: 503 });
  expect(await call('again')).toMatchObject({ ok: false, class: 'overload' });
  expect(await call('unheard of')).toMatchObject({ ok: false, status: 404, class: 'request' });
});
