import type { StoreReader } from '../../client/reader.js';
import { EXIT } from '../../core/errors.js';
import { plural } from '../../core/format.js';
import type { Progress } from '../../runs/progress.js';
import type { Session } from '../session.js';
import { untilSignal } from '../until-signal.js';
import { safeLine } from '../view/safe-text.js';
import { rowsDone } from '../view/view-state.js';

/** How often it looks which runs go on, in ms. */
const LOOK_MS = 5_000;

function stateOf(progress: Progress): string {
  return `run ${safeLine(progress.run)}: ${rowsDone(progress)} of ${plural(progress.total, 'row')} done`;
}

/** Tells of each run that begins or ends: what this process helps with. The store may be away for a while. */
async function tellRuns(session: Session, reader: StoreReader, stopped: AbortSignal): Promise<void> {
  const told = new Set<string>();
  while (!stopped.aborted) {
    const running = await reader.runs({ states: ['running'], rest: false }).catch(() => null);
    if (stopped.aborted) return;
    for (const progress of running ?? []) {
      if (told.has(progress.run)) continue;
      told.add(progress.run);
      session.say(stateOf(progress), 'dim');
    }
    for (const run of running === null ? [] : told) {
      if (running?.some((progress) => progress.run === run)) continue;
      told.delete(run);
      const ended = await reader.progress(run).catch(() => null);
      if (ended !== null) session.say(`${stateOf(ended)}, ${ended.state}`, 'dim');
    }
    await session.context.sleep(LOOK_MS, stopped);
  }
}

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
  const where = info === null || context.config.externalTemporal ? 'of the cluster' : `of the home ${context.config.home}`;
  const left = new AbortController();
  const stopped = AbortSignal.any([stop.signal, left.signal]);
  let telling: Promise<unknown> = Promise.resolve();
  await deps
    .runWorker(context.config, {
      signal: stop.signal,
      embedded: info === null ? null : { address: info.temporalAddress, namespace: info.namespace },
      onReady: () => {
        session.say(`The worker polls: it makes calls for the runs ${where}, until Ctrl-C; then those under way finish.`);
        telling = session.reading((reader) => tellRuns(session, reader, stopped)).catch(() => undefined);
      },
    })
    .finally(() => left.abort());
  await telling;
  return stop.signal.aborted ? ((await code) ?? EXIT.ok) : EXIT.ok;
}
