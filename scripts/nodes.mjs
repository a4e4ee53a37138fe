// @ts-check
/**
 * `npm run test:nodes [-- --only 24]`: the unit tests and the quick start on each version of Node in TESTED_NODES. Another Node than this one
 * comes from the package registry, once, into .build/nodes/. The packages are the same for all: their native parts are built for every Node.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { NODES } from './node-options.mjs';
import { TESTED_NODES } from './node-version.mjs';
import { BUILD_STATE, DIST, ROOT } from './paths.mjs';
import { prepare } from './prepare.mjs';
import { optionsOf } from './program-options.mjs';
import { run } from './run.mjs';

/**
 * Path of a Node of this major version.
 * @param {number} major
 */
async function nodeOf(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(BUILD_STATE, 'nodes', String(major));
  const program = join(folder, 'node_modules', name, 'bin', 'node');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  // Else npm looks for a package in the folders above.
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const code = await run('npm', ['install', '--no-audit', '--no-fund', '--prefix', folder, `${name}@${major}`]);
  if (code !== 0 || !existsSync(program)) throw new Error(`Node ${major} could not be installed (npm install ${name}@${major})`);
  return program;
}

/**
 * The task of the quick start as a person would run it first, in a home and a folder of its own.
 * @param {string} node
 * @param {NodeJS.ProcessEnv} env
 */
async function quickStart(node, env) {
  const folder = mkdtempSync(join(tmpdir(), 'swarm-nodes-'));
  const command = join(DIST, 'programs', 'swarm.js');
  const ours = { ...env, SWARM_HOME: join(folder, 'home') };
  try {
    const example = join(ROOT, 'examples', 'quickstart');
    cpSync(example, join(folder, 'task'), { recursive: true, filter: (path) => !path.startsWith(join(example, 'out')) });
    return await run(node, [command, 'run', join(folder, 'task', 'task.yaml')], { env: ours });
  } finally {
    await run(node, [command, 'stop'], { env: ours });
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * What failed on this version.
 * @param {number} major
 * @param {string[]} tests
 */
async function tryNode(major, tests) {
  const node = await nodeOf(major);
  const env = { PATH: `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}` };
  const failed = [];
  console.error(`nodes: quick start on Node ${major}`);
  if ((await quickStart(node, env)) !== 0) failed.push(`Node ${major}: quick start`);
  console.error(`nodes: unit tests on Node ${major}`);
  if ((await run(node, [join(ROOT, 'scripts', 'test.mjs'), '--project', 'unit', ...tests], { env })) !== 0)
    failed.push(`Node ${major}: unit tests`);
  return failed;
}

const { only, tests } = optionsOf(NODES);
if (await prepare()) {
  const majors = only === undefined ? TESTED_NODES : only.split(',').map(Number);
  const failed = [];
  for (const major of majors) failed.push(...(await tryNode(major, tests === undefined ? [] : [tests])));
  console.error(failed.length === 0 ? `nodes: all passed on Node ${majors.join(', ')}` : `nodes: failed: ${failed.join('; ')}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
} else process.exitCode = 1;
