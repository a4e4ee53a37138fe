// @ts-check
/** Places that the scripts share. Node's own modules only: these scripts run before anything is installed. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the checkout. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** What the scripts keep between runs: stamps, the lock, test results. Safe to delete. */
export const BUILD_STATE = join(ROOT, '.build');

/** The compiled package. */
export const DIST = join(ROOT, 'dist');

/** Starting file of a tool in node_modules, run with the same Node as the script. */
export const TOOLS = {
  tsc: join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'),
  vitest: join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'),
  biome: join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome'),
  knip: join(ROOT, 'node_modules', 'knip', 'bin', 'knip.js'),
};
