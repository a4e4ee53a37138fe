/** A run named on the command line, with the host that works on it. */
import type { Progress, RunHandle } from '../client/api.js';
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
    await swarm.close();
  }
}
