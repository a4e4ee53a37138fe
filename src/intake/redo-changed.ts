/** `--changed redo`: rows that are asked something else now are done anew, in the run that they are of. */

import { plural } from '../core/format.js';
import { knownRun } from '../core/run-errors.js';
import type { Task } from '../schema/task-types.js';
import type { RunRow, Store } from '../store/port/store.js';
import { taskOnward } from './changed-keys.js';
import { comparedRows, hasRows, readRows, SAME_ROWS } from './compare-rows.js';
import { taskFingerprint } from './fingerprint.js';
import type { AskedRows } from './forks.js';
import { STANDING, stayFailed, takeOver } from './keep-changed.js';
import { addAnew, type CountsAnew, rowsAnew, type Wanted } from './rows-anew.js';
import type { StagePorts, StageRequest } from './stage-new.js';
import { underWay } from './stage-refusals.js';

/** What a check knows of a start. */
export interface CheckedStart extends AskedRows {
  task: Task;
  /** True when `--limit` cut the rows. */
  limited: boolean;
}

/** How many rows that are done `redo` would do anew; changes nothing. Throws E_SEEDS_CHANGED for rows that have moved or are missing. */
export async function countRedo(
  store: Pick<Store, 'seeds' | 'begunRows' | 'taskVersions'>,
  run: RunRow,
  { seen, rowsAgain, limited, ...asked }: CheckedStart,
): Promise<number> {
  const { task } = taskOnward(run, asked.task);
  const stay = { beforeFirst: async () => undefined, append: async () => undefined };
  const read = rowsAgain && !hasRows(run, seen) ? { rows: rowsAgain(), ifChanged: 'redo' as const, limited } : null;
  const { edits } = read ? await comparedRows(store, read, run, stay) : SAME_ROWS;
  const anew: CountsAnew = { ok: 0, failed: 0, filtered: 0 };
  for await (const chunk of rowsAnew(store, { run, task, edits })) addAnew(anew, chunk);
  return anew.ok + anew.failed + anew.filtered;
}

/** True when `redo` has something to change. */
export async function isRedoNeeded({ store }: StagePorts, wanted: Wanted): Promise<boolean> {
  return wanted.edits.length > 0 || !(await rowsAnew(store, wanted).next()).done;
}

/**
 * Changes a run that stands still, a chunk of rows at a time. The task goes first: what a crash leaves is a row as it was or one that is to be
 * done by the changed task, and the same start goes on from there. Returns what is to be said. Throws E_LOCKED when the run goes on meanwhile.
 */
export async function redo(
  ports: StagePorts,
  request: StageRequest,
  wanted: Wanted,
  changed: readonly string[],
): Promise<string[]> {
  const { store } = ports;
  const { task, edits } = wanted;
  if (changed.length > 0) await takeOver(ports, wanted.run, task, changed);
  const run = await knownRun(store, wanted.run.id);
  const before = await store.totals(run.id);
  const anew: CountsAnew = { ok: 0, failed: 0, filtered: 0 };
  // It shows answers that are taken back.
  await ports.removePartial(wanted.run.outputDir);
  for await (const chunk of rowsAnew(store, { ...wanted, run })) {
    const indexes = chunk.rows.map(({ index }) => index);
    const change = { runId: run.id, epoch: run.epoch, whileIn: STANDING, seeds: chunk.seeds, anew: indexes };
    if (await store.changeRows(change)) addAnew(anew, chunk);
    else if (await isDone(ports, request, wanted)) return [];
    else throw underWay(run);
  }
  return notesOf({ run, changed, edited: edits.length }, before, anew);
}

/** Of several starts of the same change at once one makes it, and the others go on with it. */
async function isDone(ports: StagePorts, request: StageRequest, wanted: Wanted): Promise<boolean> {
  const run = await knownRun(ports.store, wanted.run.id);
  const same = hasRows(run, request.rows.fingerprint.count > 0 ? readRows(request) : request.seen);
  return (
    same && run.taskFingerprint === taskFingerprint(wanted.task) && !(await isRedoNeeded(ports, { ...wanted, run, edits: [] }))
  );
}

interface Change {
  run: RunRow;
  changed: readonly string[];
  edited: number;
}

function notesOf({ run: { id, total }, changed, edited }: Change, before: CountsAnew, anew: CountsAnew): string[] {
  const what = [
    ...(changed.length > 0 ? [`the changed ${changed.join(', ')}`] : []),
    ...(edited > 0 ? [plural(edited, 'changed row')] : []),
  ];
  const again = anew.ok + anew.failed + anew.filtered;
  const stay = before.ok + before.filtered - anew.ok - anew.filtered;
  const left = total - before.ok - before.failed - before.filtered;
  const takes = what.length > 0 ? ` takes over ${what.join(' and ')}` : '';
  const counts = [
    `${plural(again, 'row')} that ${again === 1 ? 'was' : 'were'} done ${again === 1 ? 'is' : 'are'} done anew`,
    `${stay} ${stay === 1 ? 'stays' : 'stay'}`,
    `${left} ${left === 1 ? 'is' : 'are'} left`,
  ];
  const notes = [`run ${id}${takes}: ${counts.join(', ')}`];
  const failed = before.failed - anew.failed;
  if (failed > 0) notes.push(`${stayFailed(id, failed)}, do them again: swarm retry ${id}`);
  return notes;
}
