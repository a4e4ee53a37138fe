/** Random sizes and times. */
import type { TestRandom } from '../test-random.js';

/** A value, or a lognormal around a median. */
export type Spread = number | { median: number; sigma: number };

export function draw(spread: Spread, random: TestRandom): number {
  if (typeof spread === 'number') return spread;
  const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  return spread.median * Math.exp(spread.sigma * normal);
}
