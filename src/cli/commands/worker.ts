import { EXIT } from '../../core/errors.js';
import type { Session } from '../session.js';
import { untilSignal } from '../until-signal.js';

/** `swarm worker`: serves a cluster, else the server of this home, until a signal; then drains. */
export async function worker(session: Session): Promise<number> {
  const stop = new AbortController();
  const code = untilSignal(session).then((signal) => {
    session.say('Draining: calls under way may finish. Once more leaves now.');
    stop.abort();
    return signal;
  });
  const { context, deps } = session;
  const info = (await deps.hostStatus(context.config))?.info ?? null;
  await deps.runWorker(context.config, {
    signal: stop.signal,
    embedded: info === null ? null : { address: info.temporalAddress, namespace: info.namespace },
    onReady: () => session.say('The worker polls; Ctrl-C drains it.'),
  });
  return stop.signal.aborted ? ((await code) ?? EXIT.ok) : EXIT.ok;
}
