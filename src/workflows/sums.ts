/** What children add up to. Pure. */
import { addUsage, NO_USAGE } from '../core/model.js';
import type { Sums } from './messages.js';

export const NO_SUMS: Sums = { ok: 0, failed: 0, filtered: 0, usage: NO_USAGE };

export function addSums(a: Sums, b: Sums): Sums {
  return { ok: a.ok + b.ok, failed: a.failed + b.failed, filtered: a.filtered + b.filtered, usage: addUsage(a.usage, b.usage) };
}
