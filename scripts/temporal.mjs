// @ts-check
/**
 * Makes sure that Temporal's programs are there before anything waits for them: getting them can take minutes, once.
 * By hand: `node scripts/temporal.mjs` for the CLI with the embedded server, `node scripts/temporal.mjs server` for the real server and
 * its SQL tool; their paths go to stdout.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DIST, ROOT } from './paths.mjs';
import { prepare } from './prepare.mjs';

const load = (/** @type {string[]} */ ...path) => import(pathToFileURL(join(DIST, ...path)).href);
const say = (/** @type {string} */ line) => console.error(line);

/**
 * Finds, downloads or builds the CLI as the host would, with a line of progress for each step. Needs a built dist/.
 * @returns {Promise<string>} its path
 */
export async function ensureTemporalBinary() {
  const { loadConfig } = await load('config.js');
  const { resolveTemporalBinary } = await load('host', 'temporal', 'binary.js');
  return (await resolveTemporalBinary(loadConfig(), { onProgress: say })).path;
}

/**
 * The real server and its schema tool, from the cache or built into it by `go`: under a minute after the CLI was built here, 7 minutes with
 * nothing cached. Needs a built dist/. Throws an Error with go's last lines.
 * @returns {Promise<{ server: string, sqlTool: string }>} their paths
 */
export async function ensureClusterPrograms() {
  const [{ loadConfig }, { cachedProgram, lockCache }, { matchesKeptChecksum }, { buildTemporal }] = await Promise.all([
    load('config.js'),
    load('host', 'temporal', 'cache.js'),
    load('host', 'temporal', 'checksum.js'),
    load('host', 'temporal', 'build.js'),
  ]);
  const config = loadConfig();
  // The same server release as the embedded one: one module names both.
  const server = { goPackage: 'go.temporal.io/server/cmd/server', path: cachedProgram(config, 'temporal-server') };
  const sqlTool = { goPackage: 'go.temporal.io/server/cmd/tools/sql', path: cachedProgram(config, 'temporal-sql-tool') };
  const isSound = async (/** @type {string} */ path) => existsSync(path) && (await matchesKeptChecksum(path));
  const present = async () => (await isSound(server.path)) && (await isSound(sqlTool.path));
  if (!(await present())) {
    const lock = await lockCache(config, say);
    try {
      const moduleFolder = join(ROOT, 'tools', 'temporal');
      if (!(await present())) await buildTemporal([server, sqlTool], { moduleFolder, onProgress: say });
    } finally {
      lock.release();
    }
  }
  return { server: server.path, sqlTool: sqlTool.path };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  if (!(await prepare())) process.exit(1);
  const paths = process.argv[2] === 'server' ? Object.values(await ensureClusterPrograms()) : [await ensureTemporalBinary()];
  console.log(paths.join('\n'));
}
