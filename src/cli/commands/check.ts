import { EXIT } from '../../core/errors.js';
import { checkFailure, estimateLine } from '../preflight.js';
import { checkRecord } from '../records.js';
import type { Session } from '../session.js';
import { type StartFlags, startOptions } from '../start-options.js';

/** `swarm check TASK`: all problems, or what a run would need. Starts nothing. */
export async function check(
  session: Session,
  [task = '']: readonly string[],
  flags: StartFlags & { json?: boolean },
): Promise<number> {
  const report = await session.deps.checkTask(task, startOptions(flags, session.context.cwd));
  const failure = checkFailure(report);
  if (flags.json) {
    await session.json(checkRecord(report));
    return failure?.exitCode ?? EXIT.ok;
  }
  for (const note of report.notes) session.say(`note: ${note}`, 'dim');
  if (failure !== null) throw failure;
  session.print(estimateLine(report));
  return EXIT.ok;
}
