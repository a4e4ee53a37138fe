import type { RunHandle, Swarm } from '../../client/api.js';
import { EXIT } from '../../core/errors.js';
import { startEvent } from '../../runs/event-records.js';
import type { StartNotes } from '../../runs/start-options.js';
import { followRun } from '../follow.js';
import { checkFailure, estimateLines, mayStart } from '../preflight.js';
import { closeSwarm } from '../run-by-id.js';
import type { Session } from '../session.js';
import { type StartFlags, startOptions } from '../start-options.js';
import { typedLine } from '../typed.js';

export interface RunFlags extends StartFlags {
  yes?: boolean;
  json?: boolean;
}

type Started = RunHandle & { start: StartNotes };

/** A start that a signal came into is waited for this long, so that the run can be paused. */
const START_GRACE_MS = 3000;

/** Interrupted runs that are named. */
const TOLD_RUNS = 3;

/** The started run; null when a signal came and the start took too long. */
async function started(session: Session, begin: () => Promise<Started>): Promise<Started | null> {
  const { context, interrupts } = session;
  const signalled = new AbortController();
  const release = interrupts.hold(() => signalled.abort());
  const signal = new Promise<'signal'>((resolve) => signalled.signal.addEventListener('abort', () => resolve('signal')));
  try {
    const start = begin();
    const first = await Promise.race([start, signal]);
    if (first !== 'signal') return first;
    session.say('Stopping: the run is being started; once more leaves now.', 'warning');
    return await Promise.race([start, context.sleep(START_GRACE_MS).then(() => null)]);
  } finally {
    release();
  }
}

async function tellStart(
  session: Session,
  swarm: Swarm,
  handle: Started,
  flags: RunFlags,
  told: ReadonlySet<string>,
): Promise<void> {
  const { kind, notes } = handle.start;
  for (const note of notes) if (!told.has(note)) session.say(`note: ${note}`, 'dim');
  if (flags.json) await session.json(startEvent(await handle.progress(), handle.start));
  else if (flags.detach) session.print(handle.id);
  const what = { new: 'Started', resumed: 'Going on with', finished: 'Already finished, no call is made:' }[kind];
  const webUi = kind === 'finished' ? null : await swarm.webUi(handle.id);
  session.say(`${what} run ${handle.id}${webUi === null ? '' : `; Web UI ${webUi}`}`, 'dim');
}

/** Runs that wait since their host died or was stopped, and that nobody may think of. */
async function tellInterrupted(session: Session, swarm: Swarm, started: string): Promise<void> {
  const waiting = (await swarm.runs({ states: ['interrupted'], limit: TOLD_RUNS + 1, rest: false })).filter(
    ({ run }) => run !== started,
  );
  for (const { run } of waiting.slice(0, TOLD_RUNS))
    session.say(`note: run ${run} is interrupted; go on with: swarm resume ${run}`, 'dim');
}

/** `swarm run TASK`: checks, starts or goes on, follows. */
export async function run(session: Session, [task = '']: readonly string[], flags: RunFlags): Promise<number> {
  const { context, deps } = session;
  const options = startOptions(flags, context.cwd);
  const report = await deps.checkTask(task, options, context.config);
  for (const note of report.notes) session.say(`note: ${note}`, 'dim');
  const failure = checkFailure(report);
  if (failure !== null) throw failure;
  for (const line of estimateLines(report)) session.say(line);
  if (!(await mayStart(session, report, flags.yes === true))) {
    session.say('Nothing was started.');
    return EXIT.sigint;
  }
  const swarm = await deps.connect({ home: context.config.home, onProgress: (line) => session.say(line, 'dim') });
  try {
    const handle = await started(session, () => swarm.start(task, { ...options, checked: report }));
    if (handle === null) {
      // It may not have taken the changed task yet.
      const changed = flags.changed === undefined ? [] : ['--changed', flags.changed];
      session.say(`Left while the run was starting. Go on with:  ${typedLine(session.argv, changed)}`);
      return session.interrupts.exitCode ?? EXIT.sigint;
    }
    await tellStart(session, swarm, handle, flags, new Set(report.notes));
    await tellInterrupted(session, swarm, handle.id);
    if (flags.detach) return EXIT.ok;
    return await followRun(session, handle, {
      json: flags.json === true,
      onSignal: 'pause',
      goOn: [typedLine(session.argv), `swarm resume ${handle.id}`],
    });
  } finally {
    await closeSwarm(session, swarm);
  }
}
