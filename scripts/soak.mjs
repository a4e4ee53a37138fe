// @ts-check
/**
 * `npm run soak [-- --seed S --scenarios N --only SUITE,SUITE]`: the long proofs, which `npm test` has no time for. The suites are in
 * test/chaos/soak.ts; `-- --help` names all options. It prepares the checkout first, as `npm test` does.
 */
import { join } from 'node:path';
import { ROOT } from './paths.mjs';
import { prepare } from './prepare.mjs';
import { optionsOf } from './program-options.mjs';
import { run } from './run.mjs';
import { SOAK } from './soak-options.mjs';
import { ensureTemporalBinary } from './temporal.mjs';

// Nothing is prepared for options that are not there.
optionsOf(SOAK);
if (await prepare()) {
  await ensureTemporalBinary();
  const program = join(ROOT, 'test', 'chaos', 'soak.ts');
  process.exitCode = await run(process.execPath, ['--import', 'tsx', program, ...process.argv.slice(2)]);
} else process.exitCode = 1;
