/** The versions of a run's task, where it was changed while rows were left. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('task_versions')
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('from_epoch', 'bigint', (column) => column.notNull())
    .addColumn('from_seq', 'bigint', (column) => column.notNull())
    .addColumn('task_fingerprint', 'text', (column) => column.notNull())
    .addColumn('task_json', 'text', (column) => column.notNull())
    .addColumn('changed_json', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('task_versions_key', ['run_id', 'version'])
    .execute();
}
