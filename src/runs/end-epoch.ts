/** Ends the epoch of a run: by a cancel, or so that the next one may work by another task. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunState } from '../core/model.js';
import { hasEnded } from '../core/run-end.js';
import { knownRun } from '../core/run-errors.js';
import { underWay } from '../intake/stage-refusals.js';
import type { RunRow, Store } from '../store/port/store.js';
import { type Launcher, RESTING } from './launch.js';
import { type RunWorkflow, untilClosed } from './run-fate.js';

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
  const open = await cancelRun({ store, launcher }, run, RESTING);
  if (open) await untilClosed(open);
}

/**
 * Its workflow publishes what is done, and closes; it is returned. Null: it has none, and nobody is left to end it. Then it is ended here,
 * from one of these states: the rows that are done stay done, and a run that has ended in this moment keeps its own end.
 */
export async function cancelRun(
  { store, launcher }: { store: Pick<Store, 'setControl' | 'updateRun'>; launcher: Pick<Launcher, 'open'> },
  run: RunRow,
  from: readonly RunState[],
): Promise<RunWorkflow | null> {
  await store.setControl(run.id, { cancelled: true });
  const open = await launcher.open(run);
  if (open) await open.cancel();
  else await store.updateRun(run.id, { state: 'cancelled', reason: 'cancelled', endedAt: Date.now() }, from);
  return open;
}
