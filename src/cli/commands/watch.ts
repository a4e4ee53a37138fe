import type { RunHandle } from '../../client/api.js';
import { startEvent } from '../../runs/event-records.js';
import { followRun } from '../follow.js';
import { withRun } from '../run-by-id.js';
import type { Session } from '../session.js';

/** `swarm watch RUN`: follows it; a signal ends the watching, not the run. A run that has ended is read from the store alone. */
export async function watch(session: Session, [run = '']: readonly string[], flags: { json?: boolean }): Promise<number> {
  const show = async (handle: RunHandle): Promise<number> => {
    if (flags.json) await session.json(startEvent(await handle.progress(), null));
    return await followRun(session, handle, { json: flags.json === true, onSignal: 'leave', goOn: [] });
  };
  const code = await session.reading(async (reader) => {
    const ended = await reader.ended(run);
    return ended === null ? null : await show(ended);
  });
  return code ?? (await withRun(session, run, show));
}
