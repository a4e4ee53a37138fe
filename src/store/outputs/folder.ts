/** A run's folder: the names in it, and the marker that says whose it is. */
import { randomBytes } from 'node:crypto';
import { link, lstat, mkdir, open, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, SwarmError } from '../../core/errors.js';
import { OUTPUT_FORMATS, type OutputFormat } from '../../schema/task-types.js';
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
const OUR_FILES: readonly string[] = [
  ...OUTPUT_FORMATS.map(outputFile),
  PARTIAL_FILE,
  FAILED_FILE,
  FILTERED_FILE,
  TRANSCRIPTS_FILE,
  RECEIPT_FILE,
];

/** Whose folder this is. */
export interface FolderMarker {
  run: string;
  /** Folder of the home whose store has the run. */
  home: string;
  /** Fingerprint of the task. */
  fingerprint: string;
  /** Ms since the Unix epoch. */
  createdAt: number;
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
export async function readMarker(dir: string): Promise<FolderMarker | null> {
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
  return { run, home, fingerprint, createdAt };
}

function brokenMarker(path: string, found: string): SwarmError {
  const fix = 'choose another output_dir, or remove this file if the folder may be written over';
  return new SwarmError({ code: 'E_OUT_MARKER', place: { file: path }, found, fix }, EXIT.badInput);
}

function taken(dir: string, marker: FolderMarker): SwarmError {
  const since = new Date(marker.createdAt).toISOString();
  return new SwarmError(
    {
      code: 'E_LOCKED',
      place: { file: dir },
      found: `the folder belongs to run ${marker.run} of ${marker.home}, since ${since}`,
      fix: 'choose another output_dir, or --fork for a new folder, or --fresh to start over in this one',
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

/** Creates the marker if there is none; false when another process was first. A link is made at once and never over another file. */
async function createMarker(dir: string, marker: FolderMarker): Promise<boolean> {
  const temporary = join(dir, `${MARKER_FILE}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
  const handle = await open(temporary, 'wx');
  try {
    await handle.writeFile(markerText(marker));
    await handle.sync();
    await link(temporary, join(dir, MARKER_FILE));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await handle.close();
    await rm(temporary, { force: true });
  }
}

function markerText({ run, home, fingerprint, createdAt }: FolderMarker): string {
  return `${JSON.stringify({ run, home, fingerprint, createdAt }, null, 2)}\n`;
}

/**
 * Makes a folder (and its parents) the folder of a run. Claiming again for the same run is fine; of several claims at once one wins.
 * Returns the real path. Throws E_LOCKED (exit 6) when it belongs to another run, E_OUT_DIR (exit 2) when files of that name are in
 * it that no run wrote, E_OUT_WRITE (exit 7) when it cannot be made or written.
 * @param options.replace `true`: the folder of another run, or such files, are taken over (`--fresh`); final files stay until this run
 * publishes its own.
 */
export async function claimFolder(dir: string, marker: FolderMarker, options: { replace?: boolean } = {}): Promise<string> {
  const real = await writing(dir, async () => {
    await mkdir(dir, { recursive: true });
    return await realpath(dir);
  });
  const found = await readMarker(real);
  if (found) {
    const other = found.run !== marker.run;
    if (other && !options.replace) throw taken(real, found);
    await replaceMarker(real, marker, other);
    return real;
  }
  const ours = (await writing(real, () => readdir(real))).find((name) => OUR_FILES.includes(name));
  if (ours && !options.replace) throw foreign(real, ours);
  if (!(await writing(real, () => createMarker(real, marker)))) return await claimFolder(real, marker, options);
  if (ours) await replaceMarker(real, marker, true);
  return real;
}

/** @param forget `true`: the partial output of another run goes, since a run appends to its own. */
async function replaceMarker(dir: string, marker: FolderMarker, forget: boolean): Promise<void> {
  const update = await FolderUpdate.begin(dir);
  try {
    if (forget) update.remove(PARTIAL_FILE);
    await update.write(MARKER_FILE, (sink) => sink.write(markerText(marker)));
    await update.commit();
  } finally {
    await update.abandon();
  }
}
