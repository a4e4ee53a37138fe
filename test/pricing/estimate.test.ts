import { describe, expect, test } from 'vitest';
import { type AnswerPart, type Message, userMessage } from '../../src/core/conversation/message.js';
import { estimateTokens, maxInputTokens, PromptTokens } from '../../src/pricing/estimate.js';

const user = (text: string): Message[] => [userMessage(text)];

describe('maxInputTokens', () => {
  test('maxInputTokens: one token per UTF-8 byte, and what templates add', () => {
    expect(maxInputTokens(user('abcd'))).toBe(4 + 8 + 128);
    expect(maxInputTokens(user('é😀'))).toBe(6 + 8 + 128);
    expect(maxInputTokens([...user('ab'), { role: 'assistant', parts: [{ type: 'text', text: 'c' }] }])).toBe(3 + 16 + 128);
    expect(maxInputTokens([])).toBe(128);
  });

  test('maxInputTokens: thoughts, tool calls, results and what goes back unread -> counted like text', () => {
    const parts: AnswerPart[] = [
      { type: 'reasoning', text: 'hm', providerData: { p: { s: 'x' } } },
      { type: 'tool-call', id: 't1', name: 'look', input: '{"a":1}' },
      { type: 'provider-result', id: 't2', name: 'web', result: [1] },
    ];
    expect(maxInputTokens([{ role: 'assistant', parts }])).toBe(2 + 15 + 4 + 7 + 3 + 3 + 8 + 128);
    expect(maxInputTokens([{ role: 'tool', results: [{ id: 't1', name: 'look', text: 'found' }] }])).toBe(9 + 8 + 128);
    expect(estimateTokens([{ role: 'assistant', parts }])).toBeGreaterThan(8 + 10);
  });

  test('maxInputTokens: half a surrogate pair -> the three bytes that are sent', () => {
    expect(maxInputTokens(user('\ud800'))).toBe(3 + 8 + 128);
  });
});

describe('estimateTokens', () => {
  test('estimateTokens: an English sentence -> near its true count', () => {
    // 10 tokens by the o200k encoding.
    const tokens = estimateTokens(user('The quick brown fox jumps over the lazy dog.'));
    expect(tokens - 8).toBeGreaterThanOrEqual(8);
    expect(tokens - 8).toBeLessThanOrEqual(13);
  });

  test('estimateTokens: a text of middle length, judged by samples -> within a fifth of the whole', () => {
    const sentence = 'The committee met on Tuesday to discuss budget, staffing, and next quarter targets; nobody was pleased. ';
    const whole = estimateTokens(user(sentence.repeat(200))) / 200;
    for (const times of [6, 20, 100]) {
      const sampled = estimateTokens(user(sentence.repeat(times))) / times;
      expect(Math.abs(sampled - whole) / whole).toBeLessThan(0.2);
    }
  });

  test.each([['plain words '.repeat(200)], ['{"a":[1,2,3]}'.repeat(50)], ['数据处理'.repeat(50)], ['']])(
    'estimateTokens: never above the hard bound',
    (text) => {
      expect(estimateTokens(user(text))).toBeLessThanOrEqual(maxInputTokens(user(text)));
    },
  );
});

describe('PromptTokens', () => {
  const sentence = 'The committee met on Tuesday to discuss budget, staffing, and next quarter targets; nobody was pleased. ';
  const prompt = (n: number) => user(`${n}: ${sentence.repeat(1 + (n % 7))}`);

  test('PromptTokens: the first 10,000 prompts -> each is counted', () => {
    const prompts = new PromptTokens();
    for (let n = 0; n < 10_000; n += 1) {
      const messages = prompt(n);
      expect(prompts.next(messages, maxInputTokens(messages))).toBe(estimateTokens(messages));
    }
  });

  test('PromptTokens: many more, of unlike lengths -> their sum within 2 % of counting each, none above its bound', () => {
    const prompts = new PromptTokens();
    let judged = 0;
    let counted = 0;
    for (let n = 0; n < 40_000; n += 1) {
      const messages = prompt(n);
      const bound = maxInputTokens(messages);
      const about = prompts.next(messages, bound);
      expect(about).toBeLessThanOrEqual(bound);
      judged += about;
      counted += estimateTokens(messages);
    }
    expect(Math.abs(judged - counted) / counted).toBeLessThan(0.02);
  });
});
