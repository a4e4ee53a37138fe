/** Whether the seeds of a run are still what they were when it started. */
import type { Problem } from '../core/errors.js';
import type { Seed } from '../schema/seed.js';
import { canonicalJson } from './fingerprint.js';

const PAGE = 500;

function changed(index: number, found: string): Problem {
  return {
    code: 'E_SEEDS_CHANGED',
    found: `row ${index + 1} ${found}`,
    allowed: 'the same rows in the same order; new rows only at the end',
    fix: 'bring the old rows back, or pass --fork (a new folder) or --fresh (start over)',
  };
}

/**
 * Compares fresh seeds with the stored ones, row by row: the first row that differs as E_SEEDS_CHANGED, or null when
 * the first `total` rows are the same. Fresh rows after them are new, not changed. Use it when fingerprints differ, to say where.
 */
export async function firstChangedSeed(
  fresh: AsyncIterable<Seed>,
  stored: { total: number; page(from: number, to: number): Promise<readonly Seed[]> },
): Promise<Problem | null> {
  let page: readonly Seed[] = [];
  let start = 0;
  let count = 0;
  for await (const seed of fresh) {
    if (count >= stored.total) return null;
    if (count >= start + page.length) {
      start = count;
      page = await stored.page(start, Math.min(start + PAGE, stored.total));
    }
    const before = page[count - start];
    if (!before) return changed(count, `(${seed.id}) is not in the store`);
    if (before.id !== seed.id) return changed(count, `was ${before.id} when the run started and is ${seed.id} now`);
    if (canonicalJson(before.content) !== canonicalJson(seed.content))
      return changed(count, `(${seed.id}) has another content than when the run started`);
    count += 1;
  }
  return count < stored.total ? changed(count, `is gone: there were ${stored.total} rows and now there are ${count}`) : null;
}
