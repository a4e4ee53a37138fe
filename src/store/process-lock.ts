/** A lock on a file that the kernel drops when its holder dies, so that it is never stale: an open exclusive transaction. */
import { closeSync, openSync } from 'node:fs';
import Database from 'libsql';
import { PRIVATE_FILE_MODE } from '../new-files.js';

/**
 * Makes the file of a lock unless it is there; no link is followed. One that is there must not be opened: closing it would end the lock that
 * this process may have on it.
 */
export function makeLockFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', PRIVATE_FILE_MODE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

export class ProcessLock {
  readonly #database: Database.Database;

  private constructor(database: Database.Database) {
    this.#database = database;
  }

  /** Null when another process holds it. Throws when the file cannot be opened. */
  static tryAcquire(path: string): ProcessLock | null {
    makeLockFile(path);
    const database = new Database(path, { timeout: 0 });
    try {
      database.pragma('busy_timeout = 0');
      // A journal in a file would be left behind by a killed holder.
      database.pragma('journal_mode = MEMORY');
      database.exec('BEGIN EXCLUSIVE');
      return new ProcessLock(database);
    } catch (error) {
      database.close();
      if ((error as { code?: string }).code?.startsWith('SQLITE_BUSY')) return null;
      throw error;
    }
  }

  release(): void {
    this.#database.exec('ROLLBACK');
    this.#database.close();
  }
}
