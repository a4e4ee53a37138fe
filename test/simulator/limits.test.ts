import { describe, expect, it } from 'vitest';
import { goDuration, Limits } from '../../src/simulator/limits.js';
import { retryAfterHeaders } from '../../src/simulator/retry-after.js';

describe('limits', () => {
  it('limits: 60 requests per minute, asked every 100 ms -> one a second', () => {
    const limits = new Limits({ rpm: 60, tpm: null, burst: null });
    let admitted = 0;
    for (let now = 0; now < 60_000; now += 100) if (limits.admit(0, now).kind === 'admitted') admitted += 1;
    expect(admitted).toBe(60);
  });

  it('limits: exactly as long as it said -> admitted', () => {
    const limits = new Limits({ rpm: 7, tpm: null, burst: null });
    let now = 0;
    for (let i = 0; i < 50; i += 1) {
      expect(limits.admit(0, now).kind).toBe('admitted');
      const refused = limits.admit(0, now);
      if (refused.kind !== 'wait') throw new Error(refused.kind);
      now += refused.waitMs;
    }
  });

  it('limits: burst -> that many at once, then the rate', () => {
    const limits = new Limits({ rpm: 600, tpm: null, burst: 5 });
    const kinds = Array.from({ length: 6 }, () => limits.admit(0, 0).kind);
    expect(kinds).toEqual([...Array(5).fill('admitted'), 'wait']);
    expect(limits.admit(0, 0)).toMatchObject({ what: 'requests', waitMs: 100, limit: 600 });
  });

  it('limits: changes -> each rate from its time on, the burst stays', () => {
    const rpmChanges = [
      { perMinute: 120, afterMs: 90_000 },
      { perMinute: 6, afterMs: 30_000 },
    ];
    const startedAt = 1_000;
    const limits = new Limits({ rpm: 60, tpm: null, burst: 1, rpmChanges }, startedAt);
    const admittedIn = (fromS: number, toS: number) => {
      let admitted = 0;
      for (let now = startedAt + fromS * 1000; now < startedAt + toS * 1000; now += 100)
        if (limits.admit(0, now).kind === 'admitted') admitted += 1;
      return admitted;
    };
    expect([admittedIn(0, 30), admittedIn(30, 90), admittedIn(90, 120)]).toEqual([30, 6, 60]);
    expect(limits.headers(startedAt + 120_000).slice(0, 2)).toEqual(['x-ratelimit-limit-requests', '120']);
  });

  it('limits: tokens -> refused when short, never when above the limit, given back', () => {
    const limits = new Limits({ rpm: null, tpm: 1000, burst: null });
    expect(limits.admit(1001, 0)).toEqual({ kind: 'never', limit: 1000 });
    expect(limits.admit(900, 0).kind).toBe('admitted');
    expect(limits.admit(200, 0)).toMatchObject({ kind: 'wait', what: 'tokens', waitMs: 6000 });
    limits.giveBack(100, 0);
    expect(limits.admit(200, 0).kind).toBe('admitted');
  });

  it('limits: refused for tokens -> takes no request', () => {
    const limits = new Limits({ rpm: 60, tpm: 100, burst: 1 });
    limits.admit(100, 0);
    const later = 1000;
    expect(limits.admit(100, later).kind).toBe('wait');
    expect(limits.headers(later)[3]).toBe('1');
  });

  const taken = (limits: Limits, fromMs: number, toMs: number, everyMs: number) => {
    let admitted = 0;
    for (let now = fromMs; now < toMs; now += everyMs) if (limits.admit(0, now).kind === 'admitted') admitted += 1;
    return admitted;
  };

  it('limits: windows of a minute -> all of it at once, then nothing until the next', () => {
    const limits = new Limits({ rpm: 60, tpm: null, burst: null, window: { kind: 'fixed', ms: 60_000 } }, 1_000);
    expect(taken(limits, 1_000, 2_000, 10)).toBe(60);
    expect(limits.admit(0, 31_000)).toMatchObject({ kind: 'wait', what: 'requests', limit: 60, waitMs: 30_000 });
    expect(limits.headers(31_000)).toEqual([
      ...['x-ratelimit-limit-requests', '60'],
      ...['x-ratelimit-remaining-requests', '0'],
      ...['x-ratelimit-reset-requests', '30s'],
    ]);
    expect(taken(limits, 61_000, 62_000, 10)).toBe(60);
  });

  it('limits: sliding second -> room when the oldest has left, exactly as it said', () => {
    const limits = new Limits({ rpm: 120, tpm: null, burst: null, window: { kind: 'sliding', ms: 1_000 } });
    expect([limits.admit(0, 0).kind, limits.admit(0, 300).kind]).toEqual(['admitted', 'admitted']);
    expect(limits.admit(0, 400)).toMatchObject({ kind: 'wait', waitMs: 600 });
    expect([limits.admit(0, 1_000).kind, limits.admit(0, 1_000).kind]).toEqual(['admitted', 'wait']);
  });

  it('limits: windows and changes -> each rate from its time on', () => {
    const rpmChanges = [{ perMinute: 60, afterMs: 5_000 }];
    const limits = new Limits({ rpm: 600, tpm: null, burst: null, rpmChanges, window: { kind: 'fixed', ms: 1_000 } });
    expect([taken(limits, 4_000, 5_000, 10), taken(limits, 5_000, 6_000, 10)]).toEqual([10, 1]);
  });

  it.each([
    // What fills it while it empties is taken, too.
    ['a bucket', null, 12],
    ['a sliding second', { kind: 'sliding', ms: 1_000 }, 10],
  ] as const)('limits: refusals count, %s -> who asks too quickly gets nothing, who waits does', (_name, window, first) => {
    const limits = new Limits({ rpm: 600, tpm: null, burst: 10, window, refusalsCount: true });
    expect(taken(limits, 0, 5_000, 20)).toBe(first);
    expect(taken(limits, 6_100, 6_200, 50)).toBe(2);
  });

  it('headers: both limits -> OpenAI names and durations', () => {
    const limits = new Limits({ rpm: 60, tpm: 6000, burst: 2 });
    limits.admit(600, 0);
    const headers = limits.headers(0);
    expect(Object.fromEntries(headers.flatMap((name, i) => (i % 2 ? [] : [[name, headers[i + 1]]])))).toEqual({
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '1',
      'x-ratelimit-reset-requests': '1s',
      'x-ratelimit-limit-tokens': '6000',
      'x-ratelimit-remaining-tokens': '5400',
      'x-ratelimit-reset-tokens': '6s',
    });
  });

  it('goDuration: ms, seconds, minutes -> as OpenAI writes them', () => {
    expect([0, 19.2, 1500, 360_000, 61_500].map(goDuration)).toEqual(['0ms', '20ms', '1.5s', '6m0s', '1m1.5s']);
  });

  it('retryAfterHeaders: each form -> its headers', () => {
    const at = Date.UTC(2026, 0, 2, 3, 4, 5, 500);
    expect(retryAfterHeaders('both', 1200, at)).toEqual(['retry-after', '2', 'retry-after-ms', '1200']);
    expect(retryAfterHeaders('seconds', 1200, at)).toEqual(['retry-after', '2']);
    expect(retryAfterHeaders('ms', 1200, at)).toEqual(['retry-after-ms', '1200']);
    expect(retryAfterHeaders('date', 1200, at)).toEqual(['retry-after', 'Fri, 02 Jan 2026 03:04:07 GMT']);
    expect(retryAfterHeaders('absent', 1200, at)).toEqual([]);
    expect(['negative', 'decade', 'garbage'].map((form) => retryAfterHeaders(form as 'negative', 1, at)[1])).toEqual([
      '-5',
      '315360000',
      'soon',
    ]);
  });
});
