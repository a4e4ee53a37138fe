import { describe, expect, test } from 'vitest';
import type { Message } from '../../src/core/model.js';
import { estimateTokens, maxInputTokens } from '../../src/pricing/estimate.js';

const user = (content: string): Message[] => [{ role: 'user', content }];

describe('maxInputTokens', () => {
  test('maxInputTokens: one token per UTF-8 byte, and what templates add', () => {
    expect(maxInputTokens(user('abcd'))).toBe(4 + 8 + 128);
    expect(maxInputTokens(user('é😀'))).toBe(6 + 8 + 128);
    expect(maxInputTokens([...user('ab'), { role: 'assistant', content: 'c' }])).toBe(3 + 16 + 128);
    expect(maxInputTokens([])).toBe(128);
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
