/** Shares of a limit by process, the home that a run's files belong to, and the Temporal namespace of an owner's activities. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('shares')
    .addColumn('share_key', 'text', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('wanted', 'bigint', (column) => column.notNull())
    .addColumn('granted', 'bigint', (column) => column.notNull())
    .addColumn('booked', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('shares_key', ['share_key', 'owner'])
    .execute();
  await db.schema.createIndex('shares_by_owner').on('shares').columns(['owner']).execute();
  await db.schema
    .alterTable('owners')
    .addColumn('temporal', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
  await db.schema
    .alterTable('runs')
    .addColumn('home', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
}
