/** Opens the store: a file, or a PostgreSQL database. The rest of the code sees the port alone. */
import { openForReading, prepareFile } from './libsql/file.js';
import { LibsqlWriter } from './libsql/writer.js';
import type { Store } from './port/store.js';
import { Reader } from './sql/reader.js';
import { sqlStore } from './sql/sql-store.js';
import { storeError } from './store-errors.js';

/** `file`: absolute path of the database file. `url`: `postgres://user:password@host:port/database`. */
export type StoreLocation = { file: string } | { url: string };

/**
 * Opens the store and brings its tables to the newest schema; safe while other processes do the same. Several processes may have one
 * file or database open. Throws E_STORE_WRITE, E_STORE_UNREACHABLE, E_STORE_URL or E_STORE_VERSION.
 */
export async function openStore(location: StoreLocation): Promise<Store> {
  return 'file' in location ? openFile(location.file) : openPostgres(location.url);
}

async function openFile(file: string): Promise<Store> {
  try {
    await prepareFile(file);
    return sqlStore(new LibsqlWriter(file), new Reader(openForReading(file)), file);
  } catch (cause) {
    throw storeError(cause, file);
  }
}

async function openPostgres(url: string): Promise<Store> {
  // Loaded only where it is used: most homes have a file.
  const { describeUrl, poolForReading, preparePostgres } = await import('./postgres/connection.js');
  const { PostgresWriter } = await import('./postgres/writer.js');
  const where = describeUrl(url);
  try {
    await preparePostgres(url);
    return sqlStore(new PostgresWriter(url, where), new Reader(poolForReading(url)), where);
  } catch (cause) {
    throw storeError(cause, where);
  }
}
