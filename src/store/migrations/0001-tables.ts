/** The first schema. A released migration is never edited: a change is the next file. */
import type { Kysely } from 'kysely';

type Column = readonly [name: string, type: 'text' | 'bigint' | 'double precision', nullable?: 'null'];

const TOKENS = ['input_tokens', 'cached_tokens', 'output_tokens', 'reasoning_tokens'] as const;
const COUNTS = ['total', 'ok', 'failed', 'filtered', 'seq', 'calls', 'tries', 'limited', 'doubtful', 'open_calls'] as const;
const MONEY = ['settled_nano', 'reserved_nano', 'doubtful_nano'] as const;

async function table(db: Kysely<unknown>, name: string, key: readonly string[], columns: readonly Column[]): Promise<void> {
  let builder = db.schema.createTable(name).addPrimaryKeyConstraint(`${name}_key`, key as never);
  for (const [column, type, nullable] of columns) {
    builder = builder.addColumn(column, type, (definition) => (nullable ? definition : definition.notNull())) as never;
  }
  await builder.execute();
}

export async function up(db: Kysely<unknown>): Promise<void> {
  await table(
    db,
    'runs',
    ['id'],
    [
      ['id', 'text'],
      ['name', 'text'],
      ['state', 'text'],
      ['reason', 'text', 'null'],
      ['message', 'text', 'null'],
      ['epoch', 'bigint'],
      ['task_json', 'text'],
      ['task_fingerprint', 'text'],
      ['seeds_fingerprint', 'text'],
      ['total', 'bigint'],
      ['output_dir', 'text'],
      ['detached', 'bigint'],
      ['limited', 'bigint'],
      ['origin', 'text'],
      ['workflow_id', 'text', 'null'],
      ['execution_id', 'text', 'null'],
      ['created_at', 'bigint'],
      ['started_at', 'bigint', 'null'],
      ['ended_at', 'bigint', 'null'],
      ['published_at', 'bigint', 'null'],
      ['dropped', 'bigint'],
    ],
  );
  await db.schema.createIndex('runs_by_age').on('runs').columns(['created_at', 'id']).execute();

  await table(
    db,
    'run_totals',
    ['run_id'],
    [['run_id', 'text'], ...[...COUNTS, ...MONEY, ...TOKENS].map((name): Column => [name, 'bigint'])],
  );

  await table(
    db,
    'seeds',
    ['run_id', 'idx'],
    [
      ['run_id', 'text'],
      ['idx', 'bigint'],
      ['id_json', 'text'],
      ['content_json', 'text'],
    ],
  );

  await table(
    db,
    'items',
    ['run_id', 'epoch', 'pos'],
    [
      ['run_id', 'text'],
      ['epoch', 'bigint'],
      ['pos', 'bigint'],
      ['idx', 'bigint'],
    ],
  );

  await table(
    db,
    'calls',
    ['run_id', 'idx', 'turn', 'attempt'],
    [
      ['run_id', 'text'],
      ['idx', 'bigint'],
      ['turn', 'bigint'],
      ['attempt', 'bigint'],
      ['epoch', 'bigint'],
      ['state', 'text'],
      ['owner', 'text'],
      ['is_try', 'bigint'],
      ['code', 'text', 'null'],
      ['finish', 'text', 'null'],
      ['served_model', 'text', 'null'],
      ...TOKENS.map((name): Column => [name, 'bigint', 'null']),
      ['reserved_nano', 'bigint'],
      ['cost_nano', 'bigint'],
      ['started_at', 'bigint'],
      ['ended_at', 'bigint', 'null'],
    ],
  );
  // Partial: a finished call is in neither, so both stay as small as what they list.
  await db.schema
    .createIndex('calls_open')
    .on('calls')
    .columns(['owner'])
    .where('state' as never, '=', 'intent')
    .execute();
  await db.schema
    .createIndex('calls_doubtful')
    .on('calls')
    .columns(['run_id', 'idx', 'turn', 'attempt'])
    .where('state' as never, '=', 'doubtful')
    .execute();

  await table(
    db,
    'answers',
    ['run_id', 'idx', 'turn', 'attempt'],
    [
      ['run_id', 'text'],
      ['idx', 'bigint'],
      ['turn', 'bigint'],
      ['attempt', 'bigint'],
      ['answer_json', 'text'],
    ],
  );

  await table(
    db,
    'outcomes',
    ['run_id', 'idx'],
    [
      ['run_id', 'text'],
      ['idx', 'bigint'],
      ['seq', 'bigint'],
      ['status', 'text'],
      ['cause', 'text', 'null'],
      ['from_turn', 'bigint'],
      ['turns', 'bigint'],
      ['outcome_json', 'text'],
    ],
  );
  await db.schema.createIndex('outcomes_by_arrival').unique().on('outcomes').columns(['run_id', 'seq']).execute();

  await table(
    db,
    'controls',
    ['run_id'],
    [
      ['run_id', 'text'],
      ['paused', 'bigint'],
      ['cancelled', 'bigint'],
      ['concurrency', 'bigint'],
      ['requests_per_minute', 'double precision', 'null'],
      ['cap_nano', 'bigint', 'null'],
      ['version', 'bigint'],
    ],
  );

  await table(
    db,
    'queues',
    ['name'],
    [
      ['name', 'text'],
      ['provider', 'text'],
      ['model', 'text'],
      ['requests_per_minute', 'double precision', 'null'],
      ['call_ms', 'bigint', 'null'],
      ['last_used_at', 'bigint'],
    ],
  );

  await table(
    db,
    'rates',
    ['rate_key'],
    [
      ['rate_key', 'text'],
      ['next_us', 'bigint'],
    ],
  );

  await table(
    db,
    'owners',
    ['id'],
    [
      ['id', 'text'],
      ['home', 'text'],
      ['pid', 'bigint'],
      ['lease_until', 'bigint'],
    ],
  );

  await table(
    db,
    'activities',
    ['task_token'],
    [
      ['task_token', 'text'],
      ['owner', 'text'],
    ],
  );
  await db.schema.createIndex('activities_by_owner').on('activities').columns(['owner']).execute();
}
