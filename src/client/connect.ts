/**
 * `connect()`, the library's way in, and `connectLight()`, the command's. Both find or start the home's host; staging and reading go
 * straight to the store.
 */
import { type Config, loadConfig, readKey } from '../config.js';
import { EXIT, SwarmError } from '../core/errors.js';
import { checkKey } from '../core/key-check.js';
import { hasEnded } from '../core/run-end.js';
import { ensureHome, homeId, storeLocation } from '../home.js';
import { type PreparedTask, prepareTask } from '../runs/prepare.js';
import type { ListOptions, Progress } from '../runs/progress.js';
import { listProgress, startedRun } from '../runs/read-progress.js';
import { stagePrepared } from '../runs/stage.js';
import type { Rows, StartNotes, StartOptions } from '../runs/start-options.js';
import { openStore } from '../store/open-store.js';
import type { RunRow, Store } from '../store/port/store.js';
import type { ConnectOptions, RunHandle, StartedRun, Swarm } from './api.js';
import { Attachments } from './attachments.js';
import { HomeHost, loadTemporal } from './host/home-host.js';
import { prepareFacts } from './prepare-facts.js';
import { StoredRun } from './run-handle.js';
import { runAddress } from './web-ui.js';

/**
 * Opens the store of a home and finds or starts its host, which may still be coming up when this resolves. All that a start needs is loaded, so
 * that the first one is as quick as the next. Throws E_HOME, E_STORE_WRITE (exit 7), E_STORE_VERSION, E_STORE_URL, a setting that cannot be read (exit 2),
 * E_STORE_UNREACHABLE (exit 4).
 */
export async function connect(options: ConnectOptions = {}): Promise<Swarm> {
  const { swarm, host } = await open(options);
  await loadTemporal();
  host.launcher().catch(() => undefined);
  return swarm;
}

/** For one run of any size: Temporal's SDK, 40 MB, is loaded when the rows are staged. */
export async function connectLight(options: ConnectOptions = {}): Promise<Swarm> {
  return (await open(options)).swarm;
}

async function open({ home, onProgress }: ConnectOptions): Promise<{ swarm: Swarm; host: HomeHost }> {
  const loaded = loadConfig();
  const config: Config = home === undefined ? loaded : { ...loaded, home };
  ensureHome(config.home);
  const store = await openStore(storeLocation(config));
  store.expectWrites();
  const host = new HomeHost(config, store, onProgress);
  // The host starts while the task is read and its rows are staged.
  host.reach().catch(() => undefined);
  return { swarm: new ConnectedSwarm(config, store, host), host };
}

function startOptions(seedsOrOptions: Rows | StartOptions = {}, more: StartOptions = {}): StartOptions {
  const isRows = Symbol.iterator in seedsOrOptions || Symbol.asyncIterator in seedsOrOptions;
  return isRows ? { ...more, seeds: seedsOrOptions as Rows } : (seedsOrOptions as StartOptions);
}

class ConnectedSwarm implements Swarm {
  readonly #config: Config;
  readonly #store: Store;
  readonly #host: HomeHost;
  readonly #attachments: Attachments;

  constructor(config: Config, store: Store, host: HomeHost) {
    this.#config = config;
    this.#store = store;
    this.#host = host;
    this.#attachments = new Attachments(async () => (await host.reach()).host);
  }

  async start(task: string | object, seedsOrOptions?: Rows | StartOptions, more?: StartOptions): Promise<StartedRun> {
    const options = startOptions(seedsOrOptions, more);
    const prepared = await prepareTask(task, options, prepareFacts(this.#config));
    const { home } = this.#config;
    const here = { store: this.#store, home, homeId: homeId(home), endEpoch: ({ id }: RunRow) => this.#endEpoch(id) };
    const staged = await stagePrepared(prepared, options, here);
    this.#keepKey(prepared);
    if (staged.kind !== 'finished') loadTemporal().catch(() => undefined);
    const attached = !staged.run.detached;
    await this.#host.through(async ({ host }) => {
      const { keys } = this.#host;
      if (Object.keys(keys).length > 0) await host.keys(keys);
      if (attached) await this.#attachments.attach(staged.run.id, this);
      if (staged.kind === 'finished') return;
      const launcher = await this.#host.launcher();
      await launcher.startOrResume(staged.run.id);
      if (staged.kind === 'new' && this.#config.externalTemporal) await launcher.needWorker();
    });
    const start: StartNotes = { kind: staged.kind, notes: [...prepared.notes, ...staged.notes] };
    const { id, epoch } = staged.run;
    const joined = staged.kind === 'resumed' && !hasEnded(staged.run) ? { joined: epoch } : {};
    return Object.assign(this.#handle(id, { ...joined, mine: attached }), { start });
  }

  #endEpoch(run: string): Promise<void> {
    return this.#host.through(async () => {
      const { endEpoch } = await import('../runs/end-epoch.js');
      await endEpoch(this.#store, await this.#host.launcher(), run);
    });
  }

  async get(run: string): Promise<RunHandle> {
    // Who asks for a run wants it followed or changed.
    this.#host.launcher().catch(() => undefined);
    await startedRun(this.#store, run);
    return this.#handle(run);
  }

  runs(options: ListOptions = {}): Promise<Progress[]> {
    return listProgress(this.#store, options, this.#config);
  }

  async webUi(run?: string): Promise<string | null> {
    const { uiUrl, namespace } = (await this.#host.reach()).info;
    if (uiUrl === null || run === undefined) return uiUrl;
    return runAddress(uiUrl, namespace, await startedRun(this.#store, run));
  }

  async close(): Promise<void> {
    await this.#host.close();
    await this.#store.close();
  }

  #keepKey({ task, key }: PreparedTask): void {
    if (task.model.apiKeyEnv !== null && key !== null) this.#host.keys[task.model.apiKeyEnv] = key;
  }

  /** A run that goes on needs its key where the calls are made. A host may have one that this program lacks, but not one that was refused. */
  async #handKey({ task, reason }: RunRow): Promise<void> {
    const name = task.model.apiKeyEnv;
    if (name === null) return;
    const value = readKey(name);
    if (value === undefined && reason !== 'key') return;
    const problem = checkKey(name, value);
    if (problem) throw new SwarmError(problem, EXIT.refused);
    this.#host.keys[name] = value as string;
    await (await this.#host.reach()).host.keys({ [name]: value as string });
  }

  #handle(id: string, followed: { joined?: number; mine?: boolean } = {}): StoredRun {
    return new StoredRun(id, {
      ...followed,
      store: this.#store,
      launcher: () => this.#host.launcher(),
      act: (work) => this.#host.through(async () => await work(await this.#host.launcher())),
      hostGone: () => this.#host.gone(),
      hostStopped: () => this.#host.stopped(),
      settings: this.#config,
      diskOf: this.#config.databaseUrl !== null && this.#config.externalTemporal ? null : this.#config.home,
      handKey: (run) => this.#handKey(run),
      join: (run, who) => this.#attachments.attach(run, who),
      leave: (run, who) => this.#attachments.release(run, who),
      closed: () => this.#host.closed,
    });
  }
}
