/** Failed and filtered rows of a run are found without a look at all the others: they are few, and asked for at publishing and retry. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const status of ['failed', 'filtered']) {
    await db.schema
      .createIndex(`outcomes_${status}`)
      .on('outcomes')
      .columns(['run_id', 'idx'])
      .where('status' as never, '=', status)
      .execute();
  }
}
