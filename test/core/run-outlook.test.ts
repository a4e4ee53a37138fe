import { describe, expect, it } from 'vitest';
import { SAMPLED_ROWS, type SampledRow } from '../../src/core/estimate.js';
import type { Wait } from '../../src/core/gate/wait.js';
import { FirstRows, type LookFacts, lookAt } from '../../src/core/run-outlook.js';

const rows = (count: number): SampledRow[] =>
  Array.from({ length: count }, (_, index) => ({
    index,
    role: 'worker',
    ...{ calls: 1, inputTokens: 10, cachedTokens: 0, outputTokens: 5, unmetered: 0, costNano: 100, ms: 1_000 },
  }));

describe('lookAt', () => {
  const facts: LookFacts = {
    run: 'r',
    control: { concurrency: 10, auto: false, requestsPerMinute: null, tokensPerMinute: null, paused: false },
    learned: null,
    waits: [],
    rows: rows(20),
    left: 100,
    price: null,
    role: 'worker',
  };
  const learned = { pace: 2, window: 4, auto: null, noise: 0, answerTokens: null, at: 0 };

  it('the price of the task was changed while it goes on -> the rest at that of today, by the tokens of the first rows', () => {
    expect(lookAt(facts, 0).rest?.costUsd?.expected).toBeCloseTo(100 * 100e-9, 12);
    const dear = lookAt({ ...facts, price: { input: 1_000, output: 4_000 } }, 0);
    expect(dear.rest?.costUsd?.expected).toBeCloseTo(100 * (10 * 0.001 + 5 * 0.004), 9);
  });

  it('nobody waits, nothing was learned -> no wait, no limits, the rest by the first rows', () => {
    const { wait, found, rest } = lookAt(facts, 0);
    expect(wait).toBeNull();
    expect(found).toEqual({ callsPerSecond: null, callsInFlight: null });
    expect(rest).toMatchObject({ rows: 100, sample: 20, ms: { expected: 10_000 } });
  });

  it('several waits -> the heaviest with its text; what was learned is in the text and slows the rest', () => {
    const of = (why: Wait['why'], turns: number): Wait => ({ why, turns, since: 5, until: null });
    const { wait, found, rest } = lookAt({ ...facts, learned, waits: [of('concurrency', 1), of('provider', 2)] }, 9);
    expect(wait).toEqual({ ...of('provider', 2), text: "the provider's limit (2.0 calls/s, 4 calls in flight)" });
    expect(found).toEqual({ callsPerSecond: 2, callsInFlight: 4 });
    expect(rest?.ms.expected).toBe(50_000);
  });

  it('limits that only the headers told -> slow the rest like configured ones; the lower of both counts', () => {
    const restOf = (more: Partial<LookFacts>) => lookAt({ ...facts, ...more }, 0).rest?.ms.expected;
    const told = (requests: number | null, tokens: number | null) => ({
      ...learned,
      pace: null,
      window: null,
      told: { requests, tokens },
    });
    // 100 calls of 15 tokens.
    expect(restOf({ learned: told(null, 1_500) })).toBe(60_000);
    expect(restOf({ learned: told(200, 100_000) })).toBe(30_000);
    const control = { ...facts.control, tokensPerMinute: 750 };
    expect(restOf({ control, learned: told(200, 1_500) })).toBe(120_000);
  });

  it('a gate that still tells of a pause -> believed only while the run is paused', () => {
    const waits: Wait[] = [{ why: 'paused', turns: 3, since: 5, until: null }];
    expect(lookAt({ ...facts, waits }, 9).wait).toBeNull();
    expect(lookAt({ ...facts, waits, control: { ...facts.control, paused: true } }, 9).wait?.why).toBe('paused');
  });
});

describe('FirstRows', () => {
  const part = () => {
    const reads: number[] = [];
    let done: SampledRow[] = [];
    const first = new FirstRows(async (count) => {
      reads.push(count);
      return done.slice(0, count);
    });
    const at = async (ok: number, more: { seq?: number; epoch?: number } = {}) => {
      done = rows(ok);
      return (await first.at({ total: 1_000, ok, failed: 0, filtered: 0, epoch: 1, seq: ok, ...more })).length;
    };
    return { reads, at, first };
  };

  it('no row done, or all -> empty, nothing is read', async () => {
    const { reads, at } = part();
    expect([await at(0), await at(1_000)]).toEqual([0, 0]);
    expect(reads).toEqual([]);
  });

  it('some are missing -> read again when another row is done, and only then', async () => {
    const { reads, at } = part();
    expect([await at(3), await at(3), await at(4)]).toEqual([3, 3, 4]);
    expect(reads).toEqual([SAMPLED_ROWS, SAMPLED_ROWS]);
  });

  it('all of them -> not read again, until the next epoch', async () => {
    const { reads, at } = part();
    expect([await at(300), await at(400), await at(500)]).toEqual([SAMPLED_ROWS, SAMPLED_ROWS, SAMPLED_ROWS]);
    expect(reads).toHaveLength(1);
    await at(500, { epoch: 2 });
    expect(reads).toHaveLength(2);
  });
});
