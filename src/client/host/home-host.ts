/**
 * The home's host as a connected program reaches it, with the Temporal behind it. One that died is found or started anew by who needs it
 * next.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../config.js';
import { SwarmError } from '../../core/errors.js';
import type { HostInfo } from '../../host-protocol.js';
import type { Launcher } from '../../runs/launch.js';
import type { Store } from '../../store/port/store.js';
import type { ReachedTemporal } from '../reach-temporal.js';
import type { HostConnection } from './connection.js';
import { connectToHost } from './process.js';

/** A host that dies this often under one request has another trouble. */
const TRIES = 6;
const DEATH_SHOWS_MS = 1_000;
/** An embedded server that died is back by then, started again by its host. */
const SERVER_BACK_MS = 30_000;
/** A request that met one of these may be made again: who was to answer it is gone. */
const PASSING = ['E_HOST_GONE', 'E_HOST_SILENT', 'E_TEMPORAL_UNREACHABLE'];

/** One connected host, and Temporal once it was needed. */
interface Reach {
  host: HostConnection;
  info: HostInfo;
  temporal: Promise<ReachedTemporal> | null;
}

/** Asked for as soon as it is sure to be needed: a host that comes up takes longer than the loading. */
export function loadTemporal(): Promise<typeof import('../reach-temporal.js')> {
  return import('../reach-temporal.js');
}

async function closeTemporal(reach: Reach | null | undefined): Promise<void> {
  const temporal = await reach?.temporal?.catch(() => null);
  await temporal?.close().catch(() => undefined);
}

export class HomeHost {
  /** Given to every host that is reached: variable name -> API key. */
  readonly keys: Record<string, string> = {};
  readonly #config: Config;
  readonly #store: Store;
  readonly #onProgress: ((line: string) => void) | undefined;
  #reach: Promise<Reach> | null = null;
  #current: Reach | null = null;
  /** The last host was told to stop: only what the user does next starts another one. */
  #stopped = false;
  #closed = false;

  constructor(config: Config, store: Store, onProgress: ((line: string) => void) | undefined) {
    this.#config = config;
    this.#store = store;
    this.#onProgress = onProgress;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** True when the host that was last connected to was told to stop. */
  stopped(): boolean {
    return this.#current?.host.toldToStop ?? this.#stopped;
  }

  /** Resolves when the host that was last connected to is gone; null while none is connected. */
  gone(): Promise<void> | null {
    return this.#current?.host.closed ?? null;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const reach = await this.#reach?.catch(() => null);
    reach?.host.close();
    await closeTemporal(reach);
  }

  /** Finds or starts the host. */
  reach(): Promise<Reach> {
    this.#reach ??= this.#connect().catch((error: unknown) => {
      this.#reach = null;
      throw error;
    });
    return this.#reach;
  }

  async #connect(): Promise<Reach> {
    const { connection: host, info } = await connectToHost(this.#config, {
      keys: this.keys,
      ...(this.#onProgress ? { onProgress: this.#onProgress } : {}),
    });
    const reach: Reach = { host, info, temporal: null };
    this.#current = reach;
    this.#stopped = false;
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
  async through<T>(work: (reach: Reach) => Promise<T>): Promise<T> {
    const since = performance.now();
    for (let tries = 1; ; tries += 1) {
      const reach = await this.reach();
      try {
        return await work(reach);
      } catch (error) {
        const temporal = await reach.temporal?.catch(() => null);
        const told = temporal?.unanswered(error) ?? error;
        if (!SwarmError.is(told) || !PASSING.includes(told.code) || tries === TRIES) throw told;
        // The death of a host shows in its socket, a moment before or after it shows in the requests.
        await Promise.race([reach.host.closed, sleep(DEATH_SHOWS_MS, undefined, { ref: false })]);
        if (this.#stopped || this.#closed) throw told;
        // A host that lives starts its server again; a cluster is not its to start.
        if (this.#current === reach && (this.#config.externalTemporal || performance.now() - since > SERVER_BACK_MS)) throw told;
      }
    }
  }

  #lost(reach: Reach): void {
    if (this.#current !== reach || this.#closed) return;
    this.#current = null;
    this.#reach = null;
    this.#stopped = reach.host.toldToStop;
    void closeTemporal(reach);
  }
}
