/** PostgreSQL: how it is reached, and how its rows become the same as those of a file. */
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { EXIT, SwarmError } from '../../core/errors.js';
import { migrate } from '../migrate.js';
import type { ReadConnection } from '../sql/read-connection.js';
import type { Row, Statement, Value } from '../sql/statements.js';
import type { Tables } from '../sql/tables.js';

const CONNECT_MS = 10_000;
const READERS = 4;
/** Held while the tables are made: any number of ours, the same in all versions. */
const MIGRATION_LOCK = 7_261_923_441;

/** int8 and numeric (sums of int8) as numbers: everything stored is below 2^53. */
const NUMBER_TYPES: ReadonlySet<number> = new Set([pg.types.builtins.INT8, pg.types.builtins.NUMERIC]);
const types: pg.CustomTypesConfig = {
  getTypeParser: ((type: number, format?: 'text') => {
    return NUMBER_TYPES.has(type) ? Number : pg.types.getTypeParser(type, format);
  }) as pg.CustomTypesConfig['getTypeParser'],
};

const settings = (url: string): pg.ClientConfig => ({
  connectionString: url,
  types,
  connectionTimeoutMillis: CONNECT_MS,
  keepAlive: true,
  application_name: 'durable-swarm',
});

const texts = new Map<string, string>();

/** The statement with `$1` for `?1`. */
function postgresText({ name, text }: Statement): string {
  let translated = texts.get(name);
  if (translated === undefined) {
    translated = text.replace(/\?(\d+)/g, '$$$1');
    texts.set(name, translated);
  }
  return translated;
}

/** Runs a statement, prepared once per connection. */
export async function execute(
  client: pg.ClientBase | pg.Pool,
  statement: Statement,
  parameters: readonly Value[],
): Promise<Row[]> {
  const query = { name: statement.name, text: postgresText(statement), values: [...parameters] };
  return (await client.query<Row>(query)).rows;
}

/** Address for people: without user and password. Throws E_STORE_URL when it is not one of PostgreSQL. */
export function describeUrl(url: string): string {
  let parsed: URL | null = null;
  try {
    parsed = new URL(url);
  } catch {
    // Reported below, without the text: it may hold a password.
  }
  if (parsed && /^postgres(ql)?:$/.test(parsed.protocol)) return `postgres://${parsed.host}${parsed.pathname}`;
  throw new SwarmError(
    {
      code: 'E_STORE_URL',
      found: 'the database address is not one of PostgreSQL',
      allowed: 'postgres://user:password@host:port/database',
      fix: 'check SWARM_DATABASE_URL',
    },
    EXIT.badInput,
  );
}

/** `pipeline`: a statement is sent without waiting for the answers to those before it. @default false */
export async function connect(url: string, { pipeline = false } = {}): Promise<pg.Client> {
  const client = new pg.Client({ ...settings(url), pipeline });
  // Without a listener a lost connection would end the process; the next statement reports it.
  client.on('error', () => {});
  await client.connect();
  return client;
}

function openPool(url: string, config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({ ...settings(url), ...config });
  // An idle connection that breaks is replaced by the pool. One that breaks while it is lent out tells it too, and nobody else listens:
  // without a listener that would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** Brings the database to the newest schema; other processes may do so at the same time. */
export async function preparePostgres(url: string): Promise<void> {
  const holder = await connect(url);
  const pool = openPool(url, { max: 1 });
  const kysely = new Kysely<never>({ dialect: new PostgresDialect({ pool }) });
  try {
    await holder.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await migrate(kysely);
  } finally {
    await kysely.destroy();
    await holder.end();
  }
}

export function poolForReading(url: string): ReadConnection {
  const pool = openPool(url, { max: READERS, allowExitOnIdle: true });
  return {
    kysely: new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }),
    inList: '= ANY(CAST(?2 AS BIGINT[]))',
    listParameter: (list) => `{${list.join(',')}}`,
    query: (statement, parameters) => execute(pool, statement, parameters),
    close: () => pool.end(),
  };
}
