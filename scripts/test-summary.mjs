// @ts-check
/** Counts the results of a vitest run (its JSON report) for the last line of `npm test`. */

/**
 * @typedef {{ status: string, assertionResults: { status: string }[] }} FileResult
 * @typedef {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number, testResults: FileResult[] }} Report
 * @typedef {{ passed: number, failed: number, skipped: number }} Totals
 */

/**
 * A file that failed outside its tests (it did not load, a hook threw) counts as one failure: its tests never ran. So does a run
 * that ended badly while every test passed, such as an unhandled rejection, and a run without any test.
 * @param {Report | null} report null when vitest wrote none
 * @param {number} exitCode of vitest
 * @returns {Totals}
 */
export function testTotals(report, exitCode) {
  if (report === null) return { passed: 0, failed: 1, skipped: 0 };
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const passed = report.numPassedTests;
  let failed = report.numFailedTests + brokenFiles;
  if (failed === 0 && (exitCode !== 0 || passed === 0)) failed = 1;
  return { passed, failed, skipped: report.numPendingTests + report.numTodoTests };
}

/**
 * @param {Totals} totals
 * @returns {string} `N passed, N failed`, and `, N skipped` when there are any
 */
export function totalsLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
