/** The wire against a server that this project did not write. */

import { expect, test } from 'vitest';
import { answerParts, userMessage } from '../../../../src/core/conversation/message.js';
import { foreignMock } from '../../foreign-mock.js';
import { anthropicCall } from './messages.js';

const { mock, adapter } = foreignMock();
const base = () => `${mock.url}/v1`;

const call = (content: string) => adapter.call(anthropicCall(base(), { messages: [userMessage(content)] }));

test('foreign server: text and usage -> read', async () => {
  mock.onMessage('hello', {
    content: 'Hi there!',
    usage: { input_tokens: 21, output_tokens: 9 },
    model: 'claude-haiku-4-5-20251001',
  });
  expect(await call('hello')).toMatchObject({
    ok: true,
    answer: 'Hi there!',
    finish: 'stop',
    rawFinish: 'end_turn',
    servedModel: 'claude-haiku-4-5-20251001',
    usage: { input: 21, output: 9 },
  });
  expect(mock.getRequests()[0]?.path).toBe('/v1/messages');
});

test('foreign server: cut by the output limit -> length', async () => {
  mock.onMessage('long', { content: 'Once upon', finishReason: 'length' });
  expect(await call('long')).toMatchObject({ ok: true, answer: 'Once upon', finish: 'length' });
});

test('foreign server: thoughts, redacted ones and a call -> parts, which it takes back in the next turn', async () => {
  // The first that fits holds.
  mock.onToolResult('toolu_1', { content: 'Cold.' });
  mock.onMessage('weather', {
    content: 'I look.',
    toolCalls: [{ name: 'get_weather', arguments: '{"city":"Oslo"}', id: 'toolu_1' }],
    reasoning: 'Where?',
    reasoningSignature: 'sig-1',
    redactedThinking: ['hidden'],
  });
  const result = await call('weather');
  if (!result.ok) throw new Error(result.message);
  expect(result.finish).toBe('tool');
  const parts = answerParts(result.answer);
  expect(parts).toEqual(
    expect.arrayContaining([
      { type: 'reasoning', text: 'Where?', providerData: { anthropic: { signature: 'sig-1' } } },
      { type: 'reasoning', text: '', providerData: { anthropic: { redactedData: 'hidden' } } },
      { type: 'text', text: 'I look.' },
      { type: 'tool-call', id: 'toolu_1', name: 'get_weather', input: '{"city":"Oslo"}' },
    ]),
  );
  const next = await adapter.call(
    anthropicCall(base(), {
      messages: [
        userMessage('weather'),
        { role: 'assistant', parts: JSON.parse(JSON.stringify(parts)) },
        { role: 'tool', results: [{ id: 'toolu_1', name: 'get_weather', text: '-4' }] },
      ],
      settings: { temperature: null, topP: null, thinkingBudget: 1_024 },
      maxTokens: 2_000,
    }),
  );
  expect(next).toMatchObject({ ok: true, finish: 'stop', answer: 'Cold.' });
});

test('foreign server: 429 with Retry-After -> rate and the wait', async () => {
  mock.onMessage('busy', { error: { message: 'Rate limited', type: 'rate_limit_error' }, status: 429, retryAfter: 11 });
  expect(await call('busy')).toMatchObject({ ok: false, class: 'rate', retryAfterMs: 11_000, mayHaveBeenBilled: false });
  expect(mock.getRequests()).toHaveLength(1);
});

test('foreign server: overloaded once -> told so, then an answer', async () => {
  mock.onMessage('again', { content: 'now' });
  mock.nextRequestError(529, { message: 'Overloaded', type: 'overloaded_error' });
  expect(await call('again')).toMatchObject({ ok: false, class: 'overload', code: 'E_OVERLOADED', mayHaveBeenBilled: false });
  expect(await call('again')).toMatchObject({ ok: true, answer: 'now' });
});

test('foreign server: nothing registered for the prompt -> a request fault, not an answer', async () => {
  expect(await call('unheard of')).toMatchObject({ ok: false, status: 404, class: 'request' });
});
