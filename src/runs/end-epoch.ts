/** Ends the epoch of a run that rests, so that the next one may work by another task. */
import { setTimeout as sleep } from 'node:timers/promises';
import { hasEnded } from '../core/run-end.js';
import { knownRun } from '../core/run-errors.js';
import { underWay } from '../intake/stage-refusals.js';
import type { Store } from '../store/port/store.js';
import { type Launcher, RESTING } from './launch.js';
import { untilClosed } from './run-fate.js';

/** How long calls under way are waited for: a cancel would cut them, and what they cost would stay in doubt. */
const DRAIN_MS = 60_000;
const LOOK_MS = 100;

/**
 * What the run has is published. May be done again, by several programs at once. Throws E_LOCKED (exit 6) when the run goes on meanwhile, or
 * when its calls under way take too long.
 */
export async function endEpoch(store: Store, launcher: Pick<Launcher, 'open'>, runId: string): Promise<void> {
  for (const until = performance.now() + DRAIN_MS; (await store.totals(runId)).open > 0; await sleep(LOOK_MS))
    if (performance.now() > until) throw underWay(await knownRun(store, runId));
  const run = await knownRun(store, runId);
  if (hasEnded(run)) return;
  if (!RESTING.includes(run.state)) throw underWay(run);
  await store.setControl(runId, { cancelled: true });
  const open = await launcher.open(run);
  if (open) {
    await open.cancel();
    await untilClosed(open);
  }
  // Nobody is left to end it.
  else await store.updateRun(runId, { state: 'cancelled', reason: 'cancelled', endedAt: Date.now() }, RESTING);
}
