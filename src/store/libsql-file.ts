/** The store's database file: made with its rights, brought to the newest schema, opened for reading or writing. */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, SqliteDialect } from 'kysely';
import Database from 'libsql';
import { migrate } from './migrate.js';
import type { ReadConnection } from './read-connection.js';
import type { Row, Statement, Value } from './statements.js';
import type { Tables } from './tables.js';

/** How long a statement waits for another process that writes. */
const BUSY_MS = 10_000;
/** One try of the opening, which blocks this thread. */
const OPENING_BUSY_MS = 100;
const OPENING_LIMIT_MS = 30_000;

type PreparedStatement = ReturnType<Database.Database['prepare']>;

/** Statements of one connection, each prepared once. */
export class LibsqlStatements {
  readonly #database: Database.Database;
  readonly #prepared = new Map<string, { statement: PreparedStatement; returnsRows: boolean }>();

  constructor(database: Database.Database) {
    this.#database = database;
  }

  execute({ name, text }: Statement, parameters: readonly Value[]): Row[] {
    let prepared = this.#prepared.get(name);
    if (!prepared) {
      const statement = this.#database.prepare(text);
      prepared = { statement, returnsRows: statement.reader };
      this.#prepared.set(name, prepared);
    }
    if (prepared.returnsRows) return prepared.statement.all(parameters) as Row[];
    prepared.statement.run(parameters);
    return [];
  }
}

function isBusy(cause: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(String((cause as { code?: unknown }).code));
}

/** Makes folder (0700) and file (0600) when missing, switches to the write-ahead log, and migrates; other processes may do so too. */
export async function prepareFile(file: string): Promise<void> {
  if (!existsSync(dirname(file))) mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  if (!existsSync(file)) {
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
  }
  const deadline = Date.now() + OPENING_LIMIT_MS;
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
      if (!isBusy(cause) || Date.now() > deadline) throw cause;
    } finally {
      // Rolls back what is open.
      database.close();
    }
    await sleep(20);
  }
}

/** The one connection of this process that writes. Every commit is on the disk when it returns. */
export function openForWriting(file: string): Database.Database {
  const database = new Database(file);
  database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
  database.exec('PRAGMA synchronous = FULL');
  database.prepare('PRAGMA journal_size_limit = 67108864').all();
  return database;
}

export function openForReading(file: string): ReadConnection {
  const database = new Database(file);
  database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
  database.exec('PRAGMA query_only = ON');
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
