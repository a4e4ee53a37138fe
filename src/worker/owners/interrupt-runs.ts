/** What becomes of a home's runs when its host is gone: detached ones go on, attached ones wait until somebody starts them again. */
import type { EpochMs } from '../../core/model.js';
import type { RunRow, Store } from '../../store/port/store.js';

/**
 * Attached runs under way wait until they are let go on; returns their ids. `isOf`: true for the runs that are concerned; `restedAt`: since
 * when nobody works on them. @default now
 */
export async function interruptAttachedRuns(
  store: Pick<Store, 'runs' | 'restRun'>,
  how: 'died' | 'was stopped',
  isOf: (run: RunRow) => boolean,
  restedAt?: EpochMs,
): Promise<string[]> {
  const attached = (await store.runs({ states: ['running'] })).filter((run) => !run.detached && isOf(run));
  const interrupted: string[] = [];
  for (const { id, workflowId } of attached) {
    const message = `the host ${how} while the run was going on; go on with: swarm resume ${id}`;
    if (await store.restRun(id, workflowId, { state: 'interrupted', reason: 'host', message }, restedAt)) interrupted.push(id);
  }
  return interrupted;
}
