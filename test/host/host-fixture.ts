/**
 * The real host with the real Temporal server, and scripted parts in place of store and worker: the tests steer it by
 * files in its home and see there what it did.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config.js';
import { runHost } from '../../src/host/host.js';
import type { HostParts } from '../../src/host/host-parts.js';
import type { Store } from '../../src/store/port/store.js';
import type { PreparedWorker, WorkerHandle, WorkerOptions } from '../../src/worker/start-worker.js';

const config = loadConfig();
const file = (name: string) => join(config.home, name);
const note = (line: string) => appendFileSync(file('parts.txt'), `${line}\n`);

const store = {
  runs: async () => [],
  owners: async () => [],
  endOwners: async (home: string, keep: string) => {
    note(`endOwners ${home.length > 0} keep=${keep}`);
    return [];
  },
  close: async () => note('store closed'),
} as unknown as Store;

const parts: HostParts = {
  openStore: async () => {
    if (existsSync(file('store-fails'))) throw new Error('the scripted store does not open');
    if (existsSync(file('store-exits'))) process.exit(9);
    const kills = existsSync(file('store-killed')) ? Number(readFileSync(file('store-killed'), 'utf8')) : 0;
    if (kills > 0) {
      writeFileSync(file('store-killed'), String(kills - 1));
      process.kill(process.pid, 'SIGKILL');
    }
    return store;
  },
  loadWorker: async () => ({ prepareWorker }),
};

async function prepareWorker({ keys }: WorkerOptions): Promise<PreparedWorker> {
  return {
    opens: (run, { executionId }) => note(`opens ${run} ${executionId}`),
    makeAgain: (run) => note(`makes again ${run}`),
    goOn: (run) => note(`goes on ${run}`),
    discard: async () => note('worker discarded'),
    start: async ({ address, namespace }) => {
      note(`worker started ${address} ${namespace}`);
      return startWorker(keys);
    },
  };
}

function startWorker(keys: WorkerOptions['keys']): WorkerHandle {
  const timer = setInterval(() => {
    const value = keys('HANDED_KEY');
    if (value !== undefined) writeFileSync(file('key.sha256'), createHash('sha256').update(value).digest('hex'));
  }, 20);
  const ended = new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (!existsSync(file('worker-ends'))) return;
      clearInterval(look);
      resolve();
    }, 20);
  });
  return {
    ended,
    activeRuns: async () => (existsSync(file('active-runs')) ? Number(readFileSync(file('active-runs'), 'utf8')) : 0),
    shutdown: async (graceMs) => {
      clearInterval(timer);
      note(`worker shut down, grace ${graceMs}`);
    },
  };
}

process.exit(await runHost(config, parts));
