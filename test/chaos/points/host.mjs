// @ts-check
/**
 * A host that kills itself at a named point: `node host.mjs POINT`. The built host with its real parts; only the store that it is given
 * is wrapped, and Node's file functions are, so that the product has no hook for tests.
 */

import { filePoints, watchFiles } from './file-points.mjs';
import { storePoints, wrapStore } from './store-points.mjs';

const point = process.argv[2] ?? '';
const built = (/** @type {string} */ path) => import(new URL(`../../../dist/${path}`, import.meta.url).href);
/** @type {typeof import('../../../src/config.js')} */
const { loadConfig } = await built('config.js');
/** @type {typeof import('../../../src/home.js')} */
const { storeLocation } = await built('home.js');
/** @type {typeof import('../../../src/host/host.js')} */
const { runHost } = await built('host/host.js');

/** Nothing of this process goes on after this. When it was is told, since on busy cores others see it late. */
function die() {
  // To a pipe this is done when it returns (nodejs.org, process.stdout).
  process.stdout.write(`died at ${Date.now()}\n`);
  process.kill(process.pid, 'SIGKILL');
}

if (filePoints.includes(point)) watchFiles(point, die);

/** @type {import('../../../src/host/host-parts.js').HostParts} */
const parts = {
  openStore: async (config) => {
    /** @type {typeof import('../../../src/store/open-store.js')} */
    const { openStore } = await built('store/open-store.js');
    const store = await openStore(storeLocation(config));
    return storePoints.includes(point) ? wrapStore(store, point, die) : store;
  },
  loadWorker: () => built('worker/start-worker.js'),
};

process.exit(await runHost(loadConfig(), parts));
