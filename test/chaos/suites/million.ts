/** 1,000,000 rows in slices, and 10,000 beside them: what must not grow with the rows does not. */

import { machineLine } from '../../../bench/bed/processes.mjs';
import { writeSection } from '../../../bench/docs-page.mjs';
import { BASE_ROWS, measureRun } from '../../../bench/million.mjs';
import { goalsOf, reportLines } from '../../../bench/million-report.mjs';
import type { SoakOptions, SoakResult, SoakSuite } from '../suite.js';

const ROWS = 1_000_000;

async function run({ rows, writeDocs, say }: SoakOptions): Promise<SoakResult> {
  const base = await measureRun(BASE_ROWS, say);
  const large = await measureRun(rows ?? ROWS, say);
  const goals = goalsOf(base, large);
  const lines = [machineLine(), '', ...reportLines([base, large])];
  if (writeDocs) writeSection('million', lines);
  const json = JSON.stringify({ machine: machineLine(), runs: [base, large] });
  return {
    broken: goals.filter(({ reached }) => !reached).map(({ text }) => text),
    summary: [...lines, '', ...goals.filter(({ reached }) => reached).map(({ text }) => `reached: ${text}`), json],
  };
}

const suite: SoakSuite = {
  name: 'million',
  about: `${ROWS.toLocaleString('en-US')} rows with a kill at half: memory, pace, bytes, time to resume, exports (--rows N for fewer)`,
  run,
};

export default suite;
