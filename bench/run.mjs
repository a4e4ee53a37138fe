// @ts-check
/**
 * `npm run bench [-- --only wide,narrow | --write-docs] [--repeat 5]`: the engine beside a plain program, on the same rows, in one go.
 *
 * The provider runs in a process of its own, the engine with production settings (synchronous=FULL, intent before send). Before the
 * first scenario one run of other rows warms the host up; no row of a benchmark was ever seen before. Wall time is from the submission
 * of a task to its published output. Efficiency = ideal / wall, ideal = ceil(rows / in flight) x turns x latency. Medians of the repeats.
 * Of small runs it is ideal / window, from the arrival of the first call to the last answer, by the provider's own log: what a command adds
 * around its calls is the same for all of them, and measured by "ordinary".
 * Nothing else should run on the machine meanwhile. With --write-docs the tables go into docs/benchmarks.md.
 */
import { join } from 'node:path';
import { HELP, optionsOf } from '../scripts/program-options.mjs';
import { Bed } from './bed/bed.mjs';
import { postgresOf } from './bed/postgres.mjs';
import { machineLine, median } from './bed/processes.mjs';
import { ProviderLog } from './bed/provider-log.mjs';
import { writeSection } from './docs-page.mjs';
import { markdownTable } from './million-report.mjs';

/** A run's highest memory of one process, above which a worker is too large. In MB. */
const WORKER_MB = 400;

/**
 * @typedef {{name: string, rows: number, latency: number, concurrency: number, batchSize: number | 'auto', plain?: boolean,
 *   repeat?: number, turns?: number, window?: boolean, goal: (figures: Figures) => [string, boolean][]}} Scenario
 * @typedef {{ideal: number, wall: number, efficiency: number, ratio: number, rowsPerSecond: number, cpu: number, hostCpu: number,
 *   temporalCpu: number, clientCpu: number, hostMb: number,
 *   temporalMb: number, clientMb: number, bytes: number, plainEfficiency: number, plainCpu: number}} Figures
 */

/** Least efficiency with a PostgreSQL on the same machine as the store. @type {Record<string, number>} */
const ON_POSTGRES = { 'small-1000x50': 0.85, wide: 0.65 };

/** @type {Figures | null} */
let tenThousand = null;

/**
 * A small run of quick calls, as most people try it first.
 * @param {[number, number, number]} size rows, latency in ms, in flight @param {number} least efficiency @param {number} [turns]
 * @returns {Scenario}
 */
function small([rows, latency, concurrency], least, turns = 1) {
  const name = turns === 1 ? `small-${rows}x${latency}` : `turns-${rows}x${turns}x${latency}`;
  const goal = (/** @type {Figures} */ { efficiency }) =>
    /** @type {[string, boolean][]} */ ([
      [`efficiency ${efficiency.toFixed(3)} of the calls' window, at least ${least}`, efficiency >= least],
    ]);
  return { name, rows, latency, concurrency, turns, batchSize: 'auto', window: true, goal };
}

/** @type {Scenario[]} */
const SCENARIOS = [
  small([20, 50, 16], 0.8),
  small([100, 50, 16], 0.7),
  small([300, 50, 16], 0.8),
  small([300, 300, 16], 0.9),
  small([450, 100, 50], 0.7),
  small([100, 1_000, 16], 0.95),
  small([1_000, 50, 16], 0.9),
  small([200, 300, 32], 0.85, 5),
  {
    name: 'wide',
    rows: 4_000,
    latency: 200,
    concurrency: 200,
    batchSize: 'auto',
    plain: true,
    goal: ({ ratio }) => [[`efficiency ${ratio.toFixed(3)} of the plain program's, at least 0.93`, ratio >= 0.93]],
  },
  {
    name: 'narrow',
    rows: 10_000,
    latency: 50,
    concurrency: 64,
    batchSize: 'auto',
    plain: true,
    goal: ({ ratio }) => [[`efficiency ${ratio.toFixed(3)} of the plain program's, at least 0.88`, ratio >= 0.88]],
  },
  {
    name: 'seeds',
    rows: 400,
    latency: 200,
    concurrency: 200,
    batchSize: 1,
    goal: ({ rowsPerSecond }) => [[`${rowsPerSecond.toFixed(1)} seeds/s, at least 25`, rowsPerSecond >= 25]],
  },
  {
    name: 'ordinary',
    rows: 10,
    latency: 500,
    concurrency: 10,
    batchSize: 'auto',
    plain: true,
    goal: ({ wall, ideal }) => [[`${(wall - ideal).toFixed(0)} ms over ideal, at most 150`, wall - ideal <= 150]],
  },
  {
    name: 'ten-thousand',
    rows: 10_000,
    latency: 20,
    concurrency: 200,
    batchSize: 'auto',
    repeat: 1,
    goal: (figures) => {
      tenThousand = figures;
      return [];
    },
  },
  {
    name: 'hundred-thousand',
    rows: 100_000,
    latency: 20,
    concurrency: 200,
    batchSize: 'auto',
    repeat: 1,
    goal: ({ bytes, hostMb, temporalMb }) => {
      /** @type {[string, boolean][]} */
      const goals = [[`${bytes.toFixed(0)} bytes of Temporal's database a row, at most 400`, bytes <= 400]];
      if (tenThousand) {
        const growth = [hostMb / tenThousand.hostMb, temporalMb / tenThousand.temporalMb];
        const shown = growth.map((factor) => factor.toFixed(2)).join(' and ');
        goals.push([`memory ${shown} times that of 10,000 rows (host, Temporal), at most 1.15`, Math.max(...growth) <= 1.15]);
      }
      return goals;
    },
  },
];

const values = optionsOf({
  command: 'npm run bench',
  about: 'the engine beside a plain program, on the same rows',
  parts: {
    cold: 'from `swarm run` typed to the first call',
    ...Object.fromEntries(
      SCENARIOS.map(({ name, rows, latency, concurrency }) => [name, `${rows} rows of ${latency} ms, ${concurrency} at once`]),
    ),
  },
  options: {
    only: { type: 'string', value: 'NAME,...', about: 'these scenarios; all without it' },
    repeat: { type: 'string', value: 'N', whole: true, default: '5', about: 'runs of each scenario, of which the median counts' },
    store: { type: 'string', value: 'postgres', about: 'a PostgreSQL server of its own as the store, instead of the file' },
    'store-ms': {
      type: 'string',
      value: 'MS',
      whole: true,
      default: '0',
      about: 'how much later its answers come, as over a network',
    },
    'write-docs': { type: 'boolean', default: false, allParts: true, about: 'the tables into docs/benchmarks.md' },
    help: HELP,
  },
});
const repeat = Number(values.repeat);
const only = values.only?.split(',');
const postgres = await postgresOf(values);

/** @param {Bed} bed @param {Scenario} scenario @returns {Promise<Figures>} */
async function measure(bed, scenario) {
  const { name, rows, latency, concurrency, turns = 1 } = scenario;
  if (!scenario.window) await bed.provider(latency);
  /** @type {number[]} */
  const windows = [];
  /** @type {Awaited<ReturnType<Bed['engine']>>[]} */
  const engine = [];
  const plain = [];
  for (let round = 0; round < (scenario.repeat ?? repeat); round += 1) {
    const seeds = bed.rows(`${name}-${round}`, rows);
    const log = join(bed.folder, `${name}-${round}.log`);
    if (scenario.window) await bed.provider(latency, ['--log', log]);
    const task = turns > 1 ? { multi_turn: true, max_turns: turns, stop_when: [] } : {};
    const run = await bed.engine({ ...scenario, name: `${name}-${round}`, seeds, task });
    if (scenario.window) {
      await bed.endProvider();
      windows.push(windowOf(new ProviderLog(log)));
    }
    if (run.ok !== rows) throw new Error(`${name}: ${run.ok} of ${rows} rows are ok, state ${run.state}`);
    engine.push(run);
    if (scenario.plain) plain.push(await bed.plain({ name, seeds, concurrency }));
  }
  const ideal = Math.ceil(rows / concurrency) * turns * latency;
  const wall = median(engine.map((run) => run.wallMs));
  const plainWall = median(plain.map((run) => run.wallMs));
  const of = (
    /** @type {'cpuPerRow' | 'hostCpuPerRow' | 'temporalCpuPerRow' | 'hostMb' | 'temporalMb' | 'clientMb' | 'temporalBytesPerRow'} */ key,
  ) => median(engine.map((run) => run[key]));
  return {
    ideal,
    wall,
    efficiency: ideal / (scenario.window ? median(windows) : wall),
    ratio: plainWall / wall,
    rowsPerSecond: (rows * 1000) / wall,
    cpu: of('cpuPerRow'),
    hostCpu: of('hostCpuPerRow'),
    temporalCpu: of('temporalCpuPerRow'),
    clientCpu: median(engine.map((run) => run.cpuMs / rows)),
    hostMb: Math.max(...engine.map((run) => run.hostMb)),
    temporalMb: Math.max(...engine.map((run) => run.temporalMb)),
    clientMb: of('clientMb'),
    bytes: of('temporalBytesPerRow'),
    plainEfficiency: ideal / plainWall,
    plainCpu: median(plain.map((run) => run.cpuMs / rows)),
  };
}

/** From the arrival of the first call to the last answer, ms. @param {ProviderLog} log */
function windowOf(log) {
  return Math.max(...log.ends.values()) - log.begin;
}

/** @param {string} name @param {Figures} figures @returns {[string, boolean][]} */
function postgresGoals(name, { efficiency }) {
  const least = ON_POSTGRES[name];
  if (least === undefined || postgres?.delayMs !== 0) return [];
  return [[`efficiency ${efficiency.toFixed(3)} on PostgreSQL, at least ${least}`, efficiency >= least]];
}

/** @param {number} value @param {number} digits */
const shown = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits) : '-');

/** @param {Scenario} scenario @param {Figures} figures */
function tableRow({ name, rows, latency, concurrency }, figures) {
  return [
    name,
    `${rows} x ${latency} ms x ${concurrency}`,
    `${figures.ideal} ms`,
    `${figures.wall.toFixed(0)} ms`,
    shown(figures.efficiency, 3),
    shown(figures.plainEfficiency, 3),
    shown(figures.cpu, 2),
    shown(figures.plainCpu, 2),
    `${figures.hostMb}, ${figures.temporalMb}, ${figures.clientMb}`,
    shown(figures.bytes, 0),
  ];
}

const TITLES = [
  'scenario',
  'rows x latency x in flight',
  'ideal',
  'wall',
  'efficiency',
  'of the plain program',
  'CPU ms a row',
  'of the plain program',
  'memory of host, Temporal, client in MB',
  "bytes of Temporal's database a row",
];

const bed = new Bed();
if (postgres) bed.env = { ...bed.env, SWARM_DATABASE_URL: postgres.url };
/** @type {string[][]} */
const table = [];
/** Goals as they came out. @type {string[]} */
const outcomes = [];
let missed = 0;

/** @param {string} name @param {string} text @param {boolean} reached */
function tell(name, text, reached) {
  if (!reached) missed += 1;
  console.log(`  ${reached ? 'reached' : 'MISSED '} ${text}`);
  outcomes.push(`- ${name}: ${reached ? 'reached' : 'missed'}: ${text}`);
}

try {
  console.log(
    `${machineLine()}; ${repeat} repeats, median${postgres ? `; the store is a PostgreSQL, +${postgres.delayMs} ms` : ''}`,
  );
  if (!only || only.includes('cold')) {
    const ms = await bed.cold();
    console.log('cold:');
    tell('cold', `${ms} ms from \`swarm run\` typed to the first call, at most 3000`, ms <= 3_000);
  }
  await bed.warmUp();
  for (const scenario of SCENARIOS) {
    if (only && !only.includes(scenario.name)) continue;
    const figures = await measure(bed, scenario);
    const { name, rows, latency, concurrency } = scenario;
    table.push(tableRow(scenario, figures));
    console.log(
      `${name}: ${rows} rows x ${latency} ms x ${concurrency}: ideal ${figures.ideal} ms, wall ${figures.wall.toFixed(0)} ms, ` +
        `efficiency ${shown(figures.efficiency, 3)} (plain ${shown(figures.plainEfficiency, 3)}), ` +
        `CPU ${shown(figures.cpu, 2)} ms/row (host ${shown(figures.hostCpu, 2)}, Temporal ${shown(figures.temporalCpu, 2)}, ` +
        `client ${shown(figures.clientCpu, 2)}; plain ${shown(figures.plainCpu, 2)}), ` +
        `memory host ${figures.hostMb} MB, Temporal ${figures.temporalMb} MB, client ${figures.clientMb} MB, ` +
        `${shown(figures.bytes, 0)} bytes/row`,
    );
    const goals = postgres ? postgresGoals(name, figures) : scenario.goal(figures);
    goals.push([`worker memory ${figures.hostMb} MB, under ${WORKER_MB}`, figures.hostMb < WORKER_MB]);
    for (const [text, reached] of goals) tell(name, text, reached);
  }
} finally {
  await bed.close();
  await postgres?.stop();
}
if (values['write-docs']) {
  writeSection('bench', [`${machineLine()}; ${repeat} repeats, medians.`, '', ...markdownTable(TITLES, table), '', ...outcomes]);
}
console.log(missed === 0 ? 'all goals reached' : `${missed} goals missed`);
process.exitCode = missed === 0 ? 0 : 1;
