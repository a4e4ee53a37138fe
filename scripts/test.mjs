// @ts-check
/**
 * `npm test`: all tests, on a fresh clone too. Arguments go to vitest: `npm test -- test/core`, `npm test -- --project unit`.
 * The last line is `N passed, N failed`, with `, N skipped` when there are any; no test at all is a failure.
 */
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD_STATE, TOOLS } from './paths.mjs';
import { prepare } from './prepare.mjs';
import { runNode } from './run.mjs';
import { ensureTemporalBinary } from './temporal.mjs';
import { testTotals, totalsLine } from './test-summary.mjs';

/** @param {string[]} args */
async function test(args) {
  // A name of its own first: another run may be under way.
  const report = join(BUILD_STATE, `test-results-${process.pid}.json`);
  mkdirSync(BUILD_STATE, { recursive: true });
  const code = await runNode(TOOLS.vitest, [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...args,
  ]);
  const results = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : null;
  if (results !== null) renameSync(report, join(BUILD_STATE, 'test-results.json'));
  const totals = testTotals(results, code);
  console.log(totalsLine(totals));
  return totals.failed === 0 ? 0 : code || 1;
}

/** @returns {Promise<boolean>} false when there is nothing to run the tests with; the reason has been said */
async function ready() {
  if (!(await prepare())) return false;
  try {
    await ensureTemporalBinary();
    return true;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return false;
  }
}

if (await ready()) {
  process.exitCode = await test(process.argv.slice(2));
} else {
  console.log(totalsLine({ passed: 0, failed: 1, skipped: 0 }));
  process.exitCode = 1;
}
