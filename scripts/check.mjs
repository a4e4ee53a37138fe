// @ts-check
/**
 * `npm run check`: format, lint, types, unused code, docs freshness, then the tests. Every step runs, so that one look shows all
 * that is wrong. `--static` leaves the tests out.
 */
import { join } from 'node:path';
import { ROOT, TOOLS } from './paths.mjs';
import { prepare } from './prepare.mjs';
import { runNode } from './run.mjs';

/** @type {{ name: string, script: string, args: string[] }[]} */
const STEPS = [
  { name: 'format', script: TOOLS.biome, args: ['check', '--linter-enabled=false', '.'] },
  { name: 'lint', script: TOOLS.biome, args: ['lint', '--error-on-warnings', '.'] },
  { name: 'types', script: TOOLS.tsc, args: ['-p', 'tsconfig.test.json'] },
  { name: 'unused code', script: TOOLS.knip, args: ['--no-progress'] },
  { name: 'docs', script: join(ROOT, 'scripts', 'generate-docs.mjs'), args: ['--check'] },
];

if (!(await prepare())) process.exit(1);
const failed = [];
for (const { name, script, args } of STEPS) {
  console.error(`check: ${name}`);
  const start = performance.now();
  const code = await runNode(script, args);
  console.error(`check: ${name} ${code === 0 ? 'ok' : 'FAILED'}, ${((performance.now() - start) / 1000).toFixed(1)} s`);
  if (code !== 0) failed.push(name);
}
console.error(failed.length === 0 ? 'check: all static checks ok' : `check: failed: ${failed.join(', ')}`);
if (failed.length > 0) process.exitCode = 1;
if (!process.argv.includes('--static')) {
  const code = await runNode(join(ROOT, 'scripts', 'test.mjs'), []);
  if (code !== 0) process.exitCode = code;
}
