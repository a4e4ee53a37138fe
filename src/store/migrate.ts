/** Brings a database to the newest schema. Each caller holds the lock of its own kind of database while this runs. */
import { type Kysely, type Migration, type MigrationProvider, Migrator } from 'kysely';
import { EXIT, SwarmError } from '../core/errors.js';
import * as tables from './migrations/0001-tables.js';
import * as shares from './migrations/0002-shares.js';
import * as outcomesByStatus from './migrations/0003-outcomes-by-status.js';
import * as capsAndLimits from './migrations/0004-caps-and-limits.js';
import * as waitsAndTime from './migrations/0005-waits-and-time.js';
import * as setClocks from './migrations/0006-set-clocks.js';
import * as moneyThatIsKnown from './migrations/0007-money-that-is-known.js';
import * as promptAlone from './migrations/0008-prompt-alone.js';
import * as taskVersions from './migrations/0009-task-versions.js';
import * as stops from './migrations/0010-stops.js';
import * as phases from './migrations/0011-phases.js';

/** In order of their names. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-tables': tables,
  '0002-shares': shares,
  '0003-outcomes-by-status': outcomesByStatus,
  '0004-caps-and-limits': capsAndLimits,
  '0005-waits-and-time': waitsAndTime,
  '0006-set-clocks': setClocks,
  '0007-money-that-is-known': moneyThatIsKnown,
  '0008-prompt-alone': promptAlone,
  '0009-task-versions': taskVersions,
  '0010-stops': stops,
  '0011-phases': phases,
};

/** Name of the newest schema. */
export const NEWEST_SCHEMA = Object.keys(MIGRATIONS).at(-1) as string;

const provider: MigrationProvider = { getMigrations: async () => MIGRATIONS };

/**
 * Runs the missing migrations.
 * Throws E_STORE_VERSION when the database was made by a newer version, else what the database threw.
 */
export async function migrate(db: Kysely<never>): Promise<void> {
  const migrator = new Migrator({
    db,
    provider,
    migrationTableName: 'swarm_migrations',
    migrationLockTableName: 'swarm_migration_lock',
  });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  if (error instanceof Error && /corrupted migrations/.test(error.message)) {
    throw new SwarmError(
      {
        code: 'E_STORE_VERSION',
        found: 'the store was written by a newer version of durable-swarm',
        allowed: `schema ${NEWEST_SCHEMA} or older`,
        fix: 'use that version, or another SWARM_HOME or database',
      },
      EXIT.badInput,
      { cause: error },
    );
  }
  throw error;
}
