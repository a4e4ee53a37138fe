/** Workers killed in turn while runs go on, over PostgreSQL: nothing lost, nothing doubled, limits hold. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres } from '../../support/postgres.js';
import { endEvent } from '../../support/swarm-home.js';
import { seededRandom } from '../../support/test-random.js';
import { check, type Findings } from '../checker.js';
import { chaosTask } from '../rows.js';
import type { SoakOptions, SoakResult, SoakSuite } from '../suite.js';
import { mostOpen, Team } from '../team.js';
import { Undisturbed } from '../undisturbed.js';

const WORKERS = 4;
const ROWS = 1_000;
/** Kills of one run; five runs make fifty. */
const KILLS = 10;
const RUNS = 5;
const RUN_MS = 600_000;

async function runOne(team: Team, undisturbed: Undisturbed, seed: number): Promise<Findings & { open: number; workers: number }> {
  const random = seededRandom(`workers ${seed}`);
  const [sliceSize, workers] = [random.next() < 0.5 ? 1 : random.whole(4, 40), random.whole(8, 40)];
  const provider = await team.home.provider(['--latency', 'lognormal:900,0.3']);
  const files = chaosTask(team.home, `run-${seed}`, provider.url, { rows: ROWS, turns: 1, sliceSize, workers });
  const program = team.home.swarm(['run', files.path, '--json', '--yes']);
  let ended = false;
  void program.ended.then(() => {
    ended = true;
  });
  team.blows.length = 0;
  await provider.untilBilled(20);
  for (let kill = 0; kill < KILLS && !ended; kill += 1) {
    const at = random.whole(0, WORKERS - 1);
    await team.kill(at);
    await team.startWorker(at);
    await sleep(random.whole(500, 3_000));
  }
  const late = setTimeout(() => program.kill('SIGKILL'), RUN_MS);
  const result = await program.ended;
  clearTimeout(late);
  if (result.code !== 0 && result.code !== 1)
    throw new Error(`swarm run ended with ${result.code}: ${result.stderr.slice(-400)}`);
  const calls = provider.calls();
  const found = check({ expected: undisturbed.expected(ROWS, 1), out: files.out, calls, blows: team.blows });
  if (endEvent(result).state !== 'completed') found.broken.push(`the run is ${endEvent(result).state}`);
  if (mostOpen(calls) > workers) found.broken.push(`${mostOpen(calls)} calls were open at the provider, ${workers} allowed`);
  await provider.stop();
  return { ...found, open: mostOpen(calls), workers };
}

async function run({ seed, scenarios, say }: SoakOptions): Promise<SoakResult> {
  const postgres = await startPostgres();
  if (typeof postgres === 'string') return { broken: [], summary: [`skipped: ${postgres}`] };
  const broken: string[] = [];
  const sums = { kills: 0, lost: 0, doubled: 0, paidAgain: 0, inFlight: 0 };
  const team = await Team.open(postgres, WORKERS);
  try {
    const undisturbed = await Undisturbed.run(team.home, ROWS, [1]);
    for (let scenario = 0; scenario < (scenarios ?? RUNS); scenario += 1) {
      const found = await runOne(team, undisturbed, seed + scenario);
      const { lost, doubled, paidAgain, inFlight, open, workers } = found;
      say(
        `seed ${seed + scenario}: ${team.blows.length} kills, ${lost} lost, ${doubled} doubled, ${paidAgain} paid again of ${inFlight} in flight, ${open} of ${workers} open`,
      );
      sums.kills += team.blows.length;
      sums.lost += lost;
      sums.doubled += doubled;
      sums.paidAgain += paidAgain;
      sums.inFlight += inFlight;
      broken.push(...found.broken.map((what) => `seed ${seed + scenario}: ${what}`));
    }
  } finally {
    await team.close();
    await postgres.stop();
  }
  const { kills, lost, doubled, paidAgain, inFlight } = sums;
  return {
    broken,
    summary: [`${kills} kills: ${lost} rows lost, ${doubled} doubled, ${paidAgain} calls paid again of ${inFlight} in flight`],
  };
}

const suite: SoakSuite = {
  name: 'workers',
  about: `a host and ${WORKERS} workers over PostgreSQL, workers killed in turn: nothing lost, nothing doubled, limits hold`,
  run,
};

export default suite;
