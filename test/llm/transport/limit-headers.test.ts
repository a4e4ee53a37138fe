import { describe, expect, it } from 'vitest';
import { readLimits } from '../../../src/llm/transport/limit-headers.js';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const read = (headers: Record<string, string | undefined>) => readLimits(headers, NOW);

describe('readLimits', () => {
  it('OpenAI: limit, remaining and a duration, in any case', () => {
    expect(
      read({
        'X-RateLimit-Limit-Requests': '60',
        'x-ratelimit-remaining-requests': '59',
        'x-ratelimit-reset-requests': '1s',
        'x-ratelimit-limit-tokens': '150000',
        'x-ratelimit-remaining-tokens': ' 149984 ',
        'x-ratelimit-reset-tokens': '6m0s',
      }),
    ).toEqual({
      requests: { limit: 60, remaining: 59, resetMs: 1_000 },
      tokens: { limit: 150_000, remaining: 149_984, resetMs: 360_000 },
    });
  });

  it('Anthropic: four units, reset as a time', () => {
    const told = read({
      'anthropic-ratelimit-requests-limit': '50',
      'anthropic-ratelimit-requests-remaining': '0',
      'anthropic-ratelimit-requests-reset': '2026-11-21T12:00:30Z',
      'anthropic-ratelimit-input-tokens-limit': '40000',
      'anthropic-ratelimit-input-tokens-remaining': '39000',
      'anthropic-ratelimit-input-tokens-reset': '2026-11-21T11:59:00Z',
      'anthropic-ratelimit-output-tokens-remaining': '8000',
    });
    expect(told).toEqual({
      requests: { limit: 50, remaining: 0, resetMs: 30_000 },
      'input-tokens': { limit: 40_000, remaining: 39_000, resetMs: 0 },
      'output-tokens': { limit: null, remaining: 8_000, resetMs: null },
    });
  });

  it('Together and Mistral: their own names', () => {
    expect(read({ 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '9', 'x-tokenlimit-remaining': '7' })).toEqual({
      requests: { limit: 10, remaining: 9, resetMs: null },
      tokens: { limit: null, remaining: 7, resetMs: null },
    });
    expect(read({ 'x-ratelimit-remaining-requests-minute': '3' })).toMatchObject({ requests: { remaining: 3 } });
  });

  it('Mistral: tokens of a minute by size, not those of a month', () => {
    const bySize = { 'ratelimitbysize-limit': '500000', 'ratelimitbysize-remaining': '499990', 'ratelimitbysize-reset': '44' };
    const month = { 'x-ratelimitbysize-limit-month': '1000000000', 'x-ratelimitbysize-remaining-month': '7' };
    expect(read({ ...bySize, ...month, 'ratelimitbysize-query-cost': '10' })).toEqual({
      tokens: { limit: 500_000, remaining: 499_990, resetMs: 44_000 },
    });
    expect(read({ 'X-RateLimitBySize-Limit-Minute': '20', 'X-RateLimitBySize-Remaining-Minute': '3' })).toEqual({
      tokens: { limit: 20, remaining: 3, resetMs: null },
    });
    expect(read(month)).toBeNull();
  });

  it('Mistral: requests and tokens of a minute, without a time', () => {
    // https://github.com/mistralai/client-ts/issues/169
    const requests = { 'x-ratelimit-limit-req-minute': '720', 'x-ratelimit-remaining-req-minute': '717' };
    const tokens = { 'x-ratelimit-limit-tokens-minute': '5000000', 'x-ratelimit-remaining-tokens-minute': '4999911' };
    expect(read({ ...requests, ...tokens, 'x-ratelimit-tokens-query-cost': '52' })).toEqual({
      requests: { limit: 720, remaining: 717, resetMs: null },
      tokens: { limit: 5_000_000, remaining: 4_999_911, resetMs: null },
    });
  });

  it('Groq: requests of a day, tokens of a minute, fractions of a second', () => {
    const headers = {
      'x-ratelimit-limit-requests': '14400',
      'x-ratelimit-remaining-requests': '14370',
      'x-ratelimit-reset-requests': '2m59.56s',
      'x-ratelimit-limit-tokens': '18000',
      'x-ratelimit-remaining-tokens': '17997',
      'x-ratelimit-reset-tokens': '7.66s',
      'retry-after': '2',
    };
    expect(read(headers)).toEqual({
      requests: { limit: 14_400, remaining: 14_370, resetMs: 179_560 },
      tokens: { limit: 18_000, remaining: 17_997, resetMs: 7_660 },
    });
  });

  it('OpenRouter: one limit, reset in ms since the epoch', () => {
    const headers = { 'X-RateLimit-Limit': '20', 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': String(NOW + 60_000) };
    expect(read(headers)).toEqual({ requests: { limit: 20, remaining: 0, resetMs: 60_000 } });
  });

  it.each([
    ['Gemini', { 'x-goog-ext': '1', server: 'scaffolding on HTTPServer2' }],
    ['DeepSeek', { 'x-ds-trace-id': 'a' }],
  ])('%s: tells nothing -> null', (_, headers) => {
    expect(read(headers)).toBeNull();
  });

  it.each([
    ['2', 2_000],
    ['0.5', 500],
    [String(NOW / 1_000 + 20), 20_000],
    [String(NOW + 20_000), 20_000],
    [String(NOW - 20_000), 0],
    ['2026-99-99T00:00:00Z', null],
    ['soon', null],
    ['', null],
  ])('reset %j -> %j', (text, resetMs) => {
    expect(read({ 'x-ratelimit-remaining-requests': '1', 'x-ratelimit-reset-requests': text })?.requests?.resetMs).toBe(resetMs);
  });

  it('nothing told, or nonsense -> null', () => {
    expect(read({ 'content-type': 'text/html', 'x-ratelimit-limit-requests': '60', other: undefined })).toBeNull();
    for (const remaining of ['-1', 'many', 'Infinity', '1e9'])
      expect(read({ 'x-ratelimit-remaining-requests': remaining })).toBeNull();
  });
});
