/** Reads the store and starts nothing: status, runs, export, receipt. */
import { existsSync } from 'node:fs';
import type { Config } from '../config.js';
import { hasEnded } from '../core/run-end.js';
import { unknownRun } from '../core/run-errors.js';
import { homePaths, storeLocation } from '../home.js';
import { packageVersion } from '../package-info.js';
import type { ListOptions, Progress } from '../runs/progress.js';
import { listProgress, readProgress, startedRun, startedRuns } from '../runs/read-progress.js';
import { applyReconcile, planReconcile, type ReconcilePlan } from '../runs/reconcile.js';
import { exportRun, type OutputFormat, type Receipt, receiptOf, type Verification, verifyRun } from '../runs/results.js';
import type { DaySettings } from '../runs/spend.js';
import { openStore } from '../store/open-store.js';
import type { Store } from '../store/port/store.js';
import type { RunHandle } from './api.js';
import { HostConnection } from './host/connection.js';
import { StoredRun } from './run-handle.js';

export interface StoreReader {
  /** Throws E_RUN_UNKNOWN. */
  progress(run: string): Promise<Progress>;
  /** Newest first. */
  runs(options?: ListOptions): Promise<Progress[]>;
  /** Id of the newest run; null when there is none. */
  lastRun(): Promise<string | null>;
  /** Writes the ok rows of a run to a file (whole or not at all) or to a stream. Returns how many. */
  export(run: string, format: OutputFormat, target: string | NodeJS.WritableStream): Promise<number>;
  receipt(run: string): Promise<Receipt>;
  /** Counts the run anew from its single calls and compares. Throws E_RUN_UNKNOWN, E_RUN_BUSY. */
  verify(run: string): Promise<Verification>;
  /** What a usage export says of the run's doubtful calls. Throws E_RUN_UNKNOWN, E_RUN_BUSY, E_EXPORT_FORMAT. */
  planReconcile(run: string, file: string): Promise<ReconcilePlan>;
  /** Settles and releases what `planReconcile` tells, in one step; more often does no harm. */
  applyReconcile(run: string, file: string): Promise<{ settled: number; released: number }>;
  /** A run that has ended, for looking only; null while it has not. Throws E_RUN_UNKNOWN. */
  ended(run: string): Promise<RunHandle | null>;
  close(): Promise<void>;
}

const VERSIONS = { 'durable-swarm': packageVersion, node: process.version };

/** A home without a store has no runs, and looking does not make one. */
export async function openReader(config: Config): Promise<StoreReader> {
  const location = storeLocation(config);
  if ('file' in location && !existsSync(location.file)) return EMPTY;
  const store = await openStore(location);
  return {
    progress: async (run) => {
      const found = await readProgress(store, run, config);
      return (await rests(config, [found])) ? atRest(found, await lastLease(store)) : found;
    },
    runs: async (options = {}) => {
      const found = await listProgress(store, options, config);
      if (!(await rests(config, found))) return found;
      const restedAt = await lastLease(store);
      return found.map((progress) => atRest(progress, restedAt));
    },
    lastRun: async () => (await startedRuns(store, { limit: 1 }))[0]?.id ?? null,
    export: (run, format, target) => exportRun(store, run, format, target),
    receipt: (run) => receiptOf(store, run, VERSIONS),
    verify: (run) => verifyRun(store, run, VERSIONS),
    planReconcile: (run, file) => planReconcile(store, run, file),
    applyReconcile: (run, file) => applyReconcile(store, run, file, VERSIONS),
    ended: (run) => endedRun(store, run, config),
    close: () => store.close(),
  };
}

async function endedRun(store: Store, runId: string, settings: DaySettings): Promise<RunHandle | null> {
  const run = await startedRun(store, runId);
  if (!hasEnded(run)) return null;
  const nobody = () => Promise.reject(new Error('a reader reaches no host'));
  return new StoredRun(runId, {
    store,
    launcher: nobody,
    act: nobody,
    handKey: nobody,
    join: nobody,
    leave: () => undefined,
    closed: () => false,
    hostGone: () => null,
    hostStopped: () => false,
    diskOf: null,
    settings,
  });
}

/** True when nothing works on the runs of this home's own store: the host that the store takes for alive is gone. */
async function rests(config: Config, found: readonly Progress[]): Promise<boolean> {
  if (config.databaseUrl !== null || config.externalTemporal || !found.some(({ state }) => state === 'running')) return false;
  const host = await HostConnection.open(homePaths(config.home).socket);
  host?.close();
  return host === null;
}

/** When the last process of the store was alive, about; now when none is known. */
async function lastLease(store: Store): Promise<number> {
  const leases = (await store.owners()).map(({ leaseUntil }) => leaseUntil);
  return leases.length === 0 ? Date.now() : Math.max(...leases);
}

/** What a run that the store calls running is without a host. The next host writes it down. */
function atRest(progress: Progress, restedAt: number): Progress {
  if (progress.state !== 'running') return progress;
  const message = `no host is running; start one with: swarm start; go on with: swarm resume ${progress.run}`;
  const idleMs = Math.max(0, Date.now() - restedAt);
  const workedMs = Math.max(0, progress.workedMs - idleMs);
  return { ...progress, state: 'interrupted', reason: 'host', message, processes: null, waits: null, workedMs };
}

const unknown = (run: string) => Promise.reject(unknownRun(run));

const EMPTY: StoreReader = {
  progress: unknown,
  runs: () => Promise.resolve([]),
  lastRun: () => Promise.resolve(null),
  export: unknown,
  receipt: unknown,
  verify: unknown,
  planReconcile: unknown,
  applyReconcile: unknown,
  ended: unknown,
  close: () => Promise.resolve(),
};
