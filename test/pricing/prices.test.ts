import { describe, expect, test } from 'vitest';
import { createPrices } from '../../src/pricing/prices.js';
import type { ModelRef } from '../../src/schema/task-types.js';

const prices = createPrices();
const OFF_PEAK = Date.UTC(2026, 10, 20, 15, 0, 0);
const PEAK = Date.UTC(2026, 10, 20, 2, 0, 0);
const MILLION = { input: 1_000_000, cached: 0, output: 1_000_000, reasoning: 0 };
const SMALL = { input: 1_000, cached: 400, output: 100, reasoning: 0 };

function model(provider: string, name: string, apiBase: string | null = null): ModelRef {
  return { provider, model: name, apiBase, apiKeyEnv: null };
}

function cost(ref: ModelRef, usage = SMALL, at = OFF_PEAK, servedModel?: string) {
  return prices.cost({ model: ref, override: null, at, ...(servedModel === undefined ? {} : { servedModel }) }, usage);
}

describe('cost', () => {
  test('cost: a known model -> input, cached input and output apart', () => {
    // 0.15 / 0.075 / 0.60 USD per 1M
    expect(cost(model('openai', 'gpt-4o-mini'))).toBe(600 * 150 + 400 * 75 + 100 * 600);
  });

  test('cost: a dated name -> its model', () => {
    expect(cost(model('openai', 'gpt-4o-mini-2024-07-18'))).toBe(cost(model('openai', 'gpt-4o-mini')));
  });

  test('cost: another model served -> its price', () => {
    expect(cost(model('openai', 'gpt-4o-mini'), SMALL, OFF_PEAK, 'gpt-5-mini')).toBe(cost(model('openai', 'gpt-5-mini')));
    expect(cost(model('openai', 'gpt-4o-mini'), SMALL, OFF_PEAK, 'gpt-5-mini')).not.toBe(cost(model('openai', 'gpt-4o-mini')));
  });

  test('cost: an unknown model served -> the price of the asked one', () => {
    expect(cost(model('openai', 'gpt-4o-mini'), SMALL, OFF_PEAK, 'router-7')).toBe(cost(model('openai', 'gpt-4o-mini')));
  });

  test('cost: DeepSeek -> twice as much at peak hours', () => {
    const deepseek = model('deepseek', 'deepseek-v4-pro');
    expect(cost(deepseek, MILLION, PEAK)).toBe(5_280_000_000);
    expect(cost(deepseek, MILLION, OFF_PEAK)).toBe(2_640_000_000);
  });

  test.each([
    ['Friday', 20, 1, 5_280_000_000],
    ['Saturday', 21, 1, 2_640_000_000],
    ['Saturday', 21, 9.99, 2_640_000_000],
    ['Sunday', 22, 7, 2_640_000_000],
    ['Sunday', 22, 23, 2_640_000_000],
    ['Monday', 23, 6, 5_280_000_000],
  ])('cost: DeepSeek on a %s (%i November 2026, %f h UTC) -> dear hours from Monday to Friday only', (_, day, hour, nano) => {
    expect(cost(model('deepseek', 'deepseek-v4-pro'), MILLION, Date.UTC(2026, 10, day) + hour * 3_600_000)).toBe(nano);
  });

  test('cost: an older DeepSeek model on a weekend -> the hours of its own price, as on other days', () => {
    const at = (day: number, hour: number) => cost(model('deepseek', 'deepseek-chat'), MILLION, Date.UTC(2026, 10, day, hour));
    for (const hour of [0, 3, 8, 12, 18]) expect(at(21, hour)).toBe(at(20, hour));
    expect(at(21, 3)).not.toBe(at(21, 18));
  });

  test('cost: a long prompt at OpenAI -> the whole request at the long price', () => {
    const luna = model('openai', 'gpt-6-luna');
    expect(cost(luna, { input: 272_000, cached: 0, output: 1_000, reasoning: 0 })).toBe(272_000 * 100 + 1_000 * 500);
    expect(cost(luna, { input: 272_001, cached: 0, output: 1_000, reasoning: 0 })).toBe(272_001 * 200 + 1_000 * 750);
  });

  test('cost: found by base URL when the provider is only a host -> priced', () => {
    expect(cost(model('api.groq.com', 'openai/gpt-oss-20b', 'https://api.groq.com/openai/v1'))).toBe(
      cost(model('groq', 'openai/gpt-oss-20b')),
    );
    expect(cost(model('gemini', 'gemini-3.8-flash'), MILLION)).toBe(4_500_000_000);
    expect(cost(model('gemini', 'gemini-3.8-flash'), MILLION, OFF_PEAK, 'models/gemini-3.8-flash')).toBe(4_500_000_000);
    expect(cost(model('xai', 'grok-4'))).not.toBeNull();
    expect(cost(model('together', 'openai/gpt-oss-20b'))).toBe(
      cost(model('api.together.ai', 'openai/gpt-oss-20b', 'https://api.together.ai/v1')),
    );
  });

  test.each([
    ['no such model', model('openai', 'gpt-99-nope')],
    ['no such provider', model('nobody', 'gpt-4o-mini', 'http://nobody.example/v1')],
    ['a local server with a known name', model('127.0.0.1', 'gpt-4o-mini', 'http://127.0.0.1:8000/v1')],
    ['ollama', model('ollama', 'gpt-oss-20b', 'http://localhost:11434/v1')],
    [
      'a proxy that has a provider in its name',
      model('my-openai-proxy.example', 'gpt-4o-mini', 'https://my-openai-proxy.example/v1'),
    ],
  ])('cost: %s -> null, never 0', (_, ref) => {
    expect(cost(ref)).toBeNull();
    expect(prices.worstCase({ model: ref, override: null, at: OFF_PEAK }, { input: 10, maxOutput: 10 })).toBeNull();
  });

  test('cost: a price in the task -> that one, whatever was served', () => {
    const question = {
      model: model('openai', 'gpt-4o-mini'),
      servedModel: 'gpt-5-mini',
      override: { input: 1, output: 2 },
      at: OFF_PEAK,
    };
    expect(prices.cost(question, SMALL)).toBe(1_000 * 1_000 + 100 * 2_000);
    expect(prices.worstCase(question, { input: 1_000, maxOutput: 100 })).toBe(1_200_000);
  });

  test('cost: the simulated provider -> its fixed price', () => {
    expect(cost(model('sim', 'anything'))).toBe(600 * 100 + 400 * 10 + 100 * 400);
    const override = { input: 1, output: 1, cachedInput: 0 };
    expect(prices.cost({ model: model('sim', 'x'), override, at: 0 }, SMALL)).toBe(700_000);
  });
});

describe('worstCase', () => {
  const worst = (ref: ModelRef, at: number, input = 1_000_000, maxOutput = 1_000_000) =>
    prices.worstCase({ model: ref, override: null, at }, { input, maxOutput });

  test('worstCase: within ten minutes of the dear hours -> their price', () => {
    const deepseek = model('deepseek', 'deepseek-v4-pro');
    const peakStart = Date.UTC(2026, 10, 20, 1, 0, 0);
    expect(worst(deepseek, peakStart - 5 * 60_000)).toBe(5_280_000_000);
    expect(worst(deepseek, peakStart - 10 * 60_000)).toBe(5_280_000_000);
    expect(worst(deepseek, peakStart - 30 * 60_000)).toBe(2_640_000_000);
    expect(worst(deepseek, PEAK)).toBe(5_280_000_000);
  });

  test('worstCase: on a Sunday -> dear only when the deadline is in the dear hours of Monday', () => {
    const question = { model: model('deepseek', 'deepseek-v4-pro'), override: null, at: Date.UTC(2026, 10, 22, 2, 0, 0) };
    const until = (hours: number) =>
      prices.worstCase({ ...question, timeoutMs: hours * 3_600_000 }, { input: 0, maxOutput: 1_000_000 });
    expect(until(22)).toBe(1_980_000_000);
    expect(until(24)).toBe(3_960_000_000);
  });

  test('worstCase: asked again a minute later and for another time -> not an old answer', () => {
    const own = createPrices();
    const question = (at: number) => ({ model: model('deepseek', 'deepseek-v4-pro'), override: null, at });
    const tokens = { input: 1_000_000, maxOutput: 0 };
    expect(own.worstCase(question(OFF_PEAK), tokens)).toBe(660_000_000);
    expect(own.worstCase(question(PEAK), tokens)).toBe(1_320_000_000);
    expect(own.worstCase(question(OFF_PEAK), tokens)).toBe(660_000_000);
  });

  test('worstCase: writing the cache is dearer than reading -> the dearest class', () => {
    expect(worst(model('openai', 'gpt-6-luna'), OFF_PEAK, 1_000, 0)).toBe(125_000);
  });

  test('worstCase: a deadline beyond the dear hours, or within them -> their price, at any start', () => {
    const question = { model: model('deepseek', 'deepseek-v4-pro'), override: null, at: Date.UTC(2026, 10, 19, 11, 0, 0) };
    const at = (timeoutMs: number) => prices.worstCase({ ...question, timeoutMs }, { input: 0, maxOutput: 1_000_000 });
    expect(at(3_600_000)).toBe(1_980_000_000);
    // Dear hours come and go within it.
    expect(at(86_400_000)).toBe(3_960_000_000);
  });

  test('worstCase: a price that rises on a day named ahead -> from its deadline on', () => {
    const flash = { model: model('gemini', 'gemini-3.8-flash'), override: null, at: Date.UTC(2026, 11, 31, 23, 30, 0) };
    const at = (timeoutMs: number) => prices.worstCase({ ...flash, timeoutMs }, { input: 1_000_000, maxOutput: 0 });
    expect(at(600_000)).toBe(750_000_000);
    expect(at(3_600_000)).toBe(1_500_000_000);
  });

  test('worstCase: the prompt may pass a length at which all is dearer -> that price, output included', () => {
    const luna = model('openai', 'gpt-6-luna');
    expect(worst(luna, OFF_PEAK, 272_000, 1_000)).toBe(272_000 * 125 + 1_000 * 500);
    expect(worst(luna, OFF_PEAK, 272_001, 1_000)).toBe(272_001 * 250 + 1_000 * 750);
    const pro = model('gemini', 'gemini-2.5-pro');
    expect(worst(pro, OFF_PEAK, 200_001, 1_000)).toBe(200_001 * 2_500 + 1_000 * 15_000);
  });

  test('worstCase and cost: a model that searches at every call -> its fee', () => {
    const search = model('openai', 'gpt-4o-mini-search-preview');
    const fee = worst(search, OFF_PEAK, 0, 0) ?? 0;
    expect(fee).toBeGreaterThan(0);
    expect(cost(search, { input: 0, cached: 0, output: 0, reasoning: 0 })).toBe(fee);
    expect(worst(model('openai', 'gpt-4o-mini'), OFF_PEAK, 0, 0)).toBe(0);
  });

  test.each([
    ['openai', 'gpt-4o-mini'],
    ['openai', 'gpt-6-luna'],
    ['gemini', 'gemini-3.8-flash'],
    ['deepseek', 'deepseek-v4-pro'],
    ['anthropic', 'claude-haiku-4-5'],
    ['sim', 'x'],
  ])('worstCase: %s %s, any usage within the bounds -> costs no more', (provider, name) => {
    const ref = model(provider, name);
    for (const input of [1, 5_000, 272_000, 400_000]) {
      for (const at of [PEAK, OFF_PEAK]) {
        const bound = worst(ref, at, input, 2_000);
        for (const cached of [0, Math.floor(input / 2), input]) {
          const paid = cost(ref, { input, cached, output: 2_000, reasoning: 0 }, at + 599_000);
          expect(paid).toBeGreaterThan(0);
          expect(paid).toBeLessThanOrEqual(bound!);
        }
      }
    }
  });
});

describe('cost of a call that took long', () => {
  const question = { model: model('deepseek', 'deepseek-v4-pro'), override: null };
  const peakEnd = Date.UTC(2026, 10, 20, 4, 0, 0);

  test('cost: from dear hours into others, and the other way round -> the dearer', () => {
    const dear = 1_320_000 * 1_000 + 3_960_000 * 1_000;
    const over = { at: peakEnd + 60_000, sentAt: peakEnd - 60_000 };
    expect(prices.cost({ ...question, ...over }, MILLION)).toBe(dear);
    const into = { at: Date.UTC(2026, 10, 20, 6, 1, 0), sentAt: Date.UTC(2026, 10, 20, 5, 59, 0) };
    expect(prices.cost({ ...question, ...into }, MILLION)).toBe(dear);
    expect(prices.cost({ ...question, at: peakEnd + 120_000, sentAt: peakEnd + 60_000 }, MILLION)).toBe(dear / 2);
  });

  test('cost: tokens written to a cache -> at the price of writing, never above the worst case', () => {
    const luna = { model: model('openai', 'gpt-6-luna'), override: null, at: OFF_PEAK };
    const usage = { input: 1_000, cached: 200, output: 10, reasoning: 0, cacheWritten: 800 };
    expect(prices.cost(luna, usage)).toBe(200 * 10 + 800 * 125 + 10 * 500);
    expect(prices.cost(luna, usage)).toBeLessThanOrEqual(prices.worstCase(luna, { input: 1_000, maxOutput: 10 }) ?? 0);
    // Nobody can write what was not sent.
    expect(prices.cost(luna, { ...usage, cacheWritten: 5_000 })).toBe(prices.cost(luna, usage));
  });
});

test.each([
  ['openai', 'gpt-4o-mini', 128_000],
  ['groq', 'openai/gpt-oss-20b', 131_072],
  ['sim', 'x', 128_000],
  ['openai', 'gpt-99-nope', null],
  ['127.0.0.1', 'gpt-4o-mini', null],
])('contextWindow: %s %s -> %j', (provider, name, window) => {
  expect(prices.contextWindow(model(provider, name))).toBe(window);
});

describe('writes to a cache', () => {
  const written = { input: 1_000, cached: 0, output: 0, reasoning: 0, cacheWritten: 1_000 };
  const over = (wire: ModelRef['wire'], ref: ModelRef): ModelRef => ({ ...ref, ...(wire && { wire }) });
  const given = { input: 2, output: 10 };

  test.each<[string, ModelRef, typeof given | null, number]>([
    // 1 USD per 1M tokens, 1.25 to write.
    ['a known model', over('anthropic', model('anthropic', 'claude-haiku-4-5')), null, 1_250],
    ['its price in the task', over('anthropic', model('anthropic', 'claude-haiku-4-5')), given, 2_500],
    [
      'a gateway, its price in the task',
      over('anthropic', model('gate.example', 'claude-9', 'https://gate.example/v1')),
      given,
      2_500,
    ],
    [
      'a price for it in the task',
      over('anthropic', model('anthropic', 'claude-9')),
      { ...given, cacheWrite: 3 } as never,
      3_000,
    ],
    // 0.66 at most outside of its dear hours; a price list that is silent.
    ['another provider over this wire', over('anthropic', model('deepseek', 'deepseek-v4-pro')), null, 825],
    ['another wire', over('chat', model('gate.example', 'm', 'https://gate.example/v1')), given, 2_000],
  ])('worstCase, cost: %s -> what is reserved covers a prompt that is written whole', (_, ref, override, nanoPerToken) => {
    const question = { model: ref, override, at: OFF_PEAK };
    expect(prices.cost(question, written)).toBe(1_000 * nanoPerToken);
    const worst = prices.worstCase({ ...question, timeoutMs: 1_000 }, { input: 1_000, maxOutput: 0 });
    expect(worst).toBe(1_000 * nanoPerToken);
  });
});
