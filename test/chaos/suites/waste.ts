/** A key revoked, credit used up or a model retired in the middle of 5,000 rows: no call in vain, and after the mend none paid again. */
import { startPostgres } from '../../support/postgres.js';
import { seededRandom } from '../../support/test-random.js';
import type { SoakOptions, SoakResult, SoakSuite } from '../suite.js';
import { Team } from '../team.js';
import { ENDINGS, type EndingKind } from '../waste/ending.js';
import { type Ending, type Played, runEnded } from '../waste/run-ended.js';
import { TRAIL_SETTINGS, Trail } from '../waste/trail.js';

const WORKERS = 2;
const ROWS = 5_000;
const WIDE = 200;

/** Three seeds in a row are one of each kind. */
function drawEnding(seed: number): Ending {
  const kind = ENDINGS[seed % ENDINGS.length] as EndingKind;
  const after = seededRandom(`waste ${seed}`).whole(ROWS / 10, ROWS / 2);
  return { kind, after, work: { rows: ROWS, turns: 1, sliceSize: 50, workers: WIDE }, latency: 'lognormal:3000,0.3' };
}

async function run({ seed, scenarios, say }: SoakOptions): Promise<SoakResult> {
  const postgres = await startPostgres(TRAIL_SETTINGS);
  if (typeof postgres === 'string') return { broken: [], summary: [`skipped: ${postgres}`] };
  const broken: string[] = [];
  const count = scenarios ?? ENDINGS.length;
  try {
    for (let at = seed; at < seed + count; at += 1) {
      const { broken: wrong, found } = await playAlone(postgres, drawEnding(at));
      for (const line of found) say(`seed ${at}: ${line}`);
      broken.push(...wrong.map((line) => `seed ${at}: ${line}`));
    }
  } finally {
    await postgres.stop();
  }
  return { broken, summary: [`${count} runs of ${ROWS} rows, ${WIDE} in flight, a host and ${WORKERS} workers`] };
}

/** In a home of its own: a stop holds for all runs of its key. */
async function playAlone(postgres: Exclude<Awaited<ReturnType<typeof startPostgres>>, string>, ending: Ending): Promise<Played> {
  const team = await Team.open(postgres, WORKERS);
  try {
    const trail = await Trail.open(team.database);
    try {
      return await runEnded(team, trail, WORKERS, ending);
    } finally {
      await trail.close();
    }
  } finally {
    await team.close();
  }
}

const suite: SoakSuite = {
  name: 'waste',
  about: `a key revoked, credit used up, a model retired in the middle of ${ROWS} rows, ${WIDE} in flight over three processes: no intent after the stop, the last send within a second, nothing paid again after the mend`,
  run,
};

export default suite;
