import { describe, expect, test } from 'vitest';
import { meteredOf, usageOf } from '../../../../src/llm/wires/chat/usage.js';
import { finishOf } from '../../../../src/llm/wires/finish.js';
import { reportedCost } from '../../../../src/llm/wires/reported-cost.js';

const read = (wire: unknown, text = 'x') => usageOf(wire, text);

describe('reportedCost', () => {
  const tokens = { prompt_tokens: 1, completion_tokens: 1 };
  const cost = (wire: object) =>
    reportedCost({ ...tokens, ...wire }, { input: 1, cached: 0, output: 1, reasoning: 0 }, 'openrouter');

  test('reportedCost: free, paid, with a key of the user for the model provider -> the whole bill', () => {
    expect(cost({ cost: 0 })).toBe(0);
    expect(cost({ cost: 0.002 })).toBe(0.002);
    expect(cost({ cost: 0.001, is_byok: true, cost_details: { upstream_inference_cost: 0.02 } })).toBeCloseTo(0.021, 12);
    expect(cost({ cost: 0.001, is_byok: false, cost_details: { upstream_inference_cost: 0.02 } })).toBe(0.001);
  });

  test.each([undefined, null, '0.1', -1, 1e16, Number.NaN, Number.POSITIVE_INFINITY])('reportedCost: %s -> null', (value) => {
    expect(cost({ cost: value })).toBeNull();
  });

  test('reportedCost: a key of the user and no word of what it was billed -> null', () => {
    expect(cost({ cost: 0.001, is_byok: true })).toBeNull();
    expect(cost({ cost: 0.001, is_byok: true, cost_details: { upstream_inference_cost: 'much' } })).toBeNull();
  });

  test('reportedCost: a provider that documents no such field -> null', () => {
    expect(reportedCost({ ...tokens, cost: 0.5 }, null, 'other')).toBeNull();
  });
});

describe('usageOf', () => {
  test('usageOf: OpenAI -> cached within input, reasoning within output', () => {
    const wire = {
      prompt_tokens: 100,
      completion_tokens: 50,
      total_tokens: 150,
      prompt_tokens_details: { cached_tokens: 60 },
      completion_tokens_details: { reasoning_tokens: 20 },
    };
    expect(read(wire)).toEqual({ input: 100, cached: 60, output: 50, reasoning: 20 });
  });

  test('usageOf: DeepSeek names the cached tokens in its own way -> counted', () => {
    expect(read({ prompt_tokens: 100, completion_tokens: 5, prompt_cache_hit_tokens: 64 })?.cached).toBe(64);
  });

  test('usageOf: reasoning only in the grand total (Gemini) -> part of the output', () => {
    expect(read({ prompt_tokens: 10, completion_tokens: 6, total_tokens: 848 })).toEqual({
      input: 10,
      cached: 0,
      output: 838,
      reasoning: 0,
    });
  });

  test('usageOf: more reasoning than output (xAI) -> added to the output', () => {
    const wire = { prompt_tokens: 10, completion_tokens: 6, completion_tokens_details: { reasoning_tokens: 30 } };
    expect(read(wire)).toEqual({ input: 10, cached: 0, output: 36, reasoning: 30 });
  });

  test('usageOf: no text, no output tokens -> fine', () => {
    expect(read({ prompt_tokens: 10, completion_tokens: 0 }, '')).toEqual({ input: 10, cached: 0, output: 0, reasoning: 0 });
  });

  test.each<[string, unknown]>([
    ['absent', undefined],
    ['null', null],
    ['empty', {}],
    ['only input', { prompt_tokens: 10 }],
    ['only output', { completion_tokens: 10 }],
    ['all zero beside text', { prompt_tokens: 0, completion_tokens: 0 }],
    ['no input', { prompt_tokens: 0, completion_tokens: 4 }],
    ['no output beside text', { prompt_tokens: 4, completion_tokens: 0 }],
    ['negative input', { prompt_tokens: -5, completion_tokens: 4 }],
    ['negative output', { prompt_tokens: 5, completion_tokens: -4 }],
    ['negative cached', { prompt_tokens: 5, completion_tokens: 4, prompt_tokens_details: { cached_tokens: -1 } }],
    ['fractions', { prompt_tokens: 5.5, completion_tokens: 4 }],
    ['not a number', { prompt_tokens: Number.NaN, completion_tokens: 4 }],
    ['a list', []],
    ['a text', 'eleven'],
    ['counts in words', { prompt_tokens: 'eleven', completion_tokens: 'three' }],
    ['counts that are lists', { prompt_tokens: [11], completion_tokens: [3] }],
    ['absurd', { prompt_tokens: 1e12, completion_tokens: 4 }],
    ['more cached than input', { prompt_tokens: 5, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 6 } }],
  ])('usageOf: %s -> null', (_, wire) => {
    expect(read(wire)).toBeNull();
  });

  test('usageOf: digits as text, details that are none, other fields of any kind -> counted', () => {
    const wire = {
      prompt_tokens: '11',
      completion_tokens: '3',
      total_tokens: 'many',
      prompt_tokens_details: 7,
      completion_tokens_details: [],
      cost: {},
    };
    expect(read(wire)).toEqual({ input: 11, cached: 0, output: 3, reasoning: 0 });
  });

  test('meteredOf: a meter that counted nothing -> neither tokens nor a cost of 0', () => {
    const wire = { prompt_tokens: 0, completion_tokens: 0, cost: 0 };
    expect(meteredOf(wire, 'four', 'openrouter')).toEqual({ usage: null, cacheWritten: 0, costUsd: null });
    expect(meteredOf({ ...wire, cost: 0.1 }, 'four', 'openrouter')).toMatchObject({ usage: null, costUsd: 0.1 });
    expect(meteredOf({ prompt_tokens: 5, completion_tokens: 2, cost: 0 }, 'four', 'openrouter')).toMatchObject({ costUsd: 0 });
  });

  test('usageOf: an absurd or negative grand total -> not used', () => {
    for (const total_tokens of [1e15, -1, 3])
      expect(read({ prompt_tokens: 5, completion_tokens: 4, total_tokens })?.output).toBe(4);
  });
});

test.each([
  ['stop', 'stop'],
  ['STOP', 'stop'],
  ['end_turn', 'stop'],
  ['eos', 'stop'],
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['MAX_TOKENS', 'length'],
  ['model_length', 'length'],
  ['content_filter', 'filter'],
  ['SAFETY', 'filter'],
  ['refusal', 'filter'],
  ['tool_calls', 'tool'],
  ['function_call', 'tool'],
  ['error', 'error'],
  ['insufficient_system_resource', 'error'],
  ['OTHER', 'error'],
  ['stopped', 'unknown'],
  ['pause_turn', 'pause'],
  ['__proto__', 'unknown'],
  ['constructor', 'unknown'],
  ['', 'unknown'],
  [null, 'unknown'],
  [undefined, 'unknown'],
])('finishOf: %j -> %s', (raw, finish) => {
  expect(finishOf(raw)).toBe(finish);
});
