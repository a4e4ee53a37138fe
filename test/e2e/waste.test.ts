/** A key or a model that ends in the middle of a run of two processes: no call in vain, and after the mend none is paid again. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Team } from '../chaos/team.js';
import type { EndingKind } from '../chaos/waste/ending.js';
import { runEnded } from '../chaos/waste/run-ended.js';
import { TRAIL_SETTINGS, Trail } from '../chaos/waste/trail.js';
import { startPostgres } from '../support/postgres.js';

const WORKERS = 1;
const postgres = await startPostgres(TRAIL_SETTINGS);
const missing = typeof postgres === 'string' ? postgres : null;
let team: Team;
let trail: Trail;

beforeAll(async () => {
  if (typeof postgres === 'string') return;
  team = await Team.open(postgres, WORKERS);
  trail = await Trail.open(team.database);
});
afterAll(async () => {
  await trail?.close();
  await team?.close();
  if (typeof postgres !== 'string') await postgres.stop();
});

describe.skipIf(missing !== null)(
  `a host and a worker over PostgreSQL${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    it.each<[EndingKind, string, number]>([
      ['key', 'is revoked', 1],
      ['model', 'is retired', 20],
    ])(
      '%s %s in the middle of 200 rows -> no intent after the stop, last sends within a second, paused; mended: each row paid once',
      async (kind, _what, sliceSize) => {
        const work = { rows: 200, turns: 1, sliceSize, workers: 24 };
        const { broken, found } = await runEnded(team, trail, WORKERS, { kind, work, after: 50, latency: 'lognormal:1000,0.3' });
        for (const line of found) process.stdout.write(`  ${line}\n`);
        expect(broken).toEqual([]);
      },
    );
  },
);
