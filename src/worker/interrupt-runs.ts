/** What becomes of a home's runs when its host is gone: detached ones go on, attached ones wait until somebody starts them again. */
import type { EpochMs } from '../core/model.js';
import type { RunRow, Store } from '../store/port.js';

/**
 * Attached runs under way wait until they are let go on; returns their ids. `isOf`: true for the runs that are concerned; `restedAt`: since
 * when nobody works on them. @default now
 */
export async function interruptAttachedRuns(
  store: Pick<Store, 'runs' | 'updateRun' | 'setControl'>,
  how: 'died' | 'was stopped',
  isOf: (run: RunRow) => boolean,
  restedAt?: EpochMs,
): Promise<string[]> {
  const attached = (await store.runs({ states: ['running'] })).filter((run) => !run.detached && isOf(run));
  for (const { id } of attached) {
    await store.setControl(id, { paused: true });
    const message = `the host ${how} while the run was going on; go on with: swarm resume ${id}`;
    await store.updateRun(id, { state: 'interrupted', reason: 'host', message }, ['running'], restedAt);
  }
  return attached.map((run) => run.id);
}
