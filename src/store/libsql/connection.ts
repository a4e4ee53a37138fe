/** Connections of the store's file, and their prepared statements. The writer thread loads this alone, so it stays small. */
import Database from 'libsql';
import type { Row, Statement, Value } from '../sql/statements.js';

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

/** Every commit is on the disk when it returns. */
function openForWriting(file: string): Database.Database {
  const database = new Database(file);
  try {
    database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    database.exec('PRAGMA synchronous = FULL');
    database.prepare('PRAGMA journal_size_limit = 67108864').all();
    return database;
  } catch (cause) {
    database.close();
    throw cause;
  }
}

/**
 * The one connection of this process that writes. After a fault of the file nothing of it is trusted: the transaction is rolled back,
 * the connection is closed, and the next transaction opens another one and writes its pages anew.
 */
export class WritingConnection {
  readonly #file: string;
  #open: { database: Database.Database; statements: LibsqlStatements } | null = null;

  constructor(file: string) {
    this.#file = file;
  }

  /** Opens the file ahead of the first write; says nothing when it cannot. */
  expectWrites(): void {
    try {
      this.#opened();
    } catch {
      // The first write meets it again.
    }
  }

  begin(): void {
    this.#opened().database.exec('BEGIN IMMEDIATE');
  }

  execute(statement: Statement, parameters: readonly Value[]): Row[] {
    return this.#opened().statements.execute(statement, parameters);
  }

  commit(): void {
    this.#opened().database.exec('COMMIT');
  }

  /** Takes back the transaction that `cause` ended, if there is one. */
  abandon(cause: unknown): void {
    try {
      if (this.#open?.database.inTransaction) this.#open.database.exec('ROLLBACK');
      if (!isFault(cause)) return;
    } catch {
      // Whether it was rolled back is not known: closing it does so.
    }
    this.close();
  }

  close(): void {
    const open = this.#open;
    this.#open = null;
    try {
      open?.database.close();
    } catch {
      // Nothing waits to be written on it.
    }
  }

  #opened(): { database: Database.Database; statements: LibsqlStatements } {
    if (!this.#open) {
      const database = openForWriting(this.#file);
      this.#open = { database, statements: new LibsqlStatements(database) };
    }
    return this.#open;
  }
}

/** A result code of the file, not of a statement. A busy file is sound. */
function isFault(cause: unknown): boolean {
  return /^SQLITE_(FULL|IOERR|READONLY|CANTOPEN|CORRUPT|NOTADB|NOMEM|PROTOCOL)/.test(String((cause as { code?: unknown })?.code));
}

/** A connection that cannot write. */
export function openQueryOnly(file: string): Database.Database {
  const database = new Database(file);
  database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
  database.exec('PRAGMA query_only = ON');
  return database;
}
