/** Goes on with the run that a folder holds, when task and rows are its own. */

import type { Task } from '../schema/task-types.js';
import type { RunRow } from '../store/port/store.js';
import { changedKeys, changedOperationalKeys } from './changed-keys.js';
import { compareRows, hasRows } from './compare-rows.js';
import { mustHave, type StagedRun, type StagePorts, type StageRequest } from './stage-new.js';
import { mismatch } from './stage-refusals.js';
import { CONTROL_KEYS, controlOf } from './task-control.js';

/** The same task and rows go on with their run, or are answered again. Throws E_OUT_MISMATCH, E_SEEDS_CHANGED, E_LOCKED. */
export async function resume(ports: StagePorts, request: StageRequest, existing: RunRow): Promise<StagedRun> {
  const { store } = ports;
  const { promptAlone } = existing.task;
  const task: Task = { ...request.task, outputDir: existing.outputDir, ...(promptAlone ? { promptAlone } : {}) };
  const changed = changedKeys(existing.task, task);
  if (changed.length > 0) throw mismatch(existing, changed);
  const grown = hasRows(existing, request.seen) ? false : await compareRows(store, request, existing);

  const notes: string[] = [];
  const operational = changedOperationalKeys(existing.task, task);
  if (operational.length > 0) {
    await store.updateRun(existing.id, { task });
    const control = controlOf(task);
    const changed = CONTROL_KEYS.filter(([key]) => operational.includes(key)).flatMap(([, fields]) => fields);
    await store.setControl(existing.id, Object.fromEntries(changed.map((field) => [field, control[field]])));
    notes.push(`run ${existing.id} takes over the changed ${operational.join(', ')}`);
  }
  if (existing.detached !== request.detached) await store.updateRun(existing.id, { detached: request.detached });
  const completed = existing.state === 'completed' && !grown;
  const missing = completed ? await ports.missingFiles({ ...existing, task }) : [];
  const finished = completed && missing.length === 0;
  if (missing.length > 0)
    notes.push(`${missing.join(', ')} of run ${existing.id} is not in its folder: written again, no call is made`);
  else if (grown) notes.push(`run ${existing.id} goes on with rows ${existing.total + 1} and later`);
  else if (!finished) notes.push(`run ${existing.id} ${existing.state === 'running' ? 'is under way already' : 'is resumed'}`);
  return { run: await mustHave(store, existing.id), kind: finished ? 'finished' : 'resumed', notes };
}
