/** What a host that starts does with its Temporal server: the server may die under it, and is started again beside it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TemporalServer } from './temporal/server.js';

/** A server that dies this often under one step of a start has another trouble. */
const TRIES = 6;
/** The death of a server shows a moment after it shows in the requests. */
const DEATH_SHOWS_MS = 1_000;
const LOOK_MS = 20;

type Server = Pick<TemporalServer, 'deaths' | 'isUp' | 'gaveUp'>;

/**
 * Does `work`, and does it again once the server is back when it died meanwhile: nothing of it may matter twice. Throws what `work` throws
 * otherwise, or what the server was given up with. `server`: null for one that is not this host's.
 */
export async function throughDeaths<T>(server: Server | null, work: () => Promise<T>): Promise<T> {
  if (server === null) return await work();
  for (let tries = 1; ; tries += 1) {
    await untilUp(server);
    const before = server.deaths;
    try {
      return await work();
    } catch (error) {
      if (tries === TRIES || !(await diedSince(server, before))) throw error;
    }
  }
}

async function diedSince(server: Server, deaths: number): Promise<boolean> {
  const late = performance.now() + DEATH_SHOWS_MS;
  while (server.deaths === deaths && performance.now() < late) await sleep(LOOK_MS);
  return server.deaths !== deaths;
}

/** Throws what it was given up with. */
async function untilUp(server: Server): Promise<void> {
  const givenUp = server.gaveUp.then((reason) => Promise.reject(reason));
  givenUp.catch(() => undefined);
  while (!server.isUp) await Promise.race([sleep(LOOK_MS), givenUp]);
}
