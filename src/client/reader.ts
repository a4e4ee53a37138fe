/** Reads the store and starts nothing: status, runs, export, receipt. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.js';
import type { RunState } from '../core/model.js';
import { homePaths, storeLocation } from '../home.js';
import { packageVersion } from '../package-info.js';
import type { OutputFormat } from '../schema/task-types.js';
import { openStore } from '../store/open-store.js';
import { exportRun } from '../store/outputs/export.js';
import { RECEIPT_FILE } from '../store/outputs/folder.js';
import { buildReceipt, type Receipt } from '../store/outputs/receipt.js';
import type { Store } from '../store/port.js';
import type { Progress, RunHandle } from './api.js';
import { HostConnection } from './host-connection.js';
import { hasEnded, progressOf, readProgress, unknownRun } from './progress.js';
import { StoredRun } from './run-handle.js';
import type { DaySettings } from './spend.js';

export interface StoreReader {
  /** Throws E_RUN_UNKNOWN. */
  progress(run: string): Promise<Progress>;
  /** Newest first. */
  runs(options?: { states?: RunState[]; limit?: number }): Promise<Progress[]>;
  /** Id of the newest run; null when there is none. */
  lastRun(): Promise<string | null>;
  /** Writes the ok rows of a run to a file (whole or not at all) or to a stream. Returns how many. */
  export(run: string, format: OutputFormat, target: string | NodeJS.WritableStream): Promise<number>;
  receipt(run: string): Promise<Receipt>;
  /** A run that has ended, for looking only; null while it has not. Throws E_RUN_UNKNOWN. */
  ended(run: string): Promise<RunHandle | null>;
  close(): Promise<void>;
}

/** A home without a store has no runs, and looking does not make one. */
export async function openReader(config: Config): Promise<StoreReader> {
  const location = storeLocation(config);
  if ('file' in location && !existsSync(location.file)) return EMPTY;
  const store = await openStore(location);
  return {
    progress: async (run) => {
      const found = await readProgress(store, run, config);
      return (await rests(config, [found])) ? atRest(found) : found;
    },
    runs: async (options = {}) => {
      const found = await listRuns(store, options, config);
      return (await rests(config, found)) ? found.map(atRest) : found;
    },
    lastRun: async () => (await listRuns(store, { limit: 1 }, config))[0]?.run ?? null,
    export: (run, format, target) => exportRun(store, run, format, target),
    receipt: async (run) => {
      const versions = { 'durable-swarm': packageVersion, node: process.version };
      return (await publishedReceipt(store, run)) ?? (await buildReceipt(store, run, { at: Date.now(), versions }));
    },
    ended: (run) => endedRun(store, run, config),
    close: () => store.close(),
  };
}

async function endedRun(store: Store, runId: string, settings: DaySettings): Promise<RunHandle | null> {
  const run = await store.run(runId);
  if (!run || run.state === 'staging') throw unknownRun(runId);
  if (!hasEnded(run)) return null;
  const nobody = () => Promise.reject(new Error('a reader reaches no host'));
  return new StoredRun(runId, {
    store,
    launcher: nobody,
    handKey: nobody,
    revive: nobody,
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

/** What a run that the store calls running is without a host. The next host writes it down. */
function atRest(progress: Progress): Progress {
  if (progress.state !== 'running') return progress;
  const message = `no host is running; start one with: swarm start; go on with: swarm resume ${progress.run}`;
  return { ...progress, state: 'interrupted', reason: 'host', message };
}

/** The receipt in the run's folder, when the folder is still there and the run was not started again since. */
async function publishedReceipt(store: Store, runId: string): Promise<Receipt | null> {
  const run = await store.run(runId);
  if (!run || run.publishedAt === null) return null;
  try {
    const receipt = JSON.parse(await readFile(join(run.outputDir, RECEIPT_FILE), 'utf8')) as Receipt;
    return receipt.run === runId && receipt.epochs === run.epoch ? receipt : null;
  } catch {
    // Moved or removed: the store tells the same, but for the files.
    return null;
  }
}

async function listRuns(
  store: Store,
  options: { states?: RunState[]; limit?: number },
  settings: DaySettings,
): Promise<Progress[]> {
  const runs = await store.runs(options);
  return await Promise.all(runs.filter((run) => run.state !== 'staging').map((run) => progressOf(store, run, settings)));
}

const unknown = (run: string) => Promise.reject(unknownRun(run));

const EMPTY: StoreReader = {
  progress: unknown,
  runs: () => Promise.resolve([]),
  lastRun: () => Promise.resolve(null),
  export: unknown,
  receipt: unknown,
  ended: unknown,
  close: () => Promise.resolve(),
};
