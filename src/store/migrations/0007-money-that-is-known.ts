/**
 * The cap that the command brought which let a run go on, calls whose cost nobody knows, and by how much answers of a model have cost more
 * than they may.
 */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('controls').addColumn('start_cap_nano', 'bigint').execute();
  await db.schema.alterTable('controls').addColumn('start_cap_zone', 'text').execute();
  for (const table of ['calls', 'run_totals']) {
    await db.schema
      .alterTable(table)
      .addColumn('unpriced', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute();
  }
  await db.schema
    .createTable('excesses')
    .addColumn('model_key', 'text', (column) => column.notNull())
    .addColumn('excess_json', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('excesses_key', ['model_key'])
    .execute();
}
