// @ts-check
/**
 * `npm run bench [-- --only wide,narrow | --write-docs] [--repeat 5]`: the engine beside a plain program, on the same rows, in one go.
 *
 * The provider runs in a process of its own, the engine with production settings (synchronous=FULL, intent before send). Before the
 * first scenario one run of other rows warms the host up; no row of a benchmark was ever seen before. Wall time is from the submission
 * of a task to its published output. Efficiency = ideal / wall, ideal = ceil(rows / in flight) x latency. Medians of the repeats.
 * Nothing else should run on the machine meanwhile. With --write-docs the tables go into docs/benchmarks.md.
 */
import { HELP, optionsOf } from '../scripts/program-options.mjs';
import { Bed } from './bed/bed.mjs';
import { machineLine, median } from './bed/processes.mjs';
import { writeSection } from './docs-page.mjs';
import { markdownTable } from './million-report.mjs';

/** A run's highest memory of one process, above which a worker is too large. In MB. */
const WORKER_MB = 400;

/**
 * @typedef {{name: string, rows: number, latency: number, concurrency: number, batchSize: number | 'auto', plain?: boolean,
 *   repeat?: number, goal: (figures: Figures) => [string, boolean][]}} Scenario
 * @typedef {{ideal: number, wall: number, efficiency: number, ratio: number, rowsPerSecond: number, cpu: number, hostMb: number,
 *   temporalMb: number, clientMb: number, bytes: number, plainEfficiency: number, plainCpu: number}} Figures
 */

/** @type {Figures | null} */
let tenThousand = null;

/** @type {Scenario[]} */
const SCENARIOS = [
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
    'write-docs': { type: 'boolean', default: false, allParts: true, about: 'the tables into docs/benchmarks.md' },
    help: HELP,
  },
});
const repeat = Number(values.repeat);
const only = values.only?.split(',');

/** @param {Bed} bed @param {Scenario} scenario @returns {Promise<Figures>} */
async function measure(bed, scenario) {
  const { name, rows, latency, concurrency } = scenario;
  await bed.provider(latency);
  /** @type {Awaited<ReturnType<Bed['engine']>>[]} */
  const engine = [];
  const plain = [];
  for (let round = 0; round < (scenario.repeat ?? repeat); round += 1) {
    const seeds = bed.rows(`${name}-${round}`, rows);
    const run = await bed.engine({ ...scenario, name: `${name}-${round}`, seeds });
    if (run.ok !== rows) throw new Error(`${name}: ${run.ok} of ${rows} rows are ok, state ${run.state}`);
    engine.push(run);
    if (scenario.plain) plain.push(await bed.plain({ name, seeds, concurrency }));
  }
  const ideal = Math.ceil(rows / concurrency) * latency;
  const wall = median(engine.map((run) => run.wallMs));
  const plainWall = median(plain.map((run) => run.wallMs));
  const of = (/** @type {'cpuPerRow' | 'hostMb' | 'temporalMb' | 'clientMb' | 'temporalBytesPerRow'} */ key) =>
    median(engine.map((run) => run[key]));
  return {
    ideal,
    wall,
    efficiency: ideal / wall,
    ratio: plainWall / wall,
    rowsPerSecond: (rows * 1000) / wall,
    cpu: of('cpuPerRow'),
    hostMb: Math.max(...engine.map((run) => run.hostMb)),
    temporalMb: Math.max(...engine.map((run) => run.temporalMb)),
    clientMb: of('clientMb'),
    bytes: of('temporalBytesPerRow'),
    plainEfficiency: ideal / plainWall,
    plainCpu: median(plain.map((run) => run.cpuMs / rows)),
  };
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
  console.log(`${machineLine()}; ${repeat} repeats, median`);
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
        `CPU ${shown(figures.cpu, 2)} ms/row (plain ${shown(figures.plainCpu, 2)}), ` +
        `memory host ${figures.hostMb} MB, Temporal ${figures.temporalMb} MB, client ${figures.clientMb} MB, ` +
        `${shown(figures.bytes, 0)} bytes/row`,
    );
    const goals = scenario.goal(figures);
    goals.push([`worker memory ${figures.hostMb} MB, under ${WORKER_MB}`, figures.hostMb < WORKER_MB]);
    for (const [text, reached] of goals) tell(name, text, reached);
  }
} finally {
  await bed.close();
}
if (values['write-docs']) {
  writeSection('bench', [`${machineLine()}; ${repeat} repeats, medians.`, '', ...markdownTable(TITLES, table), '', ...outcomes]);
}
console.log(missed === 0 ? 'all goals reached' : `${missed} goals missed`);
process.exitCode = missed === 0 ? 0 : 1;
