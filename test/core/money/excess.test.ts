import { describe, expect, it } from 'vitest';
import { heldAt, isTooLong, joined, mostOutput } from '../../../src/core/money/excess.js';

const DAY_MS = 86_400_000;

describe('excess', () => {
  it('seen again and again -> the most of it, never a product', () => {
    const seen = { outputTokens: 145, times: 1.45, at: 1 };
    let all = joined(null, seen);
    for (let at = 2; at <= 40; at += 1) all = joined(all, { ...seen, at });
    expect(all).toEqual({ outputTokens: 145, times: 1.45, at: 40 });
    expect(joined(all, { outputTokens: 0, times: 2, at: 41 })).toEqual({ outputTokens: 145, times: 2, at: 41 });
  });

  it('not seen for a day -> forgotten', () => {
    const seen = { outputTokens: 0, times: 1_000, at: 5 };
    expect(heldAt(seen, 4 + DAY_MS)).toEqual(seen);
    expect(heldAt(seen, 5 + DAY_MS)).toBeNull();
    expect(joined(seen, { outputTokens: 7, times: 1, at: 5 + DAY_MS })).toEqual({ outputTokens: 7, times: 1, at: 5 + DAY_MS });
  });

  it.each([
    [100, 100, false],
    [110, 100, false],
    [111, 100, true],
  ])('%i tokens where %i were asked for -> too long: %j', (output, asked, long) => {
    expect(isTooLong(output, asked)).toBe(long);
  });

  it('output to reserve for -> what is asked for, or the longest answer', () => {
    expect([mostOutput(null, 9), mostOutput({ outputTokens: 20, times: 1, at: 0 }, 9)]).toEqual([9, 20]);
    expect(mostOutput({ outputTokens: 20, times: 1, at: 0 }, 30)).toBe(30);
  });
});
