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
 * To add a suite: write test/chaos/suites/<name>.ts with a default export of `SoakSuite` (suite.ts), and add a line to SUITES below. Its
 * `run` gets the seed and the number of scenarios that were asked for, says what it does as it goes, and returns what was broken (each
 * line with the seed that replays it) and its summary. It starts from nothing and leaves nothing behind: its own home (SwarmHome), its own
 * provider, closed in a `finally`. Modules are loaded when their suite is run.
 */
import { parseArgs } from 'node:util';
import type { SoakOptions, SoakSuite } from './suite.js';

const SUITES: Readonly<Record<string, () => Promise<{ default: SoakSuite }>>> = {
  points: () => import('./suites/points.js'),
  caps: () => import('./suites/caps.js'),
  cluster: () => import('./suites/cluster.js'),
  kills: () => import('./suites/kills.js'),
  server: () => import('./suites/server.js'),
  cuts: () => import('./suites/cuts.js'),
  restart: () => import('./suites/restart.js'),
  disk: () => import('./suites/disk.js'),
  lanes: () => import('./suites/lanes.js'),
  million: () => import('./suites/million.js'),
  workers: () => import('./suites/workers.js'),
};

const print = (line: string) => process.stdout.write(`${line}\n`);

function wholeNumber(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`--${name} ${text}: a whole number is needed`);
  return value;
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
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      scenarios: { type: 'string' },
      only: { type: 'string' },
      list: { type: 'boolean', default: false },
      rows: { type: 'string' },
      'write-docs': { type: 'boolean', default: false },
    },
  });
  const names = values.only?.split(',') ?? Object.keys(SUITES);
  const unknown = names.filter((name) => !Object.hasOwn(SUITES, name));
  if (unknown.length > 0) throw new Error(`--only ${unknown.join(',')}: there are ${Object.keys(SUITES).join(', ')}`);
  const seed = wholeNumber('seed', values.seed) ?? Math.floor(Math.random() * 1e9);
  const options: SoakOptions = {
    seed,
    scenarios: wholeNumber('scenarios', values.scenarios),
    rows: wholeNumber('rows', values.rows),
    writeDocs: values['write-docs'],
    say: (line) => print(`  ${line}`),
  };
  if (!values.list) print(`soak: --seed ${seed}`);
  let held = true;
  for (const name of names) {
    const { default: suite } = await (SUITES[name] as (typeof SUITES)[string])();
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
