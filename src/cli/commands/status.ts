import { EXIT, SwarmError } from '../../core/errors.js';
import { progressRecord } from '../../runs/event-records.js';
import { type Session, terminalWidth } from '../session.js';
import { progressFacts } from '../view/progress-facts.js';

function noRun(home: string): SwarmError {
  return new SwarmError({
    code: 'E_RUN_UNKNOWN',
    place: { file: home },
    found: 'there is no run in this home yet',
    fix: 'start one: swarm run TASK',
  });
}

/** `swarm status [RUN]`: one run, the newest by default. Reads the store only. */
export async function status(session: Session, [named]: readonly string[], flags: { json?: boolean }): Promise<number> {
  const { config, now, stdout } = session.context;
  const progress = await session.reading(async (reader) => {
    const run = named ?? (await reader.lastRun());
    if (run === null) throw noRun(config.home);
    return await reader.progress(run);
  });
  if (flags.json) await session.json(progressRecord(progress));
  else for (const line of progressFacts(progress, now(), terminalWidth(stdout))) session.print(line);
  return EXIT.ok;
}
