/** From when the last slots of a rate were taken: a wall clock that was set back since is told by it. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('rates')
    .addColumn('from_us', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
}
