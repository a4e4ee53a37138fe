/** A changed task in a run that rests. `--changed keep`: rows that are done stay, and those that are left go on with it. */

import { plural } from '../core/format.js';
import type { RunState } from '../core/model.js';
import type { Task } from '../schema/task-types.js';
import type { RunRow } from '../store/port/store.js';
import { taskFingerprint } from './fingerprint.js';
import type { StagePorts } from './stage-new.js';
import { isBusy, underWay } from './stage-refusals.js';

/** No epoch of it is open. */
export const STANDING: readonly RunState[] = ['staged', 'completed', 'capped', 'cancelled', 'failed', 'paused', 'interrupted'];

/** An epoch works by one task and one list of rows to its end: that of a run that rests is ended. Throws E_LOCKED when it is under way. */
export async function standStill(ports: Pick<StagePorts, 'endEpoch'>, run: RunRow): Promise<void> {
  if (run.state === 'running') throw underWay(run);
  if (isBusy(run)) await ports.endEpoch?.(run);
}

/**
 * The next epoch of a run that stands still works by `task`. False: another start has seen to it at this moment. Throws E_LOCKED when it goes
 * on meanwhile.
 */
export async function takeOver(ports: StagePorts, run: RunRow, task: Task, changed: readonly string[]): Promise<boolean> {
  const { store, home } = ports;
  const fingerprint = taskFingerprint(task);
  const change = { runId: run.id, task, taskFingerprint: fingerprint, changed, whileIn: STANDING };
  if (!(await store.changeTask(change))) {
    // Of several starts of the same changed task at once one changes it, and the others go on with it.
    if ((await store.run(run.id))?.taskFingerprint !== fingerprint) throw underWay(run);
    return false;
  }
  // The marker names the task that the folder is for.
  await ports.claimFolder(task.outputDir, { run: run.id, home, fingerprint, createdAt: run.createdAt }, {});
  await ports.releaseFolder(task.outputDir, run.id);
  return true;
}

/** What is to be said of a run that keeps what is done. */
export function keptNotes(
  { id, total }: RunRow,
  changed: readonly string[],
  done: { ok: number; failed: number; filtered: number },
): string[] {
  const kept = done.ok + done.filtered;
  const left = total - kept - done.failed;
  const goOn = left === 0 ? 'no row is left to go on with it' : `${plural(left, 'row')} ${left === 1 ? 'goes' : 'go'} on with it`;
  const notes = [
    `run ${id} takes over the changed ${changed.join(', ')}: ${plural(kept, 'row')} ${kept === 1 ? 'is' : 'are'} done and ${kept === 1 ? 'stays' : 'stay'}, ${goOn}`,
  ];
  if (done.failed > 0) notes.push(`${stayFailed(id, done.failed)}, do them again by the changed task: swarm retry ${id}`);
  return notes;
}

export function stayFailed(id: string, failed: number): string {
  return `${plural(failed, 'row')} of run ${id} failed before and ${failed === 1 ? 'stays' : 'stay'} so; when the run has ended`;
}
