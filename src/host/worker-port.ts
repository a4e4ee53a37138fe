/** What the host needs of the worker part; src/worker/start-worker.ts fills it. */
import type { Config } from '../config.js';
import type { Store } from '../store/port.js';
import type { TemporalConnectionSettings } from '../temporal-connection.js';

export interface WorkerOptions {
  config: Config;
  store: Store;
  connection: TemporalConnectionSettings;
  /** Value of an API key by the name of its variable. */
  keys: (name: string) => string | undefined;
  homeId: string;
}

export interface WorkerHandle {
  /** Runs that this worker has work for. */
  activeRuns(): Promise<number> | number;
  /** Takes no new work, gives calls under way `graceMs`, then ends. */
  shutdown(graceMs: number): Promise<void>;
}

/** The parts that a host is made of, loaded when they are needed. */
export interface HostParts {
  openStore(config: Config): Promise<Store>;
  startWorker(options: WorkerOptions): Promise<WorkerHandle>;
}
