import { EXIT } from '../../core/errors.js';
import type { Session } from '../session.js';
import { untilSignal } from '../until-signal.js';

/** `swarm worker`: serves a cluster until a signal, then drains. */
export async function worker(session: Session): Promise<number> {
  const stop = new AbortController();
  const code = untilSignal(session).then((signal) => {
    session.say('Draining: calls under way may finish. Once more leaves now.');
    stop.abort();
    return signal;
  });
  await session.deps.runWorker(session.context.config, { signal: stop.signal });
  return stop.signal.aborted ? ((await code) ?? EXIT.ok) : EXIT.ok;
}
