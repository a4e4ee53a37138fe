/** Why a folder or its rows cannot be this run's: each says what is there and how to go on. */
import { EXIT, SwarmError } from '../core/errors.js';
import { plural } from '../core/format.js';
import { hasEnded } from '../core/run-end.js';
import type { FolderMarker } from '../outputs/folder.js';
import type { Seed } from '../schema/seed.js';
import type { RunRow } from '../store/port/store.js';

const REFUSED = {
  allowed: 'the same task and rows: they continue their run, or are answered again when it is finished',
  fix: '--fork for a new folder beside it, --fresh to start over in this one, or another output_dir',
};

/** The way out that keeps what is done. */
const KEEP = '--changed keep to go on in this one and keep the rows that are done';
/** The way out that does no more again than what was changed. */
const REDO = '--changed redo to go on in this one and do the changed rows anew';

export function mismatch(existing: RunRow, changed: readonly string[]): SwarmError {
  return new SwarmError({
    code: 'E_OUT_MISMATCH',
    place: { file: existing.outputDir },
    found: `the folder holds run ${existing.id} of another task: ${changed.join(', ')} changed`,
    ...REFUSED,
    fix: `${KEEP}, ${REDO}, ${REFUSED.fix}`,
  });
}

export function foreignFolder(dir: string, marker: FolderMarker, home: string): SwarmError {
  const where = marker.home === home ? 'is not in the store any more' : 'belongs to another SWARM_HOME';
  return new SwarmError({
    code: 'E_OUT_MISMATCH',
    place: { file: dir },
    found: `the folder holds run ${marker.run}, which ${where}`,
    ...REFUSED,
  });
}

/** @param why it is not simply written over. */
export function copiedFolder(run: RunRow, dir: string, why: string): SwarmError {
  return new SwarmError({
    code: 'E_OUT_MISMATCH',
    place: { file: dir },
    found: `the folder is a copy of that of run ${run.id}, ${run.outputDir}; ${why}`,
    allowed: 'the folder of this run, an empty or new one, or a copy for another task or other rows',
    fix: '--fresh to do all rows again in this folder, --fork to do so in a new one beside it, or remove the copied output',
  });
}

export function movedAmidRun(run: RunRow, dir: string): SwarmError {
  return new SwarmError(
    {
      code: 'E_LOCKED',
      place: { file: dir },
      found: `the folder of run ${run.id} was moved here from ${run.outputDir} while the run is under way`,
      fix: `put it back, or pause the run first: swarm pause ${run.id}`,
    },
    EXIT.locked,
  );
}

export function rowChanged(existing: RunRow, seed: Seed): SwarmError {
  const found = `row ${seed.index + 1} (id ${seed.id}) is not the row of run ${existing.id}`;
  return seedsChanged(existing, found, { fix: `${REDO}, ${REFUSED.fix}` });
}

/** Indexes of where it stood and of where it stands now. */
export function rowMoved(existing: RunRow, id: string, { from, to }: { from: number; to: number }): SwarmError {
  const found = `the row with id ${id} is row ${to + 1} now, and row ${from + 1} of run ${existing.id}`;
  return seedsChanged(existing, found, { allowed: 'rows that were edited in their places, and new ones at the end' });
}

export function rowsAdded(existing: RunRow, seed: Seed): SwarmError {
  const found = `run ${existing.id} has ${plural(existing.total, 'row')}; row ${seed.index + 1} (id ${seed.id}) is new`;
  return seedsChanged(existing, found, { fix: `${KEEP}, ${REFUSED.fix}` });
}

export function rowsMissing(existing: RunRow, count: number, limited: boolean): SwarmError {
  const why = limited ? `--limit asks for ${count}` : `there ${count === 1 ? 'is' : 'are'} ${count} now`;
  return seedsChanged(existing, `run ${existing.id} has ${plural(existing.total, 'row')}, ${why}`);
}

export function otherRows(existing: RunRow): SwarmError {
  return seedsChanged(existing, `run ${existing.id}, which another process started in this moment, has other rows`);
}

function seedsChanged(existing: RunRow, found: string, more: { allowed?: string; fix?: string } = {}): SwarmError {
  return new SwarmError({
    code: 'E_SEEDS_CHANGED',
    place: { file: existing.task.seedsFile ?? existing.outputDir },
    found,
    ...REFUSED,
    ...more,
  });
}

/** A run is under way in Temporal, or may be. */
export function isBusy(run: RunRow): boolean {
  return ['running', 'paused', 'interrupted'].includes(run.state) && !hasEnded(run);
}

/** Its calls are made by the task that it has. */
export function underWay(run: RunRow): SwarmError {
  return new SwarmError(
    {
      code: 'E_LOCKED',
      place: { file: run.outputDir },
      found: `run ${run.id} is under way: its task and rows change only while it rests and no call is in flight`,
      fix: `pause it first: swarm pause ${run.id}; then the same command again`,
    },
    EXIT.locked,
  );
}

export function busy(existing: RunRow): SwarmError {
  return new SwarmError(
    {
      code: 'E_LOCKED',
      place: { file: existing.outputDir },
      found: `run ${existing.id} (${existing.state}) still owns the folder`,
      fix: `wait for it, or: swarm cancel ${existing.id}`,
    },
    EXIT.locked,
  );
}
