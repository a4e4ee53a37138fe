// @ts-check
/** Makes sure that there is a Temporal server binary before anything waits for one: getting it can take minutes, once. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DIST } from './paths.mjs';

/** Finds, downloads or builds the binary as the host would, with a line of progress for each step. Needs a built dist/. */
export async function ensureTemporalBinary() {
  const load = (/** @type {string[]} */ ...path) => import(pathToFileURL(join(DIST, ...path)).href);
  const { loadConfig } = await load('config.js');
  const { resolveTemporalBinary } = await load('host', 'temporal-binary.js');
  await resolveTemporalBinary(loadConfig(), { onProgress: (/** @type {string} */ line) => console.error(line) });
}
