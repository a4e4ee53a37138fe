// @ts-check
/**
 * `npm run bench:gate [-- --only told,noise | --write-docs]`: providers with limits and faults, through the real parts: host, Temporal,
 * store, HTTP, and the simulated provider in a process of its own, whose log is the truth about calls. Each line has its goal. The
 * plain program (bench/peer-plain.mjs) does the same rows where it says so. Wall times are from the submission of a task to its
 * published output. About 13 minutes; nothing else should run on the machine meanwhile.
 */
import { HELP, optionsOf } from '../scripts/program-options.mjs';
import { Bed } from './bed/bed.mjs';
import { machineLine } from './bed/processes.mjs';
import { writeSection } from './docs-page.mjs';
import { cpu } from './gate/cpu.mjs';
import { family } from './gate/family.mjs';
import { noise, outage, storm } from './gate/faults.mjs';
import { headers, hidden, steps, tokensByHeaders, tokensTold, told, wrong } from './gate/limits.mjs';
import { smallBesideLarge, weights } from './gate/sharing.mjs';
import { markdownTable } from './million-report.mjs';

const SIX = '2,000 rows of 200 ms, 6,000 requests/min, burst 100';

/** @type {{name: string, about: string, measure: (bed: Bed) => Promise<import('./gate/line.mjs').Line[]>}[]} */
const SCENARIOS = [
  { name: 'cpu', about: 'The gate alone, 10,000 turns waiting', measure: cpu },
  { name: 'told', about: `${SIX}, told in the task`, measure: told },
  { name: 'headers', about: `${SIX}, told in headers`, measure: headers },
  { name: 'hidden', about: `${SIX}, told nothing`, measure: hidden },
  { name: 'wrong', about: `${SIX}, told ten times as many`, measure: wrong },
  {
    name: 'family',
    about: 'A limit that nobody tells, in the ways of many providers; rows of 200 ms, 200 at once',
    measure: family,
  },
  { name: 'noise', about: '2,000 rows of 200 ms, 200 at once, 5 % random 500s, 10 % random 429s', measure: noise },
  { name: 'steps', about: 'Hidden limits of 100, 40, 120 calls/s, 30 s each', measure: steps },
  { name: 'tokens-told', about: '1,200,000 tokens/min told in the task, max_tokens 4,096, answers of 50', measure: tokensTold },
  { name: 'tokens-headers', about: 'The same told in headers', measure: tokensByHeaders },
  { name: 'weights', about: 'Two jobs with weights 1:4, prompts of 1,000 and 250 tokens', measure: weights },
  { name: 'beside', about: '50 rows beside 100,000, one limit of 6,000 requests/min', measure: smallBesideLarge },
  { name: 'outage', about: '10 s without a provider, 200 rows, 16 at once', measure: outage },
  { name: 'storm', about: '60 s of 429s, 2,000 rows, 100 at once', measure: storm },
];
const values = optionsOf({
  command: 'npm run bench:gate',
  about: 'providers with limits and faults, each with its goal',
  parts: Object.fromEntries(SCENARIOS.map(({ name, about }) => [name, about])),
  options: {
    only: { type: 'string', value: 'NAME,...', about: 'these scenarios; all without it' },
    'write-docs': { type: 'boolean', default: false, allParts: true, about: 'the table into docs/benchmarks.md' },
    help: HELP,
  },
});
const only = values.only?.split(',');

const bed = new Bed();
/** @type {string[][]} */
const table = [];
let missed = 0;
try {
  console.log(machineLine());
  await bed.warmUp();
  for (const { name, about, measure } of SCENARIOS) {
    if (only && !only.includes(name)) continue;
    console.log(`${name}: ${about}`);
    for (const [at, { measure: what, value, goal, reached, plain }] of (await measure(bed)).entries()) {
      if (!reached) missed += 1;
      const beside = plain === undefined ? '' : `; the plain program: ${plain}`;
      console.log(`  ${reached ? 'reached' : 'MISSED '} ${what}: ${value} (${goal})${beside}`);
      table.push([at === 0 ? about : '', what, value, goal, reached ? 'yes' : 'no', plain ?? '']);
    }
  }
} finally {
  await bed.close();
}
if (values['write-docs']) {
  writeSection('gate', [
    `${machineLine()}.`,
    '',
    ...markdownTable(['scenario', 'measured', 'found', 'goal', 'reached', 'the plain program'], table),
  ]);
}
console.log(missed === 0 ? 'all goals reached' : `${missed} goals missed`);
process.exitCode = missed === 0 ? 0 : 1;
