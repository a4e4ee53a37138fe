/** Opens the store: a file, or a PostgreSQL database. The rest of the code sees the port alone. */
import { openForReading, prepareFile } from './libsql-file.js';
import { LibsqlWriter } from './libsql-writer.js';
import type { Store } from './port.js';
import { Reader } from './reader.js';
import { sqlStore } from './sql-store.js';
import { storeError } from './store-errors.js';

/** `file`: absolute path of the database file. `url`: `postgres://user:password@host:port/database`. */
export type StoreLocation = { file: string } | { url: string };

/**
 * Opens the store and brings its tables to the newest schema; safe while other processes do the same. Several stores of several
 * processes may be open on one file or database. Throws E_STORE_WRITE, E_STORE_UNREACHABLE, E_STORE_URL or E_STORE_VERSION.
 */
export async function openStore(location: StoreLocation): Promise<Store> {
  const { file } = location as { file: string };
  try {
    await prepareFile(file);
    return sqlStore(new LibsqlWriter(file), new Reader(openForReading(file)), file);
  } catch (cause) {
    throw storeError(cause, file);
  }
}
