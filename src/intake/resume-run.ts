/** Goes on with the run that a folder holds, when task and rows are its own. */

import type { Task } from '../schema/task-types.js';
import type { RunRow } from '../store/port/store.js';
import { changedKeys, changedOperationalKeys, withStoredBase } from './changed-keys.js';
import { compareRows, hasRows } from './compare-rows.js';
import { standStill, takeOver } from './keep-changed.js';
import { mustHave, type StagedRun, type StagePorts, type StageRequest } from './stage-new.js';
import { mismatch } from './stage-refusals.js';
import { CONTROL_KEYS, controlOf } from './task-control.js';

/**
 * The same task and rows go on with their run, or are answered again; changed ones too where what is done is kept. Throws E_OUT_MISMATCH,
 * E_SEEDS_CHANGED, E_LOCKED.
 */
export async function resume(ports: StagePorts, request: StageRequest, existing: RunRow): Promise<StagedRun> {
  const { store } = ports;
  const given: Task = { ...withStoredBase(request.task, existing.task.model), outputDir: existing.outputDir };
  const changed = changedKeys(existing.task, given);
  // Texts that are sent as they stand stay so until they are written anew.
  const alone = existing.task.promptAlone && !changed.some((key) => key === 'system_prompt' || key === 'follow_up');
  const task: Task = alone ? { ...given, promptAlone: true } : given;
  if (changed.length > 0 && request.ifChanged !== 'keep') throw mismatch(existing, changed);
  const grown = hasRows(existing, request.seen) ? false : await compareRows(ports, request, existing);

  const notes: string[] = [];
  if (changed.length > 0) await standStill(ports, existing);
  const operational = changedOperationalKeys(existing.task, task);
  if (operational.length > 0) {
    // Its control row is changed before a task that was changed: a start that is cut short between the two finds them changed again.
    if (changed.length === 0) await store.updateRun(existing.id, { task });
    const control = controlOf(task);
    const fields = CONTROL_KEYS.filter(([key]) => operational.includes(key)).flatMap(([, names]) => names);
    await store.setControl(existing.id, Object.fromEntries(fields.map((field) => [field, control[field]])));
    notes.push(`run ${existing.id} takes over the changed ${operational.join(', ')}`);
  }
  if (changed.length > 0) notes.push(...(await takeOver(ports, existing, task, changed)));
  if (existing.detached !== request.detached) await store.updateRun(existing.id, { detached: request.detached });
  const completed = existing.state === 'completed' && !grown;
  const missing = completed ? await ports.missingFiles({ ...existing, task }) : [];
  // What its receipt says of the task has changed.
  const finished = completed && missing.length === 0 && changed.length === 0;
  if (missing.length > 0)
    notes.push(`${missing.join(', ')} of run ${existing.id} is not in its folder: written again, no call is made`);
  else if (grown) notes.push(`run ${existing.id} goes on with rows ${existing.total + 1} and later`);
  else if (!finished) notes.push(`run ${existing.id} ${existing.state === 'running' ? 'is under way already' : 'is resumed'}`);
  return { run: await mustHave(store, existing.id), kind: finished ? 'finished' : 'resumed', notes };
}
