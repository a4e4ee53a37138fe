import { EXIT, SwarmError } from '../../core/errors.js';
import { onlyKeys } from '../../runs/bad-task.js';
import type { CheckReport } from '../../runs/check.js';
import { checkRecord } from '../../runs/event-records.js';
import type { StartOptions } from '../../runs/start-options.js';
import { checkFailure, estimateLines } from '../preflight.js';
import type { Session } from '../session.js';
import { type StartFlags, startOptions } from '../start-options.js';

/** What a run will say of its folder joins the report; what it will throw is returned. */
async function askFolder(session: Session, task: string, options: StartOptions, report: CheckReport): Promise<SwarmError | null> {
  try {
    report.notes.push(...(await session.deps.whatRunSays(session.context.config, task, options, report)));
    return null;
  } catch (error) {
    if (!SwarmError.is(error)) throw error;
    report.problems.push(...error.problems);
    return error;
  }
}

/** `swarm check TASK`: all problems, what a run would need, and what it will say. Starts nothing, pays nothing, and needs no key. */
export async function check(
  session: Session,
  [task = '']: readonly string[],
  flags: StartFlags & { json?: boolean; offline?: boolean },
): Promise<number> {
  const options = startOptions(flags, session.context.cwd);
  const { deps, context } = session;
  const models = flags.offline ? undefined : deps.servedModels(context.config);
  const report = await deps.checkTask(task, options, context.config, models);
  const known = onlyKeys(report.problems);
  const refused = known ? await askFolder(session, task, options, report) : null;
  const failure = refused ?? checkFailure(report);
  if (flags.json) {
    await session.json(checkRecord(report));
    return failure?.exitCode ?? EXIT.ok;
  }
  for (const note of report.notes) session.say(`note: ${note}`, 'dim');
  if (known) for (const line of estimateLines(report)) session.print(line);
  if (failure !== null) throw failure;
  return EXIT.ok;
}
