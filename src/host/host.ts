/** The background process of a home: holds its lock, owns the Temporal server, the store's writer and the worker. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Connection } from '@temporalio/client';
import { type Config, hostSettings, readKey } from '../config.js';
import { EXIT, type ExitCode } from '../core/errors.js';
import { type HomePaths, homeId } from '../home.js';
import type { HostInfo, HostRecord, HostStatus } from '../host-protocol.js';
import { packageVersion } from '../package-info.js';
import { Launcher } from '../runs/launch.js';
import type { Store } from '../store/port/store.js';
import { clusterConnectionSettings, connectTemporal, type TemporalConnectionSettings } from '../temporal-connection.js';
import type { PreparedWorker, WorkerHandle, WorkerOptions } from '../worker/start-worker.js';
import { Clients } from './clients.js';
import { drain } from './drain.js';
import { holdingHome, isHeld } from './held-home.js';
import { asProblem } from './host-faults.js';
import type { HostParts } from './host-parts.js';
import { writeJsonFile } from './json-file.js';
import { Keyring } from './keyring.js';
import { type HostLog, openHostLog } from './log.js';
import { giveBack, interruptOnStop, isOfHome, takeOver, wakeRuns } from './recovery.js';
import { RunStates } from './run-states.js';
import { SocketServer } from './socket-server.js';
import { allOrFirstError, Startup } from './startup.js';
import { resolveTemporalBinary } from './temporal/binary.js';
import { prepareCluster } from './temporal/namespace.js';
import { TemporalServer } from './temporal/server.js';
import { throughDeaths } from './through-deaths.js';

/** A failed start waits this long for a starter that has not asked yet, in ms. */
const TELL_MS = 2_000;
/** Longest pause between two looks whether the host is needed, in ms. */
const IDLE_LOOK_MS = 1_000;

/** Runs until it is told to stop, is idle, or cannot start. Returns the exit code; 6 when another host has the home. */
export async function runHost(config: Config, parts: HostParts): Promise<ExitCode> {
  return await holdingHome(config.home, (paths) => new Host(config, parts, paths).run());
}

class Host {
  readonly #config: Config;
  readonly #parts: HostParts;
  readonly #paths: HomePaths;
  readonly #keyring = new Keyring((name) => readKey(name));
  readonly #log: HostLog;
  readonly #startup = new Startup();
  readonly #clients = new Clients();
  readonly #record: HostRecord;
  /** True when all runs of the store are this home's. */
  readonly #ownStore: boolean;
  /** Aborted when the host is to stop. */
  readonly #stop = new AbortController();
  /** Aborted by the second signal: no grace. */
  readonly #hurry = new AbortController();
  #socket: SocketServer | null = null;
  #store: Store | null = null;
  #server: TemporalServer | null = null;
  #connection: Connection | null = null;
  #states: RunStates | null = null;
  /** Until it is started. */
  #prepared: PreparedWorker | null = null;
  #ahead: Pick<PreparedWorker, 'opens' | 'goOn'> | null = null;
  #worker: WorkerHandle | null = null;
  #workerEnded: Promise<void> = new Promise(() => undefined);

  constructor(config: Config, parts: HostParts, paths: HomePaths) {
    this.#config = config;
    this.#parts = parts;
    this.#paths = paths;
    this.#ownStore = config.databaseUrl === null;
    this.#log = openHostLog(paths.log, config.logLevel, this.#keyring);
    this.#record = {
      pid: process.pid,
      version: packageVersion,
      homeId: homeId(config.home),
      startedAt: Date.now(),
      socket: paths.socket,
    };
  }

  async run(): Promise<ExitCode> {
    const onSignal = (signal: NodeJS.Signals) => {
      if (this.#stop.signal.aborted) this.#hurry.abort();
      else this.#stopAsTold(signal);
    };
    process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
    writeJsonFile(this.#paths.info, this.#record);
    const socket = await SocketServer.listen(this.#paths.socket, {
      startup: this.#startup,
      clients: this.#clients,
      hand: (keys) => this.#keyring.hand(keys),
      status: () => this.#status(),
      opens: (run, workflow) => this.#ahead?.opens(run, workflow),
      goOn: (run) => this.#ahead?.goOn(run),
      stop: () => this.#stopAsTold('a client'),
    });
    this.#socket = socket;
    let code: ExitCode = EXIT.ok;
    try {
      this.#log.info({ version: packageVersion, home: this.#config.home }, 'host starts');
      const info = await this.#start();
      if (!this.#stop.signal.aborted) {
        writeJsonFile(this.#paths.info, info);
        this.#log.info({ temporal: info.temporalAddress, namespace: info.namespace, ui: info.uiUrl }, 'host is ready');
        this.#clients.touch();
        this.#startup.finish({ kind: 'ready', info, settings: hostSettings(this.#config) });
        await Promise.race([
          this.#untilNotNeeded(),
          this.#workerEnded.then(() => this.#workerFailed()),
          this.#server?.gaveUp.then((error) => Promise.reject(error)) ?? new Promise(() => undefined),
        ]);
      }
    } catch (error) {
      code = await this.#fail(error);
    } finally {
      this.#startup.finish({ kind: 'stopping' });
      await this.#shutDown();
      await socket.close();
      process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
      this.#log.info('host is gone');
    }
    return code;
  }

  async #start(): Promise<HostInfo> {
    const opening = this.#parts.openStore(this.#config).then((store) => {
      this.#store = store;
      return store;
    });
    const preparing = allOrFirstError(opening, this.#parts.loadWorker()).then(([store, { prepareWorker }]) =>
      this.#takeOver(store, prepareWorker),
    );
    const [{ store, worker, tokens, owners, goingOn }, settings] = await allOrFirstError(preparing, this.#reachTemporal());
    const connection = await throughDeaths(this.#server, () => connectTemporal(settings));
    this.#connection = connection;
    const { namespace } = settings;
    if (this.#config.externalTemporal) await prepareCluster(connection, namespace, this.#log);
    await giveBack({ connection, namespace, tokens, owners, log: this.#log });
    const launcher = await this.#watchStates(store, connection, new Client({ connection, namespace }));
    this.#stop.signal.throwIfAborted();
    // Those whose workflow was ended meanwhile do not run any more.
    for (const run of goingOn) worker.goOn(run);
    this.#say('starting the worker');
    this.#worker = await throughDeaths(this.#server, () => worker.start(settings));
    this.#prepared = null;
    this.#workerEnded = this.#worker.ended;
    wakeRuns(launcher, goingOn, this.#log);
    return {
      ...this.#record,
      temporalAddress: settings.address,
      namespace,
      uiUrl: this.#server?.uiUrl ?? null,
    };
  }

  /** While the Temporal server comes up: what the last host left is settled in the store, and detached runs go on. */
  async #takeOver(store: Store, prepareWorker: (options: WorkerOptions) => Promise<PreparedWorker>) {
    const { homeId } = this.#record;
    const { interrupted, goingOn, tokens, owners } = await takeOver({ store, homeId, ownStore: this.#ownStore });
    if (interrupted.length + goingOn.length + tokens.length > 0) {
      this.#log.info({ interrupted, goingOn, activities: tokens.length }, 'took over from a host that ended amid runs');
    }
    const worker = await prepareWorker({
      config: this.#config,
      store,
      keys: (name) => this.#keyring.get(name),
      homeId,
      log: this.#log,
    });
    this.#prepared = worker;
    this.#ahead = worker;
    // A workflow that was terminated in the moment before the server died too costs these few calls at most; their answers are kept.
    if (!this.#stop.signal.aborted) for (const run of goingOn) worker.makeAgain(run);
    return { store, worker, tokens, owners, goingOn };
  }

  async #watchStates(store: Store, connection: Connection, client: Client): Promise<Launcher> {
    const isOf = isOfHome({ homeId: this.#record.homeId, ownStore: this.#ownStore });
    const launcher = new Launcher(client, store);
    this.#states = new RunStates({ store, connection, launcher, log: this.#log, isOf });
    await this.#states.start();
    return launcher;
  }

  async #reachTemporal(): Promise<TemporalConnectionSettings> {
    if (this.#config.externalTemporal) {
      const settings = clusterConnectionSettings();
      this.#say(`using the Temporal cluster at ${settings.address}, namespace ${settings.namespace}`);
      return settings;
    }
    const onProgress = (line: string) => this.#say(line);
    const told = { onProgress, signal: this.#stop.signal };
    const binary = await resolveTemporalBinary(this.#config, told);
    this.#say('starting the Temporal server');
    this.#server = await TemporalServer.start({ config: this.#config, paths: this.#paths, binary, ...told });
    return { address: this.#server.address, namespace: this.#server.namespace };
  }

  async #untilNotNeeded(): Promise<void> {
    const look = Math.max(10, Math.min(IDLE_LOOK_MS, this.#config.idleMs / 4));
    while (!this.#stop.signal.aborted) {
      await sleep(look, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      if (!isHeld(this.#paths)) return this.#beginStop('its home folder was removed');
      if (this.#clients.idleMs() < this.#config.idleMs) continue;
      // A store that cannot be read now may hold runs.
      if ((await this.#activeRuns().catch(() => 1)) > 0) this.#clients.touch();
      // Asked again: a client may have come while the runs were counted.
      else if (this.#clients.idleMs() >= this.#config.idleMs) this.#beginStop('idle');
    }
  }

  /** The worker knows what it is at; the store also knows a detached run whose first task has not come yet. */
  async #activeRuns(): Promise<number> {
    const running = (await this.#store?.runs({ states: ['running'] })) ?? [];
    return Math.max((await this.#worker?.activeRuns()) ?? 0, running.length);
  }

  /** A host without a worker would let runs wait for ever: the next starter gets a new one. */
  #workerFailed(): void {
    if (!this.#stop.signal.aborted) throw new Error('the worker ended unasked');
  }

  #say(line: string): void {
    this.#log.info(line);
    this.#startup.say(line);
  }

  /** Clients that are connected are told, so that they do not start another host. */
  #stopAsTold(why: string): void {
    this.#socket?.tellStop();
    this.#beginStop(why);
  }

  #beginStop(why: string): void {
    if (this.#stop.signal.aborted) return;
    this.#log.info({ why }, 'host stops');
    this.#stop.abort();
    this.#startup.finish({ kind: 'stopping' });
  }

  async #fail(error: unknown): Promise<ExitCode> {
    if (this.#stop.signal.aborted) return EXIT.ok;
    const known = asProblem(error, this.#config.home, this.#paths.log);
    this.#log.error({ err: error }, known.message);
    this.#startup.finish({ kind: 'failed', error: known });
    for (let waited = 0; !this.#startup.told && waited < TELL_MS; waited += 20) await sleep(20);
    this.#stop.abort();
    return known.exitCode;
  }

  async #shutDown(): Promise<void> {
    const steps: [string, (() => Promise<void>) | undefined][] = [
      ['look at the runs', this.#states?.stop.bind(this.#states)],
      ['worker', this.#worker === null ? this.#prepared?.discard : () => drain(this.#worker as WorkerHandle, this.#hurry.signal)],
      ['runs', () => this.#interruptRuns()],
      ['connection', this.#connection?.close.bind(this.#connection)],
      ['store', this.#store?.close.bind(this.#store)],
      ['server', this.#server?.stop.bind(this.#server)],
    ];
    for (const [part, step] of steps) {
      try {
        await step?.();
      } catch (error) {
        this.#log.error({ err: error }, `the ${part} did not stop cleanly`);
      }
    }
  }

  /** A clean stop says so in the store: nobody has to start a host to learn it. */
  async #interruptRuns(): Promise<void> {
    if (this.#store === null) return;
    const interrupted = await interruptOnStop({ store: this.#store, homeId: this.#record.homeId, ownStore: this.#ownStore });
    if (interrupted.length > 0) this.#log.info({ interrupted }, 'runs are interrupted');
  }

  async #status(): Promise<HostStatus> {
    const end = this.#startup.end;
    const states = { ready: 'ready', stopping: 'stopping', failed: 'stopping' } as const;
    return {
      state: end === null ? 'starting' : states[end.kind],
      pid: this.#record.pid,
      version: this.#record.version,
      startedAt: this.#record.startedAt,
      line: this.#startup.lastLine,
      info: end?.kind === 'ready' ? end.info : null,
      kept: this.#clients.kept,
      clients: this.#clients.count,
      attachedRuns: this.#clients.runs,
      activeRuns: end?.kind === 'ready' ? await this.#activeRuns() : 0,
      temporalPid: this.#server?.pid ?? null,
      temporalRestarts: this.#server?.restarts ?? 0,
    };
  }
}
