/** `--changed keep`: rows that are done stay, and those that are left go on with the changed task. */

import { plural } from '../core/format.js';
import type { RunState } from '../core/model.js';
import type { Task } from '../schema/task-types.js';
import type { RunRow } from '../store/port/store.js';
import { taskFingerprint } from './fingerprint.js';
import type { StagePorts } from './stage-new.js';
import { isBusy, underWay } from './stage-refusals.js';

/** No epoch of it is open. */
const STANDING: readonly RunState[] = ['staged', 'completed', 'capped', 'cancelled', 'failed', 'paused', 'interrupted'];

/** An epoch works by one task and one list of rows to its end: that of a run that rests is ended. Throws E_LOCKED when it is under way. */
export async function standStill(ports: Pick<StagePorts, 'endEpoch'>, run: RunRow): Promise<void> {
  if (run.state === 'running') throw underWay(run);
  if (isBusy(run)) await ports.endEpoch?.(run);
}

/** The next epoch of a run that stands still works by `task`. Returns what is to be said. Throws E_LOCKED when it goes on meanwhile. */
export async function takeOver(ports: StagePorts, run: RunRow, task: Task, changed: readonly string[]): Promise<string[]> {
  const { store, home } = ports;
  const fingerprint = taskFingerprint(task);
  const change = { runId: run.id, task, taskFingerprint: fingerprint, changed, whileIn: STANDING };
  if (!(await store.changeTask(change))) {
    // Of several starts of the same changed task at once one changes it, and the others go on with it.
    if ((await store.run(run.id))?.taskFingerprint !== fingerprint) throw underWay(run);
    return [];
  }
  // The marker names the task that the folder is for.
  await ports.claimFolder(task.outputDir, { run: run.id, home, fingerprint, createdAt: run.createdAt }, {});
  await ports.releaseFolder(task.outputDir, run.id);
  return notesOf(run, changed, await store.totals(run.id));
}

function notesOf({ id, total }: RunRow, changed: readonly string[], done: { ok: number; failed: number; filtered: number }) {
  const kept = done.ok + done.filtered;
  const left = total - kept - done.failed;
  const goOn = left === 0 ? 'no row is left to go on with it' : `${plural(left, 'row')} ${left === 1 ? 'goes' : 'go'} on with it`;
  const notes = [
    `run ${id} takes over the changed ${changed.join(', ')}: ${plural(kept, 'row')} ${kept === 1 ? 'is' : 'are'} done and ${kept === 1 ? 'stays' : 'stay'}, ${goOn}`,
  ];
  if (done.failed > 0)
    notes.push(
      `${plural(done.failed, 'row')} of run ${id} failed before and ${done.failed === 1 ? 'stays' : 'stay'} so; when the run has ended, do them again by the changed task: swarm retry ${id}`,
    );
  return notes;
}
