import { describe, expect, it } from 'vitest';
import { readLimits } from '../../../src/core/gate/limit-headers.js';

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
