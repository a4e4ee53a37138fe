/** A run named on the command line, and the client that reaches it. */

import type { RunHandle, Swarm } from '../client/api.js';
import type { Progress } from '../runs/progress.js';
import type { Session } from './session.js';

/**
 * Finds the run in the store first, so that a wrong id starts no host; then finds or starts the host.
 * Throws E_RUN_UNKNOWN.
 */
export async function withRun<T>(
  session: Session,
  run: string,
  work: (handle: RunHandle, known: Progress) => Promise<T>,
): Promise<T> {
  const known = await session.reading((reader) => reader.progress(run));
  const { home } = session.context.config;
  const swarm = await session.deps.connect({ home, onProgress: (line) => session.say(line, 'dim') });
  try {
    return await work(await swarm.get(run), known);
  } finally {
    await closeSwarm(session, swarm);
  }
}

/** Closing may wait for a host that is still coming up: a command that ends does not, in ms. */
const CLOSE_MS = 2000;

/** Closes the client, but not for ever. */
export async function closeSwarm({ context }: Session, swarm: Swarm): Promise<void> {
  const closed = new AbortController();
  await Promise.race([swarm.close().finally(() => closed.abort()), context.sleep(CLOSE_MS, closed.signal)]);
}
