import { EXIT } from '../../core/errors.js';
import { checkFailure, estimateLines } from '../preflight.js';
import { checkRecord } from '../records.js';
import type { Session } from '../session.js';
import { type StartFlags, startOptions } from '../start-options.js';

/** `swarm check TASK`: all problems, or what a run would need. Starts nothing. */
export async function check(
  session: Session,
  [task = '']: readonly string[],
  flags: StartFlags & { json?: boolean },
): Promise<number> {
  const report = await session.deps.checkTask(task, startOptions(flags, session.context.cwd), session.context.config);
  const failure = checkFailure(report);
  if (flags.json) {
    await session.json(checkRecord(report));
    return failure?.exitCode ?? EXIT.ok;
  }
  for (const note of report.notes) session.say(`note: ${note}`, 'dim');
  if (failure !== null) throw failure;
  for (const line of estimateLines(report)) session.print(line);
  return EXIT.ok;
}
