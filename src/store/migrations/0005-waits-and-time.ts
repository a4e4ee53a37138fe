/** What runs wait for, by process, and the time that was worked on a run. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('waits')
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('wait_json', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('waits_key', ['run_id', 'owner'])
    .execute();
  await db.schema
    .alterTable('runs')
    .addColumn('worked_ms', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
  await db.schema.alterTable('runs').addColumn('working_since', 'bigint').execute();
}
