import { EXIT } from '../../core/errors.js';
import { plural } from '../../core/format.js';
import { startEvent } from '../../runs/event-records.js';
import { followRun } from '../follow.js';
import { withRun } from '../run-by-id.js';
import type { Session } from '../session.js';

export interface RetryFlags {
  cause?: string;
  detach?: boolean;
  json?: boolean;
}

/** `swarm retry RUN`: failed rows again, in a new epoch of the same run. */
export async function retry(session: Session, [run = '']: readonly string[], flags: RetryFlags): Promise<number> {
  return await withRun(session, run, async (handle) => {
    const rows = await handle.retry({
      ...(flags.cause === undefined ? {} : { cause: flags.cause }),
      ...(flags.detach ? { wait: false } : {}),
    });
    const which = flags.cause === undefined ? '' : ` with cause ${flags.cause}`;
    session.say(
      rows === 0
        ? `Run ${run} has no failed rows${which}.`
        : `${plural(rows, 'failed row')}${which} ${rows === 1 ? 'is' : 'are'} done again.`,
    );
    if (flags.json) await session.json(startEvent(await handle.progress(), null));
    else if (flags.detach) session.print(run);
    if (rows === 0 || flags.detach) return EXIT.ok;
    return await followRun(session, handle, { json: flags.json === true, onSignal: 'pause', goOn: [`swarm resume ${run}`] });
  });
}
