/** A host and workers over a PostgreSQL of their own, for the tests of one file; and what an undisturbed run answers. */
import { afterAll, beforeAll } from 'vitest';
import { Team } from '../chaos/team.js';
import { Undisturbed } from '../chaos/undisturbed.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';

export interface WorkerTeam {
  /** Why there is no PostgreSQL here, or null. */
  readonly missing: string | null;
  /** For the title: empty, or that it is skipped, and why. */
  readonly skipped: string;
  readonly postgres: TestPostgres;
  readonly team: Team;
  readonly undisturbed: Undisturbed;
}

/** `workers` start before the first test; all of it ends after the last one. */
export async function workerTeam(workers: number): Promise<WorkerTeam> {
  const postgres = await startPostgres();
  const missing = typeof postgres === 'string' ? postgres : null;
  const bed = { missing, skipped: missing === null ? '' : ` (skipped: ${missing})`, postgres } as {
    -readonly [K in keyof WorkerTeam]: WorkerTeam[K];
  };
  beforeAll(async () => {
    if (missing !== null) return;
    bed.team = await Team.open(bed.postgres, workers);
    bed.undisturbed = await Undisturbed.run(bed.team.home, 300, [1]);
  });
  afterAll(async () => {
    await bed.team?.close();
    if (typeof postgres !== 'string') await postgres.stop();
  });
  return bed;
}
