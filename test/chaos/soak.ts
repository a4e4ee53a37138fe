/**
 * The program of `npm run soak`: runs the suites one after the other and ends with 1 when any was broken.
 *
 *   npm run soak                                      all suites
 *   npm run soak -- --list                            what there is
 *   npm run soak -- --only kills --seed 17            from this seed on
 *   npm run soak -- --only kills --seed 17 --scenarios 1    that one scenario again
 *   npm run soak -- --only million --rows 100000      the scale proof with fewer rows
 *   npm run soak -- --only million --write-docs       and its tables into docs/benchmarks.md
 *
 * To add a suite: write test/chaos/suites/<name>.ts with a default export of `SoakSuite` (suite.ts), and add a line to SUITES below and its
 * name to scripts/soak-options.mjs. Its
 * `run` gets the seed and the number of scenarios that were asked for, says what it does as it goes, and returns what was broken (each
 * line with the seed that replays it) and its summary. It starts from nothing and leaves nothing behind: its own home (SwarmHome), its own
 * provider, closed in a `finally`. Modules are loaded when their suite is run.
 */
import { optionsOf } from '../../scripts/program-options.mjs';
import { SOAK, type SuiteName } from '../../scripts/soak-options.mjs';
import type { SoakOptions, SoakSuite } from './suite.js';

const SUITES: Readonly<Record<SuiteName, () => Promise<{ default: SoakSuite }>>> = {
  points: () => import('./suites/points.js'),
  recovery: () => import('./suites/recovery.js'),
  caps: () => import('./suites/caps.js'),
  cluster: () => import('./suites/cluster.js'),
  kills: () => import('./suites/kills.js'),
  server: () => import('./suites/server.js'),
  cuts: () => import('./suites/cuts.js'),
  clock: () => import('./suites/clock.js'),
  restart: () => import('./suites/restart.js'),
  disk: () => import('./suites/disk.js'),
  lanes: () => import('./suites/lanes.js'),
  million: () => import('./suites/million.js'),
  workers: () => import('./suites/workers.js'),
  waste: () => import('./suites/waste.js'),
  seeds: () => import('./suites/seeds.js'),
};

const print = (line: string) => process.stdout.write(`${line}\n`);

/** An option's number, which was looked at; null when it was not given. */
function numberOf(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}

/** True when nothing was broken. */
async function runSuite(suite: SoakSuite, options: SoakOptions): Promise<boolean> {
  print(`\n${suite.name}: ${suite.about}`);
  const started = performance.now();
  const { broken, summary } = await suite.run(options);
  for (const line of summary) print(`  ${line}`);
  for (const line of broken) print(`  BROKEN ${line}`);
  const minutes = ((performance.now() - started) / 60_000).toFixed(1);
  print(`${suite.name}: ${broken.length === 0 ? 'held' : `${broken.length} broken`}, ${minutes} min`);
  return broken.length === 0;
}

async function soak(): Promise<number> {
  const values = optionsOf(SOAK);
  const names = (values.only?.split(',') ?? Object.keys(SUITES)) as SuiteName[];
  const seed = numberOf(values.seed) ?? Math.floor(Math.random() * 1e9);
  const options: SoakOptions = {
    seed,
    scenarios: numberOf(values.scenarios),
    rows: numberOf(values.rows),
    writeDocs: values['write-docs'] === true,
    say: (line) => print(`  ${line}`),
  };
  if (!values.list) print(`soak: --seed ${seed}`);
  let held = true;
  for (const name of names) {
    const { default: suite } = await SUITES[name]();
    if (values.list) print(`${suite.name}: ${suite.about}`);
    else held = (await runSuite(suite, options)) && held;
  }
  return held ? 0 : 1;
}

// What a suite left open must not keep the program alive.
process.exit(
  await soak().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 2;
  }),
);
