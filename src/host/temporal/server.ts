/** The embedded Temporal server as a child process: started, watched, started again on the same ports, stopped. */
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../config.js';
import type { SwarmError } from '../../core/errors.js';
import type { HomePaths } from '../../home.js';
import { isDiskFull } from '../../store/free-space.js';
import { readJsonFile, writeJsonFile } from '../json-file.js';
import { endOrphanServer, type LastServer } from '../orphan.js';
import { freePorts, isPortFree, LOOPBACK, pickPortPair, unbrowsablePort } from '../ports.js';
import { RotatingFile } from '../rotating-file.js';
import { WebUi } from '../web-ui.js';
import type { TemporalBinary } from './binary.js';
import { setDamagedAside } from './damaged-database.js';
import { temporalStartError } from './faults.js';
import { type Leashed, runLeashed } from './leash.js';
import { serverReady } from './ready.js';
import { databaseFileName, EMBEDDED_NAMESPACE, SERVER_ENVIRONMENT, type ServerPorts, serverArguments } from './settings.js';

/** Remembered in the home. */
interface ServerState extends LastServer {
  /** The configured port when the others were chosen: another one asked for means another choice. */
  asked: number;
  port: number;
  uiPort: number;
}

export interface ServerOptions {
  config: Pick<Config, 'home' | 'temporalPort' | 'webUi' | 'proxies'>;
  paths: HomePaths;
  binary: TemporalBinary;
  /** Ends a start that is under way; a server that is ready does not heed it. */
  signal?: AbortSignal;
  /** Told about ports, deaths and restarts, a line each. */
  onProgress: (line: string) => void;
}

/**
 * One that was ready, or lived this long, did not fail to start: somebody ended it, and it is started again soon. One that is killed every
 * few seconds must not be kept waiting for longer than it lives. In ms.
 */
const QUICK_MS = 2_000;
const FIRST_BACKOFF_MS = 200;
const LONGEST_BACKOFF_MS = 1_000;
/** Restarts in a row that never were ready, before it is given up. */
const MOST_TRIES = 10;
/** Its port may be held for a while by another program. */
const PORT_MS = 60_000;
const PORT_LOOK_MS = 100;
/** Of the first start: it may be killed three times in a row. */
const FIRST_TRIES = 5;

export class TemporalServer {
  readonly address: string;
  /** Null without a Web UI. */
  readonly uiUrl: string | null;
  readonly namespace = EMBEDDED_NAMESPACE;
  #restarts = 0;
  #deaths = 0;
  #isUp = false;
  #stopping = false;
  #child: Leashed | null = null;
  #startedAt = 0;
  #lastOutput = '';
  readonly #log: RotatingFile;
  readonly #options: ServerOptions;
  readonly #state: ServerState;
  readonly #ui: WebUi | null;
  #supervision: Promise<void> = Promise.resolve();
  readonly #stopped = new AbortController();
  #end: Promise<void> | null = null;
  #giveUp: (error: SwarmError) => void = () => undefined;
  /** Resolves when it died and cannot be started again: E_TEMPORAL_START (exit 4), or exit 7 when its disk is full. */
  readonly gaveUp = new Promise<SwarmError>((resolve) => {
    this.#giveUp = resolve;
  });

  private constructor(options: ServerOptions, state: ServerState, ui: WebUi | null) {
    this.#options = options;
    this.#state = state;
    this.#ui = ui;
    this.address = `${LOOPBACK}:${state.port}`;
    this.uiUrl = ui?.url ?? null;
    this.#log = new RotatingFile(options.paths.temporalLog);
  }

  /**
   * Starts the server and returns when it answers and its namespace is prepared. From then on a dead server is started
   * again on the same ports. Throws E_TEMPORAL_START (exit 4), or the reason of the signal.
   */
  static async start(options: ServerOptions): Promise<TemporalServer> {
    const { config, paths, onProgress, signal } = options;
    const remembered = readJsonFile<ServerState>(paths.temporalState);
    if (await endOrphanServer(remembered, config.home)) {
      onProgress(`ended a Temporal server (pid ${remembered?.pid}) that an earlier host left behind`);
    }
    let wanted = remembered?.asked === config.temporalPort ? remembered.port : config.temporalPort;
    for (let tries = 1; ; tries += 1) {
      signal?.throwIfAborted();
      const ports = await pickPortPair(wanted, config.webUi !== null);
      if (ports.port !== wanted) onProgress(`port ${wanted} or its UI port is taken: using ${ports.port} and ${ports.uiPort}`);
      const ui = config.webUi && (await WebUi.open(ports.uiPort, config.webUi.hosts));
      // Taken since it was looked at.
      if (config.webUi && !ui) continue;
      const server = new TemporalServer(options, { asked: config.temporalPort, ...ports, pid: null }, ui);
      server.#setDamagedAside();
      const failure = await server.#startUnless(signal);
      if (failure === null) {
        server.#supervision = server.#supervise();
        return server;
      }
      await server.stop();
      server.#setDamagedAside();
      signal?.throwIfAborted();
      if (tries === FIRST_TRIES) throw server.#startError(failure);
      // Most likely another program took a port in between.
      wanted = ports.port;
    }
  }

  /** Of the server process; null while it is down. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** How often it died and was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** How often it ended unasked, ready or not. */
  get deaths(): number {
    return this.#deaths;
  }

  /** True while it is ready. */
  get isUp(): boolean {
    return this.#isUp;
  }

  async stop(): Promise<void> {
    this.#end ??= this.#stopNow();
    await this.#end;
  }

  async #stopNow(): Promise<void> {
    this.#stopping = true;
    this.#stopped.abort();
    await this.#ui?.close();
    await this.#child?.stop();
    await this.#supervision;
    this.#log.close();
  }

  async #startUnless(signal: AbortSignal | undefined): Promise<string | null> {
    if (signal?.aborted) return 'it was told to stop';
    const stop = () => void this.stop();
    signal?.addEventListener('abort', stop, { once: true });
    const failure = await this.#startOnce();
    signal?.removeEventListener('abort', stop);
    return failure ?? (this.#stopping ? 'it was told to stop' : null);
  }

  /** Null when it is ready, else what went wrong. */
  async #startOnce(): Promise<string | null> {
    const { config, paths, binary } = this.#options;
    const [httpPort] = (await freePorts(1)) as [number];
    const ui = (await this.#ui?.hide()) ?? null;
    const ports: ServerPorts = { port: this.#state.port, ui, httpPort, metricsPort: await unbrowsablePort() };
    if (this.#stopping) return 'it was told to stop';
    this.#startedAt = performance.now();
    this.#lastOutput = '';
    let open = true;
    const child = runLeashed(binary.path, serverArguments(ports, basename(this.#database)), {
      env: SERVER_ENVIRONMENT,
      cwd: config.home,
      onOutput: (chunk) => {
        if (open) this.#log.write(chunk);
        this.#lastOutput = (this.#lastOutput + chunk.toString('utf8')).slice(-2_000);
      },
      onPid: (pid) => writeJsonFile(paths.temporalState, { ...this.#state, pid, httpPort }),
    });
    this.#child = child;
    const ended = child.ended.then((how) => {
      open = false;
      this.#child = null;
      this.#isUp = false;
      if (!this.#stopping) this.#deaths += 1;
      return `it ended with ${how}`;
    });
    return await Promise.race([ended, this.#untilReady()]);
  }

  async #untilReady(): Promise<string | null> {
    const failure = await serverReady(this.#state.port, () => this.#child !== null && !this.#stopping);
    if (failure === null) this.#isUp = this.#child !== null;
    return failure;
  }

  async #supervise(): Promise<void> {
    // Starts in a row that were not ready, and those of them that ended at once.
    let tries = 0;
    let quick = 0;
    let how = await this.#child?.ended;
    while (!this.#stopping) {
      const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** quick, LONGEST_BACKOFF_MS);
      const said = how ?? 'before it was watched';
      this.#options.onProgress(`the Temporal server ended (${said})${this.#noRoom()}: starting it again in ${backoff / 1000} s`);
      await this.#pause(backoff);
      if (!(await this.#portIsFree())) {
        if (!this.#stopping) this.#giveUp(this.#startError(`its port ${this.#state.port} was taken for ${PORT_MS / 1000} s`));
        return;
      }
      this.#restarts += 1;
      const failure = await this.#startOnce();
      if (this.#stopping) return;
      if (failure === null) {
        this.#options.onProgress(`the Temporal server is back at ${this.address}`);
        tries = 0;
        quick = 0;
        how = await this.#child?.ended;
        continue;
      }
      tries += 1;
      quick = performance.now() - this.#startedAt < QUICK_MS ? quick + 1 : 0;
      how = failure;
      await this.#child?.stop();
      this.#setDamagedAside();
      if (tries === MOST_TRIES) {
        this.#giveUp(this.#startError(`${tries} times in a row, the last time ${failure}`));
        return;
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
  }

  /** Waits for it. False when it stays taken, or the server is not wanted any more. */
  async #portIsFree(): Promise<boolean> {
    const until = performance.now() + PORT_MS;
    let told = false;
    while (!this.#stopping) {
      if (await isPortFree(this.#state.port)) return true;
      if (!told) this.#options.onProgress(`port ${this.#state.port} is not free yet: waiting for it`);
      told = true;
      if (performance.now() >= until) return false;
      await this.#pause(PORT_LOOK_MS);
    }
    return false;
  }

  get #database(): string {
    const { config, binary } = this.#options;
    return join(config.home, databaseFileName(binary.serverVersion));
  }

  /** A database that the server cannot read: it gets a new one, and the runs go on from the store, each as a new epoch. */
  #setDamagedAside(): void {
    const aside = setDamagedAside(this.#database, this.#lastOutput);
    if (aside) this.#options.onProgress(`Temporal's database is damaged: kept as ${aside}, the server gets a new one`);
  }

  #noRoom(): string {
    const { home } = this.#options.config;
    return isDiskFull(home) ? `; the disk of ${home} is full, free space on it` : '';
  }

  #startError(failure: string): SwarmError {
    const { config, paths, binary } = this.#options;
    const { home, proxies } = config;
    return temporalStartError({ home, proxies, log: paths.temporalLog, program: binary.path, failure, output: this.#lastOutput });
  }
}
