/**
 * A real cluster on PostgreSQL, its store too, with worker processes beside the starter's host: rows a second of both grains beside the embedded
 * server, then the same with the server killed every few seconds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { TestCluster } from '../../support/cluster.js';
import { type Provider, paidTwice, SIM_TASK_PRICE } from '../../support/provider.js';
import type { TaskFiles } from '../../support/run-folder.js';
import { endEvent, SwarmHome } from '../../support/swarm-home.js';
import { seededRandom, type TestRandom } from '../../support/test-random.js';
import type { SoakOptions, SoakResult, SoakSuite } from '../suite.js';

const WORKERS = 2;
/** Rows and calls in flight of each grain; calls of 20 ms, so that Temporal and the store set the pace. `killedRows`: under server kills. */
const GRAINS = [
  { name: 'a child per seed', sliceSize: 1, rows: 600, killedRows: 300, concurrency: 64 },
  { name: 'slices of 100', sliceSize: 100, rows: 10_000, killedRows: 1_500, concurrency: 64 },
] as const;
type Grain = (typeof GRAINS)[number];
/** Killed runs need time to be killed in. */
const SLOW_MS = 1_000;

interface Bed {
  home: SwarmHome;
  provider: Provider;
}

interface Work {
  grain: Grain;
  rows: number;
  name: string;
}

function taskOf({ home, provider }: Bed, { grain, rows, name }: Work): TaskFiles {
  const seeds = Array.from({ length: rows }, (_, index) => `${name}, row ${index}`);
  const keys = { worker_model: 'm', worker_api_base: provider.url, workers: grain.concurrency, batch_size: grain.sliceSize };
  return home.task(name, { ...keys, price: SIM_TASK_PRICE }, seeds);
}

/** What does not hold of a run that has ended. */
function problems({ provider }: Bed, files: TaskFiles, rows: number, end: { state: string; ok: number }): string[] {
  const indexes = files.out.ok().map(({ index }) => index);
  const found: [string, boolean][] = [
    [`it is ${end.state} with ${end.ok} of ${rows} rows`, end.state === 'completed' && end.ok === rows],
    ['rows are missing, doubled or out of order', indexes.length === rows && indexes.every((index, at) => index === at)],
    [`${paidTwice(provider.billed()).length} calls were paid twice`, paidTwice(provider.billed()).length === 0],
  ];
  return found.filter(([, holds]) => !holds).map(([what]) => what);
}

/** Runs one task to its end, with what is done to the cluster meanwhile; returns rows a second and what was broken. */
async function runOne(bed: Bed, work: Work, meanwhile?: (done: () => boolean) => Promise<void>): Promise<[number, string[]]> {
  bed.provider.forget();
  const files = taskOf(bed, work);
  const cli = bed.home.swarm(['run', files.path, '--json', '--yes']);
  let done = false;
  const ending = cli.ended.finally(() => {
    done = true;
  });
  await meanwhile?.(() => done);
  const ended = await ending;
  const broken = problems(bed, files, work.rows, endEvent(ended)).map((what) => `${work.name}: ${what}`);
  return [Math.round(work.rows / (ended.ms / 1000)), broken];
}

async function killing(cluster: TestCluster, random: TestRandom, done: () => boolean): Promise<number> {
  let kills = 0;
  while (!done()) {
    for (const until = Date.now() + random.whole(5_000, 10_000); !done() && Date.now() < until; ) await sleep(100);
    if (done()) break;
    await cluster.killServer();
    await sleep(random.whole(0, 3_000));
    await cluster.startServer();
    kills += 1;
  }
  return kills;
}

async function measure(bed: Bed, where: string, say: SoakOptions['say']): Promise<string[]> {
  const found: string[] = [];
  await bed.home.run(['start']);
  for (const grain of GRAINS) {
    const work = { grain, rows: grain.rows, name: `${where.replaceAll(' ', '-')}-${grain.sliceSize}` };
    const [perSecond, broken] = await runOne(bed, work);
    found.push(...broken);
    say(`${where}, ${grain.name}: ${grain.rows} rows, ${perSecond} rows/s`);
  }
  return found;
}

async function withHome(env: NodeJS.ProcessEnv, latencyMs: number, work: (bed: Bed) => Promise<void>): Promise<void> {
  const home = await SwarmHome.create(env);
  try {
    await work({ home, provider: await home.provider(['--latency', String(latencyMs)]) });
  } finally {
    await home.close();
  }
}

async function onCluster(options: SoakOptions, result: SoakResult): Promise<void> {
  const cluster = await TestCluster.start();
  try {
    const store = async () => ({ ...cluster.env, SWARM_DATABASE_URL: await cluster.storeUrl() });
    await withHome(await store(), 20, async (bed) => {
      result.broken.push(...(await measure(bed, 'PostgreSQL cluster', options.say)));
    });
    await withHome(await store(), SLOW_MS, async (bed) => {
      const workers = Array.from({ length: WORKERS }, () => bed.home.swarm(['worker'], { SWARM_LOG_LEVEL: 'error' }));
      for (const worker of workers) await worker.says(/The worker polls/, 90_000);
      for (let scenario = 0; scenario < (options.scenarios ?? 2); scenario += 1) {
        const grain = GRAINS[scenario % GRAINS.length] as Grain;
        const random = seededRandom(`cluster ${options.seed + scenario}`);
        let kills = 0;
        const work = { grain, rows: grain.killedRows, name: `killed-${scenario}-${grain.sliceSize}` };
        const [perSecond, broken] = await runOne(bed, work, async (done) => {
          kills = await killing(cluster, random, done);
        });
        result.broken.push(...broken.map((what) => `--seed ${options.seed + scenario}: ${what}`));
        options.say(
          `${grain.name}, ${WORKERS} workers and the host: ${kills} server kills, ${perSecond} rows/s, ${broken.length} broken`,
        );
      }
      for (const worker of workers) await worker.stop();
    });
  } finally {
    await cluster.stop();
  }
}

const suite: SoakSuite = {
  name: 'cluster',
  about:
    'a Temporal cluster on PostgreSQL, several workers: rows a second; server killed every 5-10 s: every row once, 0 paid twice',
  async run(options) {
    const result: SoakResult = { broken: [], summary: [] };
    const missing = TestCluster.missing();
    if (missing !== null) return { broken: [`no cluster can be made here: ${missing}`], summary: [] };
    await withHome({}, 20, async (bed) => {
      result.broken.push(...(await measure(bed, 'embedded server', options.say)));
    });
    await onCluster(options, result);
    return result;
  },
};

export default suite;
