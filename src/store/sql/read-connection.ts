/** A connection that only reads, one shape for both databases: Kysely for what is asked now and then, prepared statements for the rest. */
import type { Kysely } from 'kysely';
import type { Row, Statement, Value } from './statements.js';
import type { Tables } from './tables.js';

export interface ReadConnection {
  readonly kysely: Kysely<Tables>;
  /** Condition `is in the list`, for a list given as parameter ?2. */
  readonly inList: string;
  listParameter(list: readonly number[]): Value;
  /** Runs a statement that is prepared once. */
  query(statement: Statement, parameters: readonly Value[]): Promise<Row[]>;
  close(): Promise<void>;
}
