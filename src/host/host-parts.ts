/** The parts that a host is made of besides the server; loaded when they are needed, scripted in tests. */
import type { Config } from '../config.js';
import type { Store } from '../store/port/store.js';
import type { PreparedWorker, WorkerOptions } from '../worker/start-worker.js';

export interface HostParts {
  openStore(config: Config): Promise<Store>;
  /** Begun early: reading the modules takes as long as the server needs to start, and that is another process. */
  loadWorker(): Promise<{ prepareWorker(options: WorkerOptions): Promise<PreparedWorker> }>;
}
