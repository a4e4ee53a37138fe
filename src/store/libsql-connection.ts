/** Connections of the store's file, and their prepared statements. The writer thread loads this alone, so it stays small. */
import Database from 'libsql';
import type { Row, Statement, Value } from './statements.js';

/** How long a statement waits for another process that writes. */
const BUSY_MS = 10_000;

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

/** The one connection of this process that writes. Every commit is on the disk when it returns. */
export function openForWriting(file: string): Database.Database {
  const database = new Database(file);
  database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
  database.exec('PRAGMA synchronous = FULL');
  database.prepare('PRAGMA journal_size_limit = 67108864').all();
  return database;
}

/** A connection that cannot write. */
export function openQueryOnly(file: string): Database.Database {
  const database = new Database(file);
  database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
  database.exec('PRAGMA query_only = ON');
  return database;
}
