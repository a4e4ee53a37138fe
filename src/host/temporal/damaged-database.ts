/** Temporal's database when it cannot be read any more: kept under another name. The store has everything that the runs need. */
import { closeSync, existsSync, openSync, readSync, renameSync } from 'node:fs';

/** What SQLite says about a file that is no sound database. */
const DAMAGED = /file is not a database|database disk image is malformed|file is encrypted or is not a database/i;
const HEADER = 'SQLite format 3\0';

function hasHeader(path: string): boolean {
  const buffer = Buffer.alloc(HEADER.length);
  const file = openSync(path, 'r');
  try {
    // An empty file is a new database.
    return readSync(file, buffer, 0, buffer.length, 0) === 0 || buffer.toString('latin1') === HEADER;
  } finally {
    closeSync(file);
  }
}

/**
 * Renames the database (and its log and index) to `<path>.damaged-<time>` when the server's words or its first bytes say that it is
 * damaged. Returns the new name; null when it is sound or not there.
 */
export function setDamagedAside(path: string, said: string, now: Date = new Date()): string | null {
  if (!existsSync(path) || (hasHeader(path) && !DAMAGED.test(said))) return null;
  const aside = `${path}.damaged-${now.toISOString().replaceAll(/[:.]/g, '-')}`;
  renameSync(path, aside);
  for (const part of ['-wal', '-shm']) if (existsSync(path + part)) renameSync(path + part, aside + part);
  return aside;
}
