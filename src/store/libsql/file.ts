/** The store's database file: made with its rights, brought to the newest schema, opened for reading. */
import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, SqliteDialect } from 'kysely';
import Database from 'libsql';
import { makeFolderSync, PRIVATE_FOLDER_MODE } from '../../new-files.js';
import { migrate } from '../migrate.js';
import type { ReadConnection } from '../sql/read-connection.js';
import type { Tables } from '../sql/tables.js';
import { LibsqlStatements, openQueryOnly } from './connection.js';

/** One try of the opening, which blocks this thread. */
const OPENING_BUSY_MS = 100;
const OPENING_LIMIT_MS = 30_000;

function isBusy(cause: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(String((cause as { code?: unknown }).code));
}

/** Makes folder (0700) and file (0600) when missing, switches to the write-ahead log, and migrates; other processes may do so too. */
export async function prepareFile(file: string): Promise<void> {
  if (!existsSync(dirname(file))) makeFolderSync(dirname(file), PRIVATE_FOLDER_MODE);
  if (!existsSync(file)) {
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
  }
  const deadline = performance.now() + OPENING_LIMIT_MS;
  for (;;) {
    const database = new Database(file);
    try {
      database.exec(`PRAGMA busy_timeout = ${OPENING_BUSY_MS}`);
      database.prepare('PRAGMA journal_mode = WAL').all();
      // The lock of the migration: a second opener waits here, then finds nothing to do.
      database.exec('BEGIN IMMEDIATE');
      await migrate(new Kysely<never>({ dialect: new SqliteDialect({ database }) }));
      database.exec('COMMIT');
      return;
    } catch (cause) {
      if (!isBusy(cause) || performance.now() > deadline) throw cause;
    } finally {
      // Rolls back what is open.
      database.close();
    }
    await sleep(20);
  }
}

export function openForReading(file: string): ReadConnection {
  const database = openQueryOnly(file);
  const statements = new LibsqlStatements(database);
  return {
    kysely: new Kysely<Tables>({ dialect: new SqliteDialect({ database }) }),
    inList: 'IN (SELECT value FROM json_each(?2))',
    listParameter: (list) => JSON.stringify(list),
    query: async (statement, parameters) => statements.execute(statement, parameters),
    close: async () => {
      database.close();
    },
  };
}
