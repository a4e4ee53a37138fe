/**
 * Several worker processes as on several machines: PostgreSQL is the store, the host of one home has the Temporal server, every
 * `swarm worker` has a home of its own.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { callId } from '../../src/core/names.js';
import { openStore } from '../../src/store/open-store.js';
import type { CallRow, Store } from '../../src/store/port/store.js';
import { isAlive, until } from '../host/host-support.js';
import type { TestPostgres } from '../support/postgres.js';
import type { Program } from '../support/program.js';
import type { ProviderCall } from '../support/provider.js';
import { SwarmHome } from '../support/swarm-home.js';
import { CANARY_ENV, newCanary } from './canary.js';
import type { Blow } from './checker.js';

/** A worker that runs gets its share of the calls within this time, also on busy cores. */
const HOLDS_MS = 60_000;

export class Team {
  readonly home: SwarmHome;
  readonly database: string;
  readonly #workers: Program[] = [];
  /** Pids of all processes that were ever of the team, by the name that people know them by. */
  readonly #names = new Map<number, string>();
  readonly blows: Blow[] = [];
  #store: Promise<Store> | null = null;

  private constructor(home: SwarmHome, database: string) {
    this.home = home;
    this.database = database;
  }

  /** A host and this many workers. */
  static async open(postgres: TestPostgres, workers: number): Promise<Team> {
    const database = await postgres.database();
    const team = new Team(await SwarmHome.create({ SWARM_DATABASE_URL: database, [CANARY_ENV]: newCanary() }), database);
    try {
      await team.home.run(['start']);
      team.#names.set(team.home.hostPid(), 'host');
      await Promise.all(Array.from({ length: workers }, (_, at) => team.startWorker(at)));
    } catch (error) {
      await team.close();
      throw error;
    }
    return team;
  }

  /** `env` is added to that of the home. */
  async startWorker(at: number, env: NodeJS.ProcessEnv = {}): Promise<void> {
    const host = this.home.host();
    if (!host) throw new Error('no host is running');
    const worker = this.home.swarm(['worker'], {
      ...env,
      SWARM_HOME: join(this.home.folder, `worker-${at}`),
      TEMPORAL_ADDRESS: host.temporalAddress,
      TEMPORAL_NAMESPACE: host.namespace,
    });
    this.#workers[at] = worker;
    this.#names.set(worker.pid, `worker ${at}`);
    await worker.says(/The worker polls/, 90_000);
  }

  worker(at: number): Program {
    const worker = this.#workers[at];
    if (!worker) throw new Error(`there is no worker ${at}`);
    return worker;
  }

  /** kill -9 of the first of these workers that holds calls of the run: its number. Null when the run ended before. */
  async kill(among: readonly number[], run: string): Promise<number | null> {
    const at = await this.untilHolds(among, run);
    if (at === null) return null;
    const { pid } = this.worker(at);
    const from = Date.now();
    process.kill(pid, 'SIGKILL');
    await until(`worker ${at} is gone`, () => !isAlive(pid));
    this.blows.push({ what: `worker ${pid}`, from, until: Date.now(), sockets: true });
    return at;
  }

  /** SIGSTOP of one worker that holds calls of the run, and SIGCONT after this long. False when the run ended before. */
  async stall(at: number, run: string, ms: number): Promise<boolean> {
    const { pid } = this.worker(at);
    if ((await this.untilHolds([at], run)) === null) return false;
    const from = Date.now();
    process.kill(pid, 'SIGSTOP');
    await sleep(ms);
    process.kill(pid, 'SIGCONT');
    this.blows.push({ what: `stall ${pid}`, from, until: Date.now(), sockets: true, stalled: true });
    return true;
  }

  /** Waits until one of these workers has calls of the run under way: the first that does. Null when the run ended before. */
  async untilHolds(among: readonly number[], run: string): Promise<number | null> {
    const store = await this.#opened();
    for (const late = Date.now() + HOLDS_MS; ; await sleep(20)) {
      if ((await store.run(run))?.state !== 'running') return null;
      const holders = new Set((await this.#calls(run)).filter((call) => call.state === 'intent').map(pidOf));
      const found = among.find((at) => holders.has(this.worker(at).pid));
      if (found !== undefined) return found;
      if (Date.now() > late) throw new Error(`none of worker ${among.join(', ')} holds a call of ${run}`);
    }
  }

  /** Waits until the host and all workers have calls of the run under way at once. Throws when they never have. */
  async untilAllHold(run: string): Promise<void> {
    const pids = [this.home.hostPid(), ...this.#workers.map(({ pid }) => pid)];
    await until(
      'all processes hold calls',
      async () => {
        const holders = new Set((await this.#calls(run)).filter((call) => call.state === 'intent').map(pidOf));
        return pids.every((pid) => holders.has(pid));
      },
      HOLDS_MS,
    );
  }

  /**
   * How long each blow's calls waited for another process, in ms: from the blow to the next call of the first of its rows. Blows whose
   * calls had all been answered are left out.
   */
  async replacements(run: string): Promise<number[]> {
    const calls = await this.#calls(run);
    return this.blows.flatMap(({ what, from }) => {
      const cut = calls.filter((call) => call.state === 'doubtful' && what.endsWith(` ${pidOf(call)}`));
      const next = calls.filter(
        (call) =>
          call.startedAt >= from &&
          cut.some(({ index, turn, attempt }) => call.index === index && call.turn === turn && call.attempt > attempt),
      );
      return next.length === 0 ? [] : [Math.min(...next.map(({ startedAt }) => startedAt)) - from];
    });
  }

  async #opened(): Promise<Store> {
    this.#store ??= openStore({ url: this.database });
    return await this.#store;
  }

  async #calls(run: string): Promise<CallRow[]> {
    const store = await this.#opened();
    return await store.calls(run, { from: 0, to: (await store.totals(run)).total });
  }

  /** Calls of a run by the process that made them. */
  async callsByProcess(run: string): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const name of (await this.processes(run)).values()) counts.set(name, (counts.get(name) ?? 0) + 1);
    return counts;
  }

  /** Names of the processes that made a run's calls, by the id that each call was sent with. */
  async processes(run: string): Promise<Map<string, string>> {
    const calls = await this.#calls(run);
    return new Map(calls.map((call) => [callId({ ...call, runId: run }), this.#names.get(pidOf(call)) ?? call.owner]));
  }

  async close(): Promise<void> {
    await (await this.#store)?.close();
    await this.home.close();
  }
}

/** Of the process that made the call. */
function pidOf({ owner }: CallRow): number {
  return Number(owner.split(':')[1]);
}

/** Most calls open at the provider at one time, by its own book. */
export function mostOpen(calls: readonly ProviderCall[]): number {
  const moments = calls.flatMap(({ t, endedAt }) => [
    { at: t, change: 1 },
    ...(endedAt === null ? [] : [{ at: endedAt, change: -1 }]),
  ]);
  // An answer that left in the same millisecond made room for the call.
  moments.sort((a, b) => a.at - b.at || a.change - b.change);
  let open = 0;
  let most = 0;
  for (const { change } of moments) {
    open += change;
    most = Math.max(most, open);
  }
  return most;
}
