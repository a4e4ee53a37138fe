/** A folder whose marker names a run that has another folder: the run's folder was moved here, or copied. */

import { knownRun } from '../core/run-errors.js';
import type { RunRow } from '../store/port/store.js';
import { changedKeys, withStoredBase } from './changed-keys.js';
import { hasRows } from './compare-rows.js';
import { resume } from './resume-run.js';
import { type StagedRun, type StagePorts, type StageRequest, stageNew } from './stage-new.js';
import { copiedFolder, movedAmidRun } from './stage-refusals.js';

interface Found {
  /** As the store has it. */
  run: RunRow;
  /** The folder that names it. */
  wanted: string;
}

export async function stageElsewhere(ports: StagePorts, request: StageRequest, found: Found): Promise<StagedRun> {
  const original = await ports.readMarker(found.run.outputDir).catch(() => null);
  return original?.run === found.run.id ? await copied(ports, request, found) : await moved(ports, request, found);
}

/** The run goes on where its folder is now. */
async function moved(ports: StagePorts, request: StageRequest, { run, wanted }: Found): Promise<StagedRun> {
  if (run.state === 'running' || run.state === 'staging') throw movedAmidRun(run, wanted);
  const { kind, notes } = await resume(ports, request, { ...run, outputDir: wanted });
  await ports.store.updateRun(run.id, { outputDir: wanted });
  const note = `the folder of run ${run.id} was moved here from ${run.outputDir}`;
  return { run: await knownRun(ports.store, run.id), kind, notes: [note, ...notes] };
}

/**
 * A copied folder is another one, with a run of its own. Nothing is written over that is not in the original too, and rows that are paid for
 * are not paid for again because their folder was copied.
 */
async function copied(ports: StagePorts, request: StageRequest, { run, wanted }: Found): Promise<StagedRun> {
  const same =
    changedKeys(run.task, withStoredBase(request.task, run.task.model)).length === 0 &&
    (request.seen ? hasRows(run, request.seen) : true);
  if (same && run.task.model.provider !== 'sim')
    throw copiedFolder(run, wanted, 'task and rows are the same: its answers are there');
  if (!(await ports.isCopy(wanted, run.outputDir))) throw copiedFolder(run, wanted, 'the files of the two are not the same');
  const staged = await stageNew(ports, request, wanted, { replace: true, ended: run.id });
  const note = `the folder is a copy of ${run.outputDir}, which keeps run ${run.id}: this run takes the copy`;
  return { ...staged, notes: [note, ...staged.notes] };
}
