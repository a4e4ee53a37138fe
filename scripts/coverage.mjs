// @ts-check
/**
 * `npm run coverage`: every branch of the gate and of the statements that move money is taken by a test, or the command fails and names
 * the lines. Only the unit tests that concern them are run.
 */
import { join } from 'node:path';
import { BUILD_STATE, TOOLS } from './paths.mjs';
import { prepare } from './prepare.mjs';
import { runNode } from './run.mjs';

const COVERED = [
  'src/core/gate/*.ts',
  'src/core/money/price.ts',
  'src/core/money/reconcile.ts',
  'src/activities/turn/cap-stop.ts',
  'src/store/sql/caps.ts',
  'src/store/sql/call-operations.ts',
  'src/store/sql/reconcile-operation.ts',
];
const TESTS = ['test/core', 'test/activities/turn/turns.test.ts', 'test/store/money.test.ts', 'test/store/store.test.ts'];

/** Not `--flag value`: vitest would take some values for names of tests. */
const flags = [
  '--project=unit',
  // The instruments make simulations several times slower.
  '--testTimeout=180000',
  '--coverage.enabled',
  '--coverage.provider=v8',
  '--coverage.reporter=text',
  '--coverage.thresholds.branches=100',
  `--coverage.reportsDirectory=${join(BUILD_STATE, 'coverage')}`,
  ...COVERED.map((glob) => `--coverage.include=${glob}`),
];

process.exitCode = (await prepare()) ? await runNode(TOOLS.vitest, ['run', ...flags, ...TESTS]) : 1;
