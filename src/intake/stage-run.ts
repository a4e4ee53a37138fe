/** Puts a task and its rows into the store as a run, or finds the run that this folder holds already. */
import { realpath } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, SwarmError } from '../core/errors.js';
import { hasEnded } from '../core/run-end.js';
import { folderModeIn, makeFolder } from '../new-files.js';
import type { ClaimOptions, FolderMarker } from '../outputs/folder.js';
import type { RunRow } from '../store/port/store.js';
import { hasRows, readRows } from './compare-rows.js';
import { taskFingerprint } from './fingerprint.js';
import { forksOf, freeFolder, runWithRows } from './forks.js';
import { resume } from './resume-run.js';
import { stageElsewhere } from './stage-elsewhere.js';
import { type StagedRun, type StagePorts, type StageRequest, stageNew } from './stage-new.js';
import { busy, foreignFolder, isBusy, otherRows } from './stage-refusals.js';

/** What is said of a task or of rows that are not the run's. */
const OTHER_TASK: readonly string[] = ['E_OUT_MISMATCH', 'E_SEEDS_CHANGED'];

/** Who has claimed a folder has its rows in the store: what is left takes a moment. */
const STAGED_SOON_MS = 15_000;
const STAGED_LOOK_MS = 50;

/** Runs whose staging was cut short are dropped after this time. */
const ABANDONED_MS = 600_000;

export async function stageRun(ports: StagePorts, request: StageRequest): Promise<StagedRun> {
  const wanted = await realFolder(ports, request.task.outputDir);
  const existing = await runOfFolder(ports, wanted);
  const stays = request.ifChanged !== 'fresh' && request.ifChanged !== 'fork';
  if (request.ifChanged === 'fork') {
    const earlier = await forksOf(wanted, taskFingerprint(request.task), (dir) => runOfFolder(ports, dir));
    const fork = await runWithRows(earlier, request);
    if (fork) {
      const staged = await resume(ports, request, fork);
      return { ...staged, notes: [`${fork.outputDir} is a fork of this task and these rows already`, ...staged.notes] };
    }
    const dir = await freeFolder(ports, wanted);
    const staged = await stageNew(ports, request, dir);
    return { ...staged, notes: [`forked into ${dir}`, ...staged.notes] };
  }
  if (existing && request.ifChanged === 'fresh') {
    if (isBusy(existing)) throw busy(existing);
    return await stageNew(ports, request, wanted, { replace: true, ended: existing.id });
  }
  if (existing) return await resumeOrReplace(ports, request, existing);
  const marker = await ports.readMarker(wanted);
  const named = marker && stays ? await runOfMarker(ports, marker) : null;
  if (named?.outputDir === wanted) return await joined(ports, request, named);
  if (marker?.holder && !named) throw ports.taken(wanted, marker);
  if (named) return await stageElsewhere(ports, request, { run: named, wanted });
  // A marker of this home without a run: its staging was cut short before it could be dropped.
  const stale = marker !== null && marker.home === ports.home && !(await ports.isPublished(wanted));
  if (marker && !stale && stays) throw foreignFolder(wanted, marker, ports.home);
  const claim = { replace: stale || request.ifChanged === 'fresh' };
  if (request.ifChanged === 'fresh') return await stageNew(ports, request, wanted, claim);
  return await stageOrJoin(ports, request, { wanted, claim });
}

/** The run of this home that a folder's marker names. */
async function runOfMarker({ store, homeId }: StagePorts, marker: FolderMarker): Promise<RunRow | null> {
  const run = await store.run(marker.run);
  return run && (run.home === homeId || run.home === '') ? run : null;
}

/** Of several starts of the same task at once one makes the run, and the others go on with it. */
async function stageOrJoin(
  ports: StagePorts,
  request: StageRequest,
  { wanted, claim }: { wanted: string; claim: ClaimOptions },
): Promise<StagedRun> {
  try {
    return await stageNew(ports, request, wanted, claim);
  } catch (error) {
    if (!SwarmError.is(error) || error.exitCode !== EXIT.locked) throw error;
    const marker = await ports.readMarker(wanted);
    const other = marker && (await runOfMarker(ports, marker));
    if (other?.outputDir !== wanted) throw error;
    // They were all read to be staged, and are compared by what they came to.
    return await joined(ports, { ...request, seen: readRows(request) }, other);
  }
}

/** The run that another process stages in this moment, once it is staged. */
async function joined(ports: StagePorts, request: StageRequest, { id, outputDir }: RunRow): Promise<StagedRun> {
  for (const until = performance.now() + STAGED_SOON_MS; ; await sleep(STAGED_LOOK_MS)) {
    const run = await ports.store.run(id);
    if (run && run.state !== 'staging') {
      // Rows that were read once cannot be compared one by one.
      if (request.rows.fingerprint.count > 0 && !hasRows(run, request.seen)) throw otherRows(run);
      return await resume(ports, request, run);
    }
    const marker = await ports.readMarker(outputDir);
    // Its starter met an error, or died.
    if (marker?.run !== id || marker.holder === null) return await stageRun(ports, request);
    if (performance.now() > until) throw ports.taken(outputDir, marker);
  }
}

/** A run that ended before anything was answered, or may have been, holds nothing: its folder goes to the corrected task. */
async function resumeOrReplace(ports: StagePorts, request: StageRequest, existing: RunRow): Promise<StagedRun> {
  try {
    return await resume(ports, request, existing);
  } catch (error) {
    if (!SwarmError.is(error) || !OTHER_TASK.includes(error.code) || !(await holdsNothing(ports, existing))) throw error;
    const rows = request.rows.fingerprint.count === 0 ? request.rows : request.rowsAgain?.();
    if (rows === undefined) throw error;
    const claim = { replace: true, ended: existing.id };
    const staged = await stageNew(ports, { ...request, rows }, existing.outputDir, claim);
    const note = `run ${existing.id} had ended without an answer: this run takes its folder`;
    return { ...staged, notes: [note, ...staged.notes] };
  }
}

async function holdsNothing({ store }: StagePorts, run: RunRow): Promise<boolean> {
  if (!hasEnded(run)) return false;
  const { calls, doubtful, open, settledNano, doubtfulNano } = await store.totals(run.id);
  return calls + doubtful + open + settledNano + doubtfulNano === 0;
}

async function realFolder({ home }: Pick<StagePorts, 'home'>, dir: string): Promise<string> {
  try {
    await makeFolder(dir, folderModeIn(home, dir));
    return await realpath(dir);
  } catch (error) {
    throw new SwarmError(
      {
        code: 'E_OUT_DIR',
        place: { file: dir },
        found: `the output folder cannot be made: ${(error as Error).message}`,
        fix: 'choose another output_dir',
      },
      EXIT.badInput,
      { cause: error },
    );
  }
}

/** The newest run of a folder; leftovers of a staging that was cut short are dropped. */
async function runOfFolder({ store, homeId, now }: StagePorts, outputDir: string): Promise<RunRow | null> {
  // In a shared database another machine may have a folder of that name, which is not this one.
  const runs = (await store.runs({ outputDir })).filter(({ home }) => home === homeId || home === '');
  for (const run of runs) {
    if (run.state === 'staging' && now() - run.createdAt > ABANDONED_MS) await store.dropRun(run.id);
  }
  return runs.find((run) => run.state !== 'staging') ?? null;
}
