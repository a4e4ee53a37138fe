/** What a sum over rows to come will be, by a sample of rows that are done. Pure. */

/** Between `low` and `high` in nine of ten cases, where it rests on a sample; else bounds around a guess. */
export interface Interval {
  /** In one case of twenty it is less. */
  low: number;
  /** The mean. */
  expected: number;
  /** In one case of twenty it is more. */
  high: number;
}

/** 95 % quantile of the normal distribution: two sides of 5 % each. */
const Z = 1.644_853_627;

/** 95 % quantile of Student's t, by the Cornish-Fisher expansion: within 1 % from 4 degrees of freedom on. */
export function tQuantile(freedom: number): number {
  const first = (Z ** 3 + Z) / 4;
  const second = (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / 96;
  const third = (3 * Z ** 7 + 19 * Z ** 5 + 17 * Z ** 3 - 15 * Z) / 384;
  return Z + first / freedom + second / freedom ** 2 + third / freedom ** 3;
}

/**
 * The sum of `left` values like those of the sample (at least two). The error of the sample's mean and the chance of the values to come
 * are both in it. As a factor (delta method on the logarithm): lengths and costs are skewed, and no sum of them is below 0.
 */
export function sumOfRest(sample: readonly number[], left: number): Interval {
  const mean = sample.reduce((sum, value) => sum + value, 0) / sample.length;
  const expected = left * mean;
  if (expected <= 0) return { low: 0, expected: 0, high: 0 };
  const variance = sample.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (sample.length - 1);
  const error = Math.sqrt(variance * (1 / sample.length + 1 / left)) / mean;
  const factor = Math.exp(tQuantile(sample.length - 1) * error);
  return { low: expected / factor, expected, high: expected * factor };
}

export function scaled({ low, expected, high }: Interval, by: number): Interval {
  return { low: low * by, expected: expected * by, high: high * by };
}

/** Bound by bound the larger one: what two limits in the way of each other take. */
export function slower(a: Interval, b: Interval): Interval {
  return { low: Math.max(a.low, b.low), expected: Math.max(a.expected, b.expected), high: Math.max(a.high, b.high) };
}

/** Bound by bound; wider than needed where the two do not go together. */
export function added(a: Interval, b: Interval): Interval {
  return { low: a.low + b.low, expected: a.expected + b.expected, high: a.high + b.high };
}
