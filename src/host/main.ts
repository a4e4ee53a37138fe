/** Entry of the background process: `node dist/programs/host.js`, configured by the environment. */
import { loadConfig } from '../config.js';
import { storeLocation } from '../home.js';
import { keepOthersFromWriting } from '../new-files.js';
import { runHost } from './host.js';
import type { HostParts } from './host-parts.js';

const parts: HostParts = {
  openStore: async (config) => (await import('../store/open-store.js')).openStore(storeLocation(config)),
  loadWorker: () => import('../worker/start-worker.js'),
};

keepOthersFromWriting();
// Everything is stopped by then; a handle that was left open must not keep a host without a lock alive.
process.exit(await runHost(loadConfig(), parts));
