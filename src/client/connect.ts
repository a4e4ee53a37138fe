/**
 * `connect()`, the library's way in, and `connectLight()`, the command's. Both find or start the home's host; staging and reading go
 * straight to the store.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, loadConfig, readKey } from '../config.js';
import { EXIT, SwarmError } from '../core/errors.js';
import { checkKey } from '../core/key-check.js';
import { ensureHome, homeId, storeLocation } from '../home.js';
import { stillSeen } from '../intake/seen-rows.js';
import { stageRun } from '../intake/stage-run.js';
import { capProblem } from '../pricing/cap-problem.js';
import { createPrices } from '../pricing/prices.js';
import { openStore } from '../store/open-store.js';
import { runFolders } from '../store/outputs/folder.js';
import type { RunRow, Store } from '../store/port.js';
import type {
  ConnectOptions,
  ListOptions,
  Progress,
  Rows,
  RunHandle,
  StartedRun,
  StartNotes,
  StartOptions,
  Swarm,
} from './api.js';
import type { HostConnection } from './host-connection.js';
import { connectToHost } from './host-process.js';
import type { HostInfo } from './host-protocol.js';
import type { Launcher } from './launch.js';
import { type PreparedTask, prepareTask } from './prepare-task.js';
import { listProgress, startedRun } from './progress.js';
import type { ReachedTemporal } from './reach-temporal.js';
import { StoredRun } from './run-handle.js';

/** A host that dies this often under one request has another trouble. */
const TRIES = 3;
const DEATH_SHOWS_MS = 1_000;

/** One connected host, and Temporal once it was needed. */
interface Reach {
  host: HostConnection;
  info: HostInfo;
  temporal: Promise<ReachedTemporal> | null;
}

/** All that a start needs is loaded, so that the first one is as quick as the next. The host may still be coming up. */
export async function connect(options: ConnectOptions = {}): Promise<Swarm> {
  const swarm = await connectLight(options);
  await loadTemporal();
  swarm.launcher().catch(() => undefined);
  return swarm;
}

/** For one run of any size: Temporal's SDK, 40 MB, is loaded when the rows are staged. */
export async function connectLight(options: ConnectOptions = {}): Promise<ConnectedSwarm> {
  const loaded = loadConfig();
  const config: Config = options.home === undefined ? loaded : { ...loaded, home: options.home };
  ensureHome(config.home);
  const store = await openStore(storeLocation(config));
  store.expectWrites();
  const swarm = new ConnectedSwarm(config, store, options.onProgress);
  // The host starts while the task is read and its rows are staged.
  swarm.reach().catch(() => undefined);
  return swarm;
}

function startOptions(seedsOrOptions: Rows | StartOptions = {}, more: StartOptions = {}): StartOptions {
  const isRows = Symbol.iterator in seedsOrOptions || Symbol.asyncIterator in seedsOrOptions;
  return isRows ? { ...more, seeds: seedsOrOptions as Rows } : (seedsOrOptions as StartOptions);
}

/** Asked for as soon as it is sure to be needed: a host that comes up takes longer than the loading. */
function loadTemporal(): Promise<typeof import('./reach-temporal.js')> {
  return import('./reach-temporal.js');
}

async function closeTemporal(reach: Reach | null | undefined): Promise<void> {
  const temporal = await reach?.temporal?.catch(() => null);
  await temporal?.close().catch(() => undefined);
}

class ConnectedSwarm implements Swarm {
  readonly #config: Config;
  readonly #store: Store;
  readonly #onProgress: ((line: string) => void) | undefined;
  readonly #keys: Record<string, string> = {};
  /** Runs whose host must come back when it dies. */
  readonly #attached = new Set<string>();
  #reach: Promise<Reach> | null = null;
  #current: Reach | null = null;
  /** The last host was told to stop: only what the user does next starts another one. */
  #hostStopped = false;
  #closed = false;

  constructor(config: Config, store: Store, onProgress: ((line: string) => void) | undefined) {
    this.#config = config;
    this.#store = store;
    this.#onProgress = onProgress;
  }

  async start(task: string | object, seedsOrOptions?: Rows | StartOptions, more?: StartOptions): Promise<StartedRun> {
    const options = startOptions(seedsOrOptions, more);
    const prepared = await prepareTask(task, options, (name) => readKey(name));
    const homeCapUsd = this.#config.maxDailyCost?.usd ?? null;
    const cap = capProblem(prepared.task, createPrices(), { placeOf: prepared.placeOf, homeCapUsd });
    if (cap) throw new SwarmError(cap);
    const staged = await stageRun(
      {
        store: this.#store,
        home: this.#config.home,
        homeId: homeId(this.#config.home),
        ...runFolders,
        now: () => Date.now(),
        random: () => Math.random(),
      },
      {
        task: prepared.task,
        rows: prepared.rows(),
        seen: await stillSeen(options.checked?.seen, prepared.rowsOf),
        limited: options.limit !== undefined,
        ifChanged: options.ifChanged ?? 'refuse',
        detached: options.detached ?? true,
        origin: options.origin ?? 'library',
      },
    );
    this.#keepKey(prepared);
    if (staged.kind !== 'finished') loadTemporal().catch(() => undefined);
    const attached = !staged.run.detached;
    await this.#throughHost(async ({ host }) => {
      if (Object.keys(this.#keys).length > 0) await host.keys(this.#keys);
      if (attached) await this.#attach(staged.run.id);
      if (staged.kind === 'finished') return;
      const launcher = await this.launcher();
      await launcher.startOrResume(staged.run.id);
      if (staged.kind === 'new' && this.#config.externalTemporal) await launcher.needWorker();
    });
    const start: StartNotes = { kind: staged.kind, notes: [...prepared.notes, ...staged.notes] };
    return Object.assign(this.#handle(staged.run.id), { start });
  }

  async get(run: string): Promise<RunHandle> {
    // Who asks for a run wants it followed or changed.
    this.launcher().catch(() => undefined);
    await startedRun(this.#store, run);
    return this.#handle(run);
  }

  runs(options: ListOptions = {}): Promise<Progress[]> {
    return listProgress(this.#store, options, this.#config);
  }

  async webUi(): Promise<string | null> {
    return (await this.reach()).info.uiUrl;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const reach = await this.#reach?.catch(() => null);
    reach?.host.close();
    await closeTemporal(reach);
    await this.#store.close();
  }

  /** The home's host; one that is gone is found or started anew. */
  reach(): Promise<Reach> {
    this.#reach ??= this.#connect().catch((error: unknown) => {
      this.#reach = null;
      throw error;
    });
    return this.#reach;
  }

  async #connect(): Promise<Reach> {
    const { connection: host, info } = await connectToHost(this.#config, {
      keys: this.#keys,
      ...(this.#onProgress ? { onProgress: this.#onProgress } : {}),
    });
    const reach: Reach = { host, info, temporal: null };
    this.#current = reach;
    this.#hostStopped = false;
    void host.closed.then(() => this.#lost(reach));
    return reach;
  }

  /** Through the host that was reached, whichever it is by now. */
  async launcher(): Promise<Launcher> {
    const loading = loadTemporal();
    loading.catch(() => undefined);
    const reach = await this.reach();
    reach.temporal ??= loading
      .then(({ reachTemporal }) => reachTemporal(this.#config, this.#store, reach))
      .catch((error: unknown) => {
        reach.temporal = null;
        throw error;
      });
    return (await reach.temporal).launcher;
  }

  /**
   * Does what the host or its Temporal is needed for, and does it again through the next host when one dies under it: nothing of it may
   * matter twice. Throws E_HOST_GONE and E_TEMPORAL_UNREACHABLE (exit 4) for requests that stay without an answer.
   */
  async #throughHost<T>(work: (reach: Reach) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      const reach = await this.reach();
      try {
        return await work(reach);
      } catch (error) {
        const temporal = await reach.temporal?.catch(() => null);
        const told = temporal?.unanswered(error) ?? error;
        if (!SwarmError.is(told) || told.exitCode !== EXIT.unreachable || tries === TRIES) throw told;
        // The death of a host shows in its socket, a moment before or after it shows in the requests.
        await Promise.race([reach.host.closed, sleep(DEATH_SHOWS_MS)]);
        if (this.#current === reach || this.#hostStopped || this.#closed) throw told;
      }
    }
  }

  #lost(reach: Reach): void {
    if (this.#current !== reach || this.#closed) return;
    this.#current = null;
    this.#reach = null;
    this.#hostStopped = reach.host.toldToStop;
    void closeTemporal(reach);
  }

  async #attach(run: string): Promise<void> {
    this.#attached.add(run);
    await (await this.reach()).host.attach(run);
  }

  #keepKey({ task, key }: PreparedTask): void {
    if (task.model.apiKeyEnv !== null && key !== null) this.#keys[task.model.apiKeyEnv] = key;
  }

  /** A run that goes on needs its key where the calls are made. A host may have one that this program lacks, but not one that was refused. */
  async #handKey({ task, reason }: RunRow): Promise<void> {
    const name = task.model.apiKeyEnv;
    if (name === null) return;
    const value = readKey(name);
    if (value === undefined && reason !== 'key') return;
    const problem = checkKey(name, value);
    if (problem) throw new SwarmError(problem, EXIT.refused);
    this.#keys[name] = value as string;
    await (await this.reach()).host.keys({ [name]: value as string });
  }

  #handle(id: string): StoredRun {
    return new StoredRun(id, {
      store: this.#store,
      launcher: () => this.launcher(),
      act: (work) => this.#throughHost(async () => await work(await this.launcher())),
      hostGone: () => this.#current?.host.closed ?? null,
      hostStopped: () => this.#current?.host.toldToStop ?? this.#hostStopped,
      settings: this.#config,
      diskOf: this.#config.databaseUrl !== null && this.#config.externalTemporal ? null : this.#config.home,
      handKey: (run) => this.#handKey(run),
      revive: async (run) => {
        if (this.#closed) return;
        const launcher = await this.launcher();
        if (!this.#attached.has(run)) return;
        await this.#attach(run);
        // The new host took the attached run for interrupted; its client is alive, so it goes on.
        const row = await this.#store.run(run);
        if (row?.state === 'interrupted') await launcher.startOrResume(run);
      },
    });
  }
}
