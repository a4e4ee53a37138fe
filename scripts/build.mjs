// @ts-check
/** `npm run build`: compiles src/, prebuilds the workflow bundle and the programs, whatever is there already. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundle, bundleNeeded, bundlePossible } from './bundle.mjs';
import { compile, compileNeeded } from './compile.mjs';
import { withLock } from './lock.mjs';
import { BUILD_STATE } from './paths.mjs';
import { bundlePrograms, programsNeeded } from './programs.mjs';

/** One lock for installing and building: two at once would write the same files. */
export const BUILD_LOCK = join(BUILD_STATE, 'lock');

export function buildNeeded() {
  return compileNeeded() || bundleNeeded() || programsNeeded();
}

/**
 * Builds what is stale; `all` builds the rest too. The caller holds BUILD_LOCK.
 * @param {{ all?: boolean, say: (line: string) => void }} options
 */
export async function build({ all = false, say }) {
  if (all || compileNeeded()) {
    const start = performance.now();
    await compile();
    say(`compiled src/ to dist/ in ${seconds(start)}`);
  }
  if (!bundlePossible()) {
    say('no workflow bundle: there is no src/workflows/index.ts');
  } else if (all || bundleNeeded()) {
    const start = performance.now();
    const bytes = await bundle();
    say(`bundled the workflows (${Math.round(bytes / 1000)} kB) in ${seconds(start)}`);
  }
  if (all || programsNeeded()) {
    const start = performance.now();
    const bytes = await bundlePrograms();
    say(`bundled the programs (${Math.round(bytes / 1000)} kB) in ${seconds(start)}`);
  }
}

/** @param {number} start */
function seconds(start) {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    await withLock(BUILD_LOCK, () => build({ all: true, say: (line) => console.error(line) }), {
      onWait: (pid) => console.error(`another build (process ${pid}) is under way: waiting for it`),
    });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
