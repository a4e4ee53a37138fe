/** Puts a task and its rows into the store as a new run, in a folder that is its own from then on. */

import type { SwarmError } from '../core/errors.js';
import { newRunId } from '../core/names.js';
import { knownRun } from '../core/run-errors.js';
import type { ClaimOptions, FolderMarker, FolderOwner } from '../outputs/folder.js';
import type { Seed } from '../schema/seed.js';
import type { Task } from '../schema/task-types.js';
import type { RunRow, Store } from '../store/port/store.js';
import { taskFingerprint } from './fingerprint.js';
import type { SeedReading } from './read-seeds.js';
import type { SeenRows } from './seen-rows.js';
import { controlOf } from './task-control.js';

/** Rows of one staging transaction. */
export const STAGE_CHUNK = 1_000;

export interface StagePorts {
  store: Store;
  /** Folder of this home. */
  home: string;
  /** Id of this home: its processes read and write the files of the run. */
  homeId: string;
  readMarker(dir: string): Promise<FolderOwner | null>;
  claimFolder(dir: string, marker: FolderMarker, options: ClaimOptions): Promise<unknown>;
  releaseFolder(dir: string, run: string): Promise<void>;
  /** What is told to who finds the folder held by a living process. */
  taken(dir: string, owner: FolderOwner): SwarmError;
  /** True when the folder has a receipt. */
  isPublished(dir: string): Promise<boolean>;
  /** Names of files that the run was published with and that its folder does not have. */
  missingFiles(run: RunRow): Promise<string[]>;
  /** True when every result in the folder is in the other one, too, byte for byte. */
  isCopy(dir: string, original: string): Promise<boolean>;
  /** Takes away the rows so far that a run under way shows in its folder. */
  removePartial(dir: string): Promise<void>;
  /**
   * Ends the epoch of a run that rests: its calls under way are waited for, what it has is published, and its next epoch may begin. Throws
   * E_LOCKED when calls stay under way. Default, for who changes no task of a run: nothing.
   */
  endEpoch?(run: RunRow): Promise<void>;
  now(): number;
  random(): number;
}

export interface StageRequest {
  task: Task;
  /** Checked rows; iterating throws SwarmError on a bad one. Iterated once. */
  rows: SeedReading;
  /** What these rows are, where that is known already: then they are not read for a run that has them. */
  seen?: Pick<SeenRows, 'count' | 'fingerprint'> | null;
  /** Another reading of the same rows. Default: they can be read once. */
  rowsAgain?: () => SeedReading;
  /** True when `--limit` cut the rows: a later start may go on with more. */
  limited: boolean;
  /**
   * `keep`: rows that are done stay, those that are left go on with the changed task. `redo`: those that it asks something else are done anew, also
   * rows that were edited.
   */
  ifChanged: 'refuse' | 'keep' | 'redo' | 'fresh' | 'fork';
  detached: boolean;
  origin: RunRow['origin'];
  /** Default: made from the task's name. */
  runId?: string;
}

export interface StagedRun {
  run: RunRow;
  kind: 'new' | 'resumed' | 'finished';
  notes: string[];
}

export async function stageNew(
  ports: StagePorts,
  request: StageRequest,
  outputDir: string,
  claim: ClaimOptions = {},
): Promise<StagedRun> {
  const { store, now } = ports;
  const task: Task = { ...request.task, outputDir };
  const id = request.runId ?? newRunId(task.name, ports.random);
  const createdAt = now();
  const fingerprint = taskFingerprint(task);
  await store.createRun({
    id,
    name: task.name,
    task,
    taskFingerprint: fingerprint,
    outputDir,
    detached: request.detached,
    limited: request.limited,
    origin: request.origin,
    createdAt,
    home: ports.homeId,
  });
  try {
    await appendAll(store, id, request.rows);
    const seeds = request.rows.fingerprint;
    await ports.claimFolder(outputDir, { run: id, home: ports.home, fingerprint, createdAt }, claim);
    await store.sealRun(id, { seedsFingerprint: seeds.digest(), total: seeds.count, control: controlOf(task) });
  } catch (error) {
    await store.dropRun(id);
    await ports.releaseFolder(outputDir, id).catch(() => undefined);
    throw error;
  }
  return { run: await knownRun(store, id), kind: 'new', notes: [] };
}

/** The next rows are read while the last chunk is being stored. */
async function appendAll(store: Store, id: string, rows: AsyncIterable<Seed>): Promise<void> {
  let chunk: Seed[] = [];
  let storing: Promise<void> = Promise.resolve();
  const hand = async () => {
    const full = chunk;
    chunk = [];
    await storing;
    storing = store.appendSeeds(id, full);
    // Met where it is awaited; until then a failure must not count as unhandled.
    storing.catch(() => undefined);
  };
  try {
    for await (const seed of rows) {
      chunk.push(seed);
      if (chunk.length === STAGE_CHUNK) await hand();
    }
    if (chunk.length > 0) await hand();
  } finally {
    await storing;
  }
}
