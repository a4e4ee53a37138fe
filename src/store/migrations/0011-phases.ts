/** The phase that a call was made in, the role of its model, and the phase that a run is in. All runs of before had one phase, of the worker. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('calls')
    .addColumn('phase', 'text', (column) => column.notNull().defaultTo('map'))
    .execute();
  await db.schema
    .alterTable('calls')
    .addColumn('role', 'text', (column) => column.notNull().defaultTo('worker'))
    .execute();
  await db.schema.alterTable('runs').addColumn('phase', 'text').execute();
  await sql`UPDATE runs SET phase = 'map' WHERE epoch > 0`.execute(db);
}
