/** `swarm worker`: a worker process for a cluster, or a second one beside the host. */
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { type Config, readKey } from '../config.js';
import { EXIT, SwarmError } from '../core/errors.js';
import { ensureHome, homeId, storeLocation } from '../home.js';
import { openStore } from '../store/open-store.js';
import { clusterConnectionSettings, connectTemporal, type TemporalConnectionSettings } from '../temporal-connection.js';
import { prepareWorker } from './start-worker.js';

export interface WorkerProcessOptions {
  /** Ends the process: it takes no new work and gives calls under way half a minute. */
  signal: AbortSignal;
  /** The embedded server of this home's host, if one runs; used when TEMPORAL_ADDRESS is not set. */
  embedded: { address: string; namespace: string } | null;
  /** Told once it polls. */
  onReady?: () => void;
}

const GRACE_MS = 30_000;

/** Resolves when the worker has drained. Throws E_TEMPORAL_UNREACHABLE (exit 4). */
export async function runWorkerProcess(config: Config, options: WorkerProcessOptions): Promise<void> {
  ensureHome(config.home);
  const log = pino({ level: config.logLevel }, pino.destination(2));
  const settings = connectionSettings(config, options);
  await (await connectTemporal(settings)).close();
  const store = await openStore(storeLocation(config));
  try {
    const prepared = await prepareWorker({
      config,
      store,
      keys: (name) => readKey(name),
      homeId: homeId(config.home),
      // A host that starts declares the owners of its home dead: this process is not one of them.
      ownerHome: `${homeId(config.home)}/${randomUUID()}`,
      log,
      graceMs: GRACE_MS,
      version: checkedVersion(config),
    });
    const worker = await prepared.start(settings);
    options.onReady?.();
    const stopped = new Promise<void>((resolve) => {
      if (options.signal.aborted) resolve();
      options.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([stopped, worker.ended]);
    await worker.shutdown(GRACE_MS);
  } finally {
    await store.close();
  }
}

/** The server refuses such names too, but only in its answers to polls. */
function checkedVersion({ workerVersion }: Config): Config['workerVersion'] {
  if (workerVersion === null || /^(?!__)[^.:]+$/.test(workerVersion.deploymentName)) return workerVersion;
  throw new SwarmError(
    {
      code: 'E_WORKER_DEPLOYMENT',
      found: `SWARM_WORKER_DEPLOYMENT is "${workerVersion.deploymentName}"`,
      allowed: 'a name without dots and colons that does not begin with two underscores',
      fix: 'give it such a name, or leave it out for durable-swarm',
    },
    EXIT.badInput,
  );
}

/** The cluster of TEMPORAL_*, else the embedded server of this home's host. */
function connectionSettings(config: Config, { embedded }: WorkerProcessOptions): TemporalConnectionSettings {
  if (config.externalTemporal) return clusterConnectionSettings();
  if (embedded) return embedded;
  throw new SwarmError(
    {
      code: 'E_TEMPORAL_UNREACHABLE',
      found: `TEMPORAL_ADDRESS is not set and no host of ${config.home} is running`,
      fix: 'set TEMPORAL_ADDRESS to your cluster, or start the embedded server with: swarm start',
    },
    EXIT.unreachable,
  );
}
