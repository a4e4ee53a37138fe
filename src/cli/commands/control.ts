import type { RunHandle } from '../../client/api.js';
import { EXIT } from '../../core/errors.js';
import type { Progress } from '../../runs/progress.js';
import { withRun } from '../run-by-id.js';
import type { Session } from '../session.js';
import { hasEnded } from '../view/view-state.js';

interface Change {
  /** True when there is something to change. */
  applies(progress: Progress): boolean;
  make(handle: RunHandle): Promise<void>;
  /** Said afterwards, with `RUN` in place of the id. */
  said: string;
}

/** A run that the change does not apply to is left alone, and no host is started for it. */
async function control(session: Session, run: string, change: Change): Promise<number> {
  const known = await session.reading((reader) => reader.progress(run));
  if (!change.applies(known)) {
    session.say(`Run ${run} is ${known.state}; nothing to do.`);
    return EXIT.ok;
  }
  await withRun(session, run, (handle) => change.make(handle));
  session.say(change.said.replaceAll('RUN', run));
  return EXIT.ok;
}

/** `swarm pause RUN`. */
export async function pause(session: Session, [run = '']: readonly string[]): Promise<number> {
  return await control(session, run, {
    applies: ({ state }) => !hasEnded(state) && state !== 'paused',
    make: (handle) => handle.pause(),
    said: 'Run RUN is paused; calls under way finish. Go on with: swarm resume RUN',
  });
}

/** `swarm resume RUN`. Capped and interrupted runs are gone on with too. */
export async function resume(session: Session, [run = '']: readonly string[]): Promise<number> {
  return await control(session, run, {
    applies: ({ state }) => state !== 'completed' && state !== 'running',
    make: (handle) => handle.resume(),
    said: 'Run RUN goes on. Look at it with: swarm watch RUN',
  });
}

/** `swarm cancel RUN`. */
export async function cancel(session: Session, [run = '']: readonly string[]): Promise<number> {
  return await control(session, run, {
    applies: ({ state }) => !hasEnded(state),
    make: (handle) => handle.cancel(),
    said: 'Run RUN is being cancelled; rows that are done are published. See: swarm status RUN',
  });
}
