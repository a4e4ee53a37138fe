/**
 * Several worker processes as on several machines: PostgreSQL is the store, the host of one home has the Temporal server, every
 * `swarm worker` has a home of its own.
 */
import { join } from 'node:path';
import { openStore } from '../../src/store/open-store.js';
import { isAlive, until } from '../host/host-support.js';
import type { TestPostgres } from '../support/postgres.js';
import type { Program } from '../support/program.js';
import type { ProviderCall } from '../support/provider.js';
import { SwarmHome } from '../support/swarm-home.js';
import { CANARY_ENV, newCanary } from './canary.js';
import type { Blow } from './checker.js';

export class Team {
  readonly home: SwarmHome;
  readonly database: string;
  readonly #workers: Program[] = [];
  /** Pids of all processes that were ever of the team, by the name that people know them by. */
  readonly #names = new Map<number, string>();
  readonly blows: Blow[] = [];

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

  async startWorker(at: number): Promise<void> {
    const host = this.home.host();
    if (!host) throw new Error('no host is running');
    const worker = this.home.swarm(['worker'], {
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

  /** kill -9 of one worker. */
  async kill(at: number): Promise<void> {
    const { pid } = this.worker(at);
    const from = Date.now();
    process.kill(pid, 'SIGKILL');
    await until(`worker ${at} is gone`, () => !isAlive(pid));
    this.blows.push({ what: `worker ${at}`, from, until: Date.now(), sockets: true });
  }

  /** Calls of a run by the process that made them. */
  async callsByProcess(run: string): Promise<Map<string, number>> {
    const store = await openStore({ url: this.database });
    try {
      const counts = new Map<string, number>();
      const { total } = await store.totals(run);
      for (const { owner } of await store.calls(run, { from: 0, to: total })) {
        const name = this.#names.get(Number(owner.split(':')[1])) ?? owner;
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      return counts;
    } finally {
      await store.close();
    }
  }

  async close(): Promise<void> {
    await this.home.close();
  }
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
