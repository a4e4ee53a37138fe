/**
 * Workers killed in turn while runs go on, one stopped until it is taken for dead, PostgreSQL killed: nothing lost, nothing doubled, limits
 * hold.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres, type TestPostgres } from '../../support/postgres.js';
import { endEvent } from '../../support/swarm-home.js';
import { seededRandom, type TestRandom } from '../../support/test-random.js';
import { check, type Findings } from '../checker.js';
import { chaosTask } from '../rows.js';
import type { SoakOptions, SoakResult, SoakSuite } from '../suite.js';
import { mostOpen, Team } from '../team.js';
import { Undisturbed } from '../undisturbed.js';

const WORKERS = 4;
const ROWS = 1_000;
/** Kills of one run; five runs make fifty. */
const KILLS = 10;
const RUNS = 7;
/** A worker of this machine that lives is taken for dead when its lease is over for 15 s. */
const STALL_MS = 25_000;
const POSTGRES_DOWN_MS = 4_000;
const RUN_MS = 600_000;

type Kind = 'kills' | 'stall' | 'postgres';

/** Five of seven seeds kill workers. */
function kindOf(seed: number): Kind {
  return (['stall', 'postgres'] as const)[seed % RUNS] ?? 'kills';
}

/** What is done to the processes while the run goes on. */
async function strike(team: Team, postgres: TestPostgres, run: string, kind: Kind, random: TestRandom): Promise<void> {
  if (kind === 'postgres') return await postgres.crash(POSTGRES_DOWN_MS);
  if (kind === 'stall') return void (await team.stall(random.whole(0, WORKERS - 1), run, STALL_MS));
  for (let kill = 0; kill < KILLS; kill += 1) {
    const first = random.whole(0, WORKERS - 1);
    const at = await team.kill(
      Array.from({ length: WORKERS }, (_, offset) => (first + offset) % WORKERS),
      run,
    );
    if (at === null) return;
    await team.startWorker(at);
    await sleep(random.whole(500, 3_000));
  }
}

interface Outcome extends Findings {
  kind: Kind;
  open: number;
  workers: number;
  replacedMs: number[];
}

async function runOne(team: Team, postgres: TestPostgres, undisturbed: Undisturbed, seed: number): Promise<Outcome> {
  const kind = kindOf(seed);
  const random = seededRandom(`workers ${seed}`);
  const [sliceSize, workers] = [random.next() < 0.5 ? 1 : random.whole(4, 40), random.whole(8, 40)];
  const provider = await team.home.provider(['--latency', 'lognormal:900,0.3']);
  const files = chaosTask(team.home, `run-${seed}`, provider.url, { rows: ROWS, turns: 1, sliceSize, workers });
  const program = team.home.swarm(['run', files.path, '--json', '--yes']);
  team.blows.length = 0;
  await provider.untilBilled(20);
  const run = await team.home.runId(program);
  await strike(team, postgres, run, kind, random);
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
  return { ...found, kind, open: mostOpen(calls), workers, replacedMs: await team.replacements(run) };
}

async function run({ seed, scenarios, say }: SoakOptions): Promise<SoakResult> {
  const postgres = await startPostgres();
  if (typeof postgres === 'string') return { broken: [], summary: [`skipped: ${postgres}`] };
  const broken: string[] = [];
  const replaced: number[] = [];
  const sums = { blows: 0, lost: 0, doubled: 0, paidAgain: 0, inFlight: 0 };
  const team = await Team.open(postgres, WORKERS);
  try {
    const undisturbed = await Undisturbed.run(team.home, ROWS, [1]);
    for (let scenario = 0; scenario < (scenarios ?? RUNS); scenario += 1) {
      const found = await runOne(team, postgres, undisturbed, seed + scenario);
      const { kind, replacedMs, lost, doubled, paidAgain, inFlight, open, workers } = found;
      say(
        `seed ${seed + scenario}: ${kind}, ${team.blows.length} blows, ${lost} lost, ${doubled} doubled, ${paidAgain} paid again of ${inFlight} in flight, ${open} of ${workers} open`,
      );
      if (kind === 'kills') replaced.push(...replacedMs);
      sums.blows += team.blows.length;
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
  const { blows, lost, doubled, paidAgain, inFlight } = sums;
  return {
    broken,
    summary: [
      `${blows} blows: ${lost} rows lost, ${doubled} doubled, ${paidAgain} calls paid again of ${inFlight} in flight`,
      `a killed worker's first row was called again by another process after ${spread(replaced)}`,
    ],
  };
}

/** `median .. s, at most .. s (n)`. */
function spread(ms: readonly number[]): string {
  const sorted = [...ms].sort((a, b) => a - b);
  const seconds = (value: number | undefined) => ((value ?? 0) / 1_000).toFixed(1);
  return `${seconds(sorted[sorted.length >> 1])} s in the median, ${seconds(sorted.at(-1))} s at most (${sorted.length} kills)`;
}

const suite: SoakSuite = {
  name: 'workers',
  about: `a host and ${WORKERS} workers over PostgreSQL, workers killed in turn, one stopped, PostgreSQL killed: nothing lost, nothing doubled, limits hold`,
  run,
};

export default suite;
