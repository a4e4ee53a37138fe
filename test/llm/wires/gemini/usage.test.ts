import { describe, expect, test } from 'vitest';
import { usageOf } from '../../../../src/llm/wires/gemini/usage.js';

describe('usageOf', () => {
  test.each([
    ['plain', { promptTokenCount: 11, candidatesTokenCount: 3, totalTokenCount: 14 }, [11, 0, 3, 0]],
    [
      'thoughts beside the answer',
      { promptTokenCount: 11, candidatesTokenCount: 6, thoughtsTokenCount: 832, totalTokenCount: 849 },
      [11, 0, 838, 832],
    ],
    [
      'thoughts within it, as the total shows',
      { promptTokenCount: 11, candidatesTokenCount: 40, thoughtsTokenCount: 30, totalTokenCount: 51 },
      [11, 0, 40, 30],
    ],
    ['thoughts in the total alone', { promptTokenCount: 11, candidatesTokenCount: 3, totalTokenCount: 64 }, [11, 0, 53, 0]],
    ['no total', { promptTokenCount: 11, candidatesTokenCount: 3, thoughtsTokenCount: 5 }, [11, 0, 8, 5]],
    ['a total that is no count', { promptTokenCount: 11, candidatesTokenCount: 3, totalTokenCount: 'many' }, [11, 0, 3, 0]],
    [
      'cached',
      { promptTokenCount: 100, cachedContentTokenCount: 64, candidatesTokenCount: 3, totalTokenCount: 103 },
      [100, 64, 3, 0],
    ],
    [
      'results of tools that the provider ran',
      {
        promptTokenCount: 11,
        toolUsePromptTokenCount: 500,
        candidatesTokenCount: 3,
        thoughtsTokenCount: 2,
        totalTokenCount: 516,
      },
      [511, 0, 5, 2],
    ],
    ['counts as texts', { promptTokenCount: '11', candidatesTokenCount: '3' }, [11, 0, 3, 0]],
  ])('usageOf: %s -> totals that include their parts', (_, reported, [input, cached, output, reasoning]) => {
    expect(usageOf(reported, 'four')).toEqual({ input, cached, output, reasoning });
  });

  test('usageOf: nothing was answered -> its prompt is counted all the same, for zeros are left out', () => {
    expect(usageOf({ promptTokenCount: 11, totalTokenCount: 11 }, '')).toEqual({ input: 11, cached: 0, output: 0, reasoning: 0 });
  });

  test.each([
    ['none', undefined],
    ['a list', []],
    ['a text', 'many'],
    ['no count of the prompt', { candidatesTokenCount: 3 }],
    ['zeros beside an answer', { promptTokenCount: 0, candidatesTokenCount: 0, totalTokenCount: 0 }],
    ['nothing beside an answer', {}],
    ['no output beside an answer', { promptTokenCount: 11, totalTokenCount: 11 }],
    ['negative counts', { promptTokenCount: -7, candidatesTokenCount: 3 }],
    ['a negative part', { promptTokenCount: 11, candidatesTokenCount: 3, thoughtsTokenCount: -1 }],
    ['absurd counts', { promptTokenCount: 1e15, candidatesTokenCount: 1e15 }],
    ['parts of a token', { promptTokenCount: 11.5, candidatesTokenCount: 3 }],
    ['more cached than input', { promptTokenCount: 11, cachedContentTokenCount: 12, candidatesTokenCount: 3 }],
    ['a map for a count', { promptTokenCount: {}, candidatesTokenCount: 3 }],
  ])('usageOf: %s -> unknown', (_, reported) => {
    expect(usageOf(reported, 'four')).toBeNull();
  });
});
