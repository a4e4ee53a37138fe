import { followRun } from '../follow.js';
import { startEvent } from '../records.js';
import { withRun } from '../run-by-id.js';
import type { Session } from '../session.js';

/** `swarm watch RUN`: follows it; a signal ends the watching, not the run. */
export async function watch(session: Session, [run = '']: readonly string[], flags: { json?: boolean }): Promise<number> {
  return await withRun(session, run, async (handle) => {
    if (flags.json) await session.json(startEvent(await handle.progress(), null));
    return await followRun(session, handle, { json: flags.json === true, onSignal: 'leave', goOn: [] });
  });
}
