/** What the rest of a run will take, by the first of its rows that the store has. */
import { calibrationSample, type Estimate, estimateRest, SAMPLED_ROWS, type Speed } from '../core/estimate.js';
import type { Learned } from '../core/gate/learned.js';
import { ASSUMED_CONCURRENCY } from '../core/slice-size.js';
import type { Control, RunRow, RunTotals, Store } from '../store/port.js';

export interface Limits {
  control: Pick<Control, 'concurrency' | 'auto' | 'requestsPerMinute' | 'tokensPerMinute'>;
  /** What was found of the provider's limits. */
  learned: Learned | null;
}

/** How quick a run can be under its limits and those that were found. */
export function speedOf({ control, learned }: Limits): Speed {
  const { concurrency, auto, requestsPerMinute, tokensPerMinute } = control;
  const wanted = auto ? Math.min(concurrency, learned?.auto ?? ASSUMED_CONCURRENCY) : concurrency;
  return {
    concurrency: Math.min(wanted, learned?.window ?? wanted),
    requestsPerMinute,
    tokensPerMinute,
    callsPerSecond: learned?.pace ?? null,
  };
}

/** Null before enough of the first rows are done, and when none are left. */
export async function estimateOf(
  store: Pick<Store, 'firstRows'>,
  run: Pick<RunRow, 'id' | 'total'>,
  { ok, failed, filtered }: Pick<RunTotals, 'ok' | 'failed' | 'filtered'>,
  limits: Limits,
): Promise<Estimate | null> {
  const done = ok + failed + filtered;
  if (done === 0 || done >= run.total) return null;
  const sample = calibrationSample(await store.firstRows(run.id, SAMPLED_ROWS));
  return sample && estimateRest(sample, run.total - done, speedOf(limits));
}
