/** Why all calls of a run stop, for every process at once, and how many rows in a row have failed alike. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('controls').addColumn('stop_json', 'text').execute();
  await db.schema.alterTable('run_totals').addColumn('alike_code', 'text').execute();
  await db.schema
    .alterTable('run_totals')
    .addColumn('alike_rows', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
}
