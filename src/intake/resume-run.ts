/** Goes on with the run that a folder holds, when task and rows are its own. */

import { knownRun } from '../core/run-errors.js';
import type { RunRow } from '../store/port/store.js';
import { changedOperationalKeys, taskOnward } from './changed-keys.js';
import { compareRows, hasRows, readRows, SAME_ROWS, sealRows } from './compare-rows.js';
import { keptNotes, standStill, takeOver } from './keep-changed.js';
import { isRedoNeeded, redo } from './redo-changed.js';
import type { StagedRun, StagePorts, StageRequest } from './stage-new.js';
import { mismatch } from './stage-refusals.js';
import { CONTROL_KEYS, controlOf } from './task-control.js';

/**
 * The same task and rows go on with their run, or are answered again; changed ones too where what is done is kept, or done anew. Throws
 * E_OUT_MISMATCH, E_SEEDS_CHANGED, E_LOCKED.
 */
export async function resume(ports: StagePorts, request: StageRequest, existing: RunRow): Promise<StagedRun> {
  const { store } = ports;
  const { task, changed } = taskOnward(existing, request.task);
  const { ifChanged } = request;
  if (changed.length > 0 && ifChanged !== 'keep' && ifChanged !== 'redo') throw mismatch(existing, changed);
  const read = !hasRows(existing, request.seen);
  const { grown, edits } = read ? await compareRows(ports, request, existing) : SAME_ROWS;
  const wanted = { run: existing, task, edits };
  const anew = ifChanged === 'redo' && (await isRedoNeeded(ports, wanted));

  const notes: string[] = [];
  if (changed.length > 0 || anew) await standStill(ports, existing);
  const operational = changedOperationalKeys(existing.task, task);
  if (operational.length > 0) {
    // Its control row is changed before a task that was changed: a start that is cut short between the two finds them changed again.
    if (changed.length === 0) await store.updateRun(existing.id, { task });
    const control = controlOf(task);
    const fields = CONTROL_KEYS.filter(([key]) => operational.includes(key)).flatMap(([, names]) => names);
    await store.setControl(existing.id, Object.fromEntries(fields.map((field) => [field, control[field]])));
    notes.push(`run ${existing.id} takes over the changed ${operational.join(', ')}`);
  }
  if (anew) notes.push(...(await redo(ports, request, wanted, changed)));
  else if (changed.length > 0 && (await takeOver(ports, existing, task, changed)))
    notes.push(...keptNotes(existing, changed, await store.totals(existing.id)));
  // Last: as long as a row may be left to be changed, these are other rows than the run's.
  if (grown || (ifChanged === 'redo' && read && !hasRows(existing, readRows(request)))) await sealRows(ports, request, existing);
  if (existing.detached !== request.detached) await store.updateRun(existing.id, { detached: request.detached });
  const completed = existing.state === 'completed' && !grown && !anew;
  const missing = completed ? await ports.missingFiles({ ...existing, task }) : [];
  // What its receipt says of the task has changed.
  const finished = completed && missing.length === 0 && changed.length === 0;
  if (missing.length > 0)
    notes.push(`${missing.join(', ')} of run ${existing.id} is not in its folder: written again, no call is made`);
  else if (grown) notes.push(`run ${existing.id} goes on with rows ${existing.total + 1} and later`);
  else if (!finished) notes.push(`run ${existing.id} ${existing.state === 'running' ? 'is under way already' : 'is resumed'}`);
  return { run: await knownRun(store, existing.id), kind: finished ? 'finished' : 'resumed', notes };
}
