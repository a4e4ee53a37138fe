import { describe, expect, it } from 'vitest';
import { calibrationSample, estimateRest, restMs, type SampledRow, type Speed } from '../../src/core/estimate.js';
import { sumOfRest, tQuantile } from '../../src/core/interval.js';
import { seededRandom } from '../support/test-random.js';

const row = (index: number, more: Partial<SampledRow> = {}): SampledRow => ({
  index,
  calls: 1,
  inputTokens: 100,
  cachedTokens: 0,
  outputTokens: 50,
  unmetered: 0,
  costNano: 1_000_000,
  ms: 2_000,
  role: 'worker',
  ...more,
});
const rows = (count: number, more: Partial<SampledRow> = {}) => Array.from({ length: count }, (_, index) => row(index, more));
const speed: Speed = { concurrency: 10, requestsPerMinute: null, tokensPerMinute: null, callsPerSecond: null };
const exactly = (value: number) => ({ low: value, expected: value, high: value });

describe('sumOfRest', () => {
  const { next: random } = seededRandom('intervals');
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const lognormal = (sigma: number) => () => Math.exp(5 + sigma * normal());
  const mixed = () => (random() < 0.2 ? 1_000 : 100);

  it.each<[string, () => number, number, number]>([
    ['lognormal 0.3', lognormal(0.3), 20, 100],
    ['lognormal 0.3', lognormal(0.3), 25, 1_000],
    ['lognormal 0.6', lognormal(0.6), 25, 1_000],
    ['lognormal 0.6', lognormal(0.6), 50, 200],
    ['lognormal 0.8', lognormal(0.8), 30, 300],
    ['one in five is ten times as long', mixed, 25, 300],
  ])('%s, the 90 %% interval -> covers what comes in about nine of ten cases', (_name, draw, size, left) => {
    const cases = 600;
    let covered = 0;
    for (let n = 0; n < cases; n += 1) {
      const { low, high } = sumOfRest(Array.from({ length: size }, draw), left);
      let truth = 0;
      for (let each = 0; each < left; each += 1) truth += draw();
      if (truth >= low && truth <= high) covered += 1;
    }
    expect(covered / cases).toBeGreaterThan(0.84);
    expect(covered / cases).toBeLessThan(0.97);
  });

  it('all the same -> no doubt; nothing left, or nothing in it -> 0', () => {
    expect(sumOfRest([7, 7, 7], 10)).toEqual(exactly(70));
    expect(sumOfRest([7, 9], 0)).toEqual(exactly(0));
    expect(sumOfRest([0, 0], 10)).toEqual(exactly(0));
  });

  it('more rows known -> a narrower interval around the same', () => {
    const draw = lognormal(0.5);
    const values = Array.from({ length: 200 }, draw);
    const width = (sample: number[]) => {
      const { low, high, expected } = sumOfRest(sample, 10_000);
      return (high - low) / expected;
    };
    expect(width(values)).toBeLessThan(width(values.slice(0, 20)) * 0.6);
  });

  it('tQuantile: as in the tables', () => {
    for (const [freedom, value] of [
      [4, 2.132],
      [9, 1.833],
      [19, 1.729],
      [29, 1.699],
      [199, 1.653],
    ] as const)
      expect(Math.abs(tQuantile(freedom) / value - 1)).toBeLessThan(0.01);
  });
});

describe('calibrationSample', () => {
  it('too few -> none yet; 20 of the first -> those', () => {
    expect(calibrationSample(rows(19))).toBeNull();
    expect(calibrationSample(rows(20))).toHaveLength(20);
  });

  it('rows that ended out of order -> up to where more than one in twenty is missing', () => {
    const done = rows(60).filter(({ index }) => index !== 3 && index < 41);
    expect(calibrationSample([...done].reverse())).toHaveLength(40);
    // The short ones of those that are under way say nothing about the long ones.
    expect(calibrationSample([...rows(25), row(40), row(50), row(60)])).toHaveLength(25);
    expect(calibrationSample(rows(50).filter(({ index }) => index % 2 === 0))).toBeNull();
  });
});

describe('estimateRest', () => {
  it('equal rows -> exact sums; time by the calls in flight', () => {
    expect(estimateRest(rows(20), 100, speed)).toEqual({
      rows: 100,
      sample: 20,
      calls: exactly(100),
      inputTokens: exactly(10_000),
      outputTokens: exactly(5_000),
      costUsd: exactly(0.1),
      ms: exactly(20_000),
    });
  });

  it('no price -> no cost', () => {
    expect(estimateRest(rows(20, { costNano: null }), 100, speed).costUsd).toBeNull();
  });

  it.each<[string, Partial<Speed>, number]>([
    ['requests/min', { requestsPerMinute: 60 }, 100_000],
    ['tokens/min', { tokensPerMinute: 6_000 }, 150_000],
    ['calls/s of the provider', { callsPerSecond: 2 }, 50_000],
    ['fewer rows than workers', { concurrency: 1_000 }, 2_000],
    ['a limit that is not in the way', { requestsPerMinute: 6_000 }, 20_000],
  ])('%s -> the time that it takes', (_name, more, expected) => {
    expect(estimateRest(rows(20), 100, { ...speed, ...more }).ms.expected).toBeCloseTo(expected, 5);
  });

  it('restMs: bounds stay in order under every limit', () => {
    const rest = {
      calls: exactly(10),
      inputTokens: { low: 1, expected: 2, high: 3 },
      outputTokens: { low: 4, expected: 9, high: 90 },
    };
    const { low, expected, high } = restMs(rest, { low: 10, expected: 20, high: 30 }, { ...speed, tokensPerMinute: 60 });
    expect([low, expected, high]).toEqual([5_000, 11_000, 93_000]);
  });
});
