/** Folders beside a folder: `<dir>-2`, `<dir>-3`, ... A fork of the same task and rows is gone on with, not made again. */
import { mkdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { folderModeIn } from '../new-files.js';
import type { RunRow, Store } from '../store/port/store.js';
import type { SeedReading } from './read-seeds.js';
import type { SeenRows } from './seen-rows.js';

const forkDir = (dir: string, suffix: number) => join(dirname(dir), `${basename(dir)}-${suffix}`);

/** The rows that are asked for. */
export interface AskedRows {
  /** What is known of them already. */
  seen?: Pick<SeenRows, 'count' | 'fingerprint'> | null | undefined;
  /** Reads them once more; absent for rows that come only once. */
  rowsAgain?: (() => SeedReading) | undefined;
}

interface FolderPorts {
  store: Pick<Store, 'runs'>;
  /** Folder of this home. */
  home: string;
}

/** The first that no run has and that does not exist; it does now. */
export async function freeFolder({ store, home }: FolderPorts, dir: string): Promise<string> {
  for (let suffix = 2; ; suffix += 1) {
    const candidate = forkDir(dir, suffix);
    if ((await store.runs({ outputDir: candidate, limit: 1 })).length > 0) continue;
    try {
      await mkdir(candidate, { mode: folderModeIn(home, candidate) });
      return candidate;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** Runs of this task in the folders beside it, the last folder first. `runOf` tells the run that a folder holds. */
export async function forksOf(
  dir: string,
  taskFingerprint: string,
  runOf: (dir: string) => Promise<RunRow | null>,
): Promise<RunRow[]> {
  const forks: RunRow[] = [];
  for (let suffix = 2; ; suffix += 1) {
    const candidate = forkDir(dir, suffix);
    const run = await runOf(candidate);
    if (run === null && !(await stat(candidate).catch(() => null))) return forks.reverse();
    // Only the newest folder's rows may be gone on with when several have the same.
    if (run?.taskFingerprint === taskFingerprint) forks.push(run);
  }
}

/** The first of these runs that has these rows, or the first ones of them where `--limit` had cut it. */
export async function runWithRows(runs: readonly RunRow[], rows: AskedRows): Promise<RunRow | null> {
  if (runs.length === 0) return null;
  const digests = await digestsAt(new Set(runs.map(({ total }) => total)), rows);
  const same = (run: RunRow) => digests.get(run.total) === run.seedsFingerprint;
  return runs.find((run) => same(run) && (run.limited || run.total === digests.count)) ?? null;
}

/** Fingerprints of the first rows, at the counts that are asked for, and how many rows there are. */
async function digestsAt(
  counts: ReadonlySet<number>,
  { seen, rowsAgain }: AskedRows,
): Promise<Map<number, string> & { count: number }> {
  const digests = new Map<number, string>();
  if (seen && counts.size === 1 && counts.has(seen.count)) {
    return Object.assign(digests.set(seen.count, seen.fingerprint), { count: seen.count });
  }
  if (!rowsAgain) return Object.assign(digests, { count: 0 });
  const reading = rowsAgain();
  const { fingerprint } = reading;
  for await (const _ of reading) if (counts.has(fingerprint.count)) digests.set(fingerprint.count, fingerprint.digest());
  return Object.assign(digests, { count: fingerprint.count });
}
