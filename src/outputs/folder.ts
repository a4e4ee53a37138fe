/** A run's folder: the names in it, and the marker that says whose it is. */
import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, SwarmError } from '../core/errors.js';
import { folderModeIn, makeFolder } from '../new-files.js';
import { OUTPUT_FORMATS, type OutputFormat } from '../schema/task-types.js';
import { type Holder, isHolder, isHolding, thisProcess } from './folder-holder.js';
import { withFolderLock } from './folder-lock.js';
import { FolderUpdate } from './folder-update.js';
import { writing } from './write-errors.js';

export const MARKER_FILE = '.durable-swarm.json';
export const PARTIAL_FILE = 'output.partial.jsonl';
export const FAILED_FILE = 'failed.jsonl';
export const FILTERED_FILE = 'filtered.jsonl';
export const TRANSCRIPTS_FILE = 'transcripts.jsonl';
export const RECEIPT_FILE = 'receipt.json';

/** `output.jsonl`, `output.json`, ... */
export function outputFile(format: OutputFormat): string {
  return `output.${format}`;
}

/** All names that a run may write. */
export const RESULT_FILES: readonly string[] = [
  ...OUTPUT_FORMATS.map(outputFile),
  PARTIAL_FILE,
  FAILED_FILE,
  FILTERED_FILE,
  TRANSCRIPTS_FILE,
  RECEIPT_FILE,
];

/** Whose folder this is. */
export interface FolderMarker {
  /** Id of the run. */
  run: string;
  /** Folder of the home whose store has the run. */
  home: string;
  /** Fingerprint of the task. */
  fingerprint: string;
  /** Ms since the Unix epoch. */
  createdAt: number;
}

/** A marker as it stands in a folder. */
export interface FolderOwner extends FolderMarker {
  /** The living process that is at work in the folder; null while none is. */
  holder: Holder | null;
}

function isMarker(value: unknown): value is FolderMarker {
  const marker = value as FolderMarker | null;
  return (
    typeof marker?.run === 'string' &&
    typeof marker.home === 'string' &&
    typeof marker.fingerprint === 'string' &&
    typeof marker.createdAt === 'number'
  );
}

/** The marker of a folder; null when there is no folder or no marker. Throws E_OUT_MARKER for one that cannot be read. */
export async function readMarker(dir: string): Promise<FolderOwner | null> {
  const path = join(dir, MARKER_FILE);
  let text: string;
  try {
    if (!(await lstat(path)).isFile()) throw brokenMarker(path, 'it is not a plain file');
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    if (SwarmError.is(error)) throw error;
    throw brokenMarker(path, `it cannot be read (${code})`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw brokenMarker(path, 'it is not JSON');
  }
  if (!isMarker(value)) throw brokenMarker(path, 'it does not name a run');
  const { run, home, fingerprint, createdAt } = value;
  const { holder } = value as { holder?: unknown };
  return { run, home, fingerprint, createdAt, holder: isHolder(holder) && isHolding(holder) ? holder : null };
}

function brokenMarker(path: string, found: string): SwarmError {
  const fix = 'choose another output_dir, or remove this file if the folder may be written over';
  return new SwarmError({ code: 'E_OUT_MARKER', place: { file: path }, found, fix }, EXIT.badInput);
}

/** E_LOCKED (exit 6): whose the folder is, and which process is at work in it. */
export function taken(dir: string, { run, home, createdAt, holder }: FolderOwner): SwarmError {
  const date = (at: number) => new Date(at).toISOString();
  const held = holder === null ? `since ${date(createdAt)}` : `held by process ${holder.pid} since ${date(holder.since)}`;
  return new SwarmError(
    {
      code: 'E_LOCKED',
      place: { file: dir },
      found: `the folder belongs to run ${run} of ${home}, ${held}`,
      fix:
        holder === null
          ? 'choose another output_dir, or --fork for a new folder, or --fresh to start over in this one'
          : 'wait until that run has ended, or choose another output_dir, or --fork for a new folder',
    },
    EXIT.locked,
  );
}

function foreign(dir: string, name: string): SwarmError {
  return new SwarmError(
    {
      code: 'E_OUT_DIR',
      place: { file: dir },
      found: `the folder holds ${name} that no run of ours wrote: it would be written over`,
      allowed: 'an empty or new folder, or the folder of this run',
      fix: 'choose another output_dir, or move that file away, or --fresh to write over it',
    },
    EXIT.badInput,
  );
}

/** True when a run was published here: its receipt appears last. */
export async function isPublished(dir: string): Promise<boolean> {
  return await lstat(join(dir, RECEIPT_FILE)).then(
    () => true,
    () => false,
  );
}

function markerText({ run, home, fingerprint, createdAt }: FolderMarker, holder: Holder | null): string {
  return `${JSON.stringify({ run, home, fingerprint, createdAt, holder }, null, 2)}\n`;
}

export interface ClaimOptions {
  /** `true`: the folder of another run that nobody is at work in, or such files, are taken over (`--fresh`). */
  replace?: boolean;
  /** Another run that is known to have ended, whatever process once worked in its folder. */
  ended?: string;
}

/**
 * Makes a folder (and its parents) the folder of a run, with this process at work in it. Claiming again for the same run is fine; of
 * several claims at once one wins. Final files of an earlier run stay until this one publishes its own.
 * Returns the real path. Throws E_LOCKED (exit 6) when it belongs to another run, E_OUT_DIR (exit 2) when files of that name are in
 * it that no run wrote, E_OUT_WRITE (exit 7) when it cannot be made or written.
 */
export async function claimFolder(dir: string, marker: FolderMarker, options: ClaimOptions = {}): Promise<string> {
  const real = await writing(dir, async () => {
    await makeFolder(dir, folderModeIn(marker.home, dir));
    return await realpath(dir);
  });
  await withFolderLock(real, async () => {
    const found = await readMarker(real);
    const other = found !== null && found.run !== marker.run;
    if (other && !(options.replace && (found.holder === null || found.run === options.ended))) throw taken(real, found);
    const ours = found ? undefined : (await writing(real, () => readdir(real))).find((name) => RESULT_FILES.includes(name));
    if (ours && !options.replace) throw foreign(real, ours);
    await FolderUpdate.apply(real, async (update) => {
      // A run appends to its own partial output, not to that of another.
      if (other || ours !== undefined) update.remove(PARTIAL_FILE);
      await writeMarker(update, marker, thisProcess(Date.now()));
    });
  });
  return real;
}

/**
 * This process has done its work in the run's folder: `last`, when given, is put in place, and behind it the marker that says so. The
 * marker stays as it is when the folder is another run's by now, or when it cannot be read.
 */
export async function releaseFolder(dir: string, run: string, last?: FolderUpdate): Promise<void> {
  await withFolderLock(dir, async () => {
    const found = await readMarker(dir).catch(() => null);
    const ours = found?.run === run && found.holder?.pid === process.pid ? found : null;
    if (last) {
      if (ours) await writeMarker(last, ours, null);
      await last.commit();
    } else if (ours) await FolderUpdate.apply(dir, (update) => writeMarker(update, ours, null));
  });
}

async function writeMarker(update: FolderUpdate, marker: FolderMarker, holder: Holder | null): Promise<void> {
  await update.write(MARKER_FILE, (sink) => sink.write(markerText(marker, holder)));
}
