/** Money by quarter of an hour for caps per day, more caps and rates of a run, and what gates have learned. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('ledger')
    .addColumn('slot', 'bigint', (column) => column.notNull())
    .addColumn('settled_nano', 'bigint', (column) => column.notNull())
    .addColumn('reserved_nano', 'bigint', (column) => column.notNull())
    .addColumn('doubtful_nano', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('ledger_key', ['slot'])
    .execute();
  await db.schema
    .createTable('limits')
    .addColumn('gate_key', 'text', (column) => column.notNull())
    .addColumn('learned_json', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('limits_key', ['gate_key'])
    .execute();
  await db.schema.alterTable('calls').addColumn('ledger_slot', 'bigint').execute();
  await db.schema.alterTable('controls').addColumn('tokens_per_minute', 'double precision').execute();
  for (const cap of ['call_cap_nano', 'row_cap_nano', 'day_cap_nano']) {
    await db.schema.alterTable('controls').addColumn(cap, 'bigint').execute();
  }
  await db.schema
    .alterTable('controls')
    .addColumn('auto', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
}
