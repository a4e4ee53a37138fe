import { EXIT } from '../../core/errors.js';
import { formatTime, formatUsd } from '../../core/format.js';
import type { RunState } from '../../core/model.js';
import { progressRecord } from '../../runs/event-records.js';
import type { Progress } from '../../runs/progress.js';
import { type Session, terminalWidth } from '../session.js';
import { causeCounts } from '../view/failures.js';
import { stateText } from '../view/progress-facts.js';
import { safeLine } from '../view/safe-text.js';
import { type Column, renderTable } from '../view/table.js';
import { rowsDone } from '../view/view-state.js';

const DEFAULT_LIMIT = 50;

const COLUMNS: readonly Column[] = [
  // It is typed again: whole, also where the line is then too long.
  { title: 'RUN', whole: true },
  // The id begins with the name.
  { title: 'NAME', extra: 5 },
  { title: 'STATE', whole: true },
  { title: 'DONE', align: 'right' },
  { title: 'ROWS', align: 'right', extra: 1 },
  { title: 'FAILED', align: 'right', extra: 2 },
  { title: 'CAUSES', extra: 6 },
  { title: 'COST', align: 'right', extra: 3 },
  { title: 'STARTED', extra: 4 },
];

function cells(progress: Progress): string[] {
  return [
    safeLine(progress.run),
    safeLine(progress.name),
    stateText(progress),
    String(rowsDone(progress)),
    String(progress.total),
    String(progress.failed),
    causeCounts(progress.failures),
    formatUsd(progress.costUsd),
    formatTime(progress.startedAt),
  ];
}

/** `swarm runs`: a table, newest first. Reads the store only. */
export async function runs(
  session: Session,
  _args: readonly string[],
  flags: { state?: RunState; limit?: number; json?: boolean },
): Promise<number> {
  const states = flags.state === undefined ? {} : { states: [flags.state] };
  // The table has no column for the rest.
  const filter = { limit: flags.limit ?? DEFAULT_LIMIT, rest: flags.json === true, ...states };
  const found = await session.reading((reader) => reader.runs(filter));
  if (flags.json) {
    for (const progress of found) await session.json(progressRecord(progress));
    return EXIT.ok;
  }
  if (found.length === 0) {
    session.say(flags.state === undefined ? 'There are no runs in this home yet.' : `No run is ${flags.state}.`);
    return EXIT.ok;
  }
  const { stdout } = session.context;
  // Most homes have no failures to tell of.
  const causes = found.some(({ failures }) => failures.length > 0);
  const shown = <T>(list: readonly T[]) => list.filter((_, at) => causes || COLUMNS[at]?.title !== 'CAUSES');
  const rows = found.map((progress) => shown(cells(progress)));
  for (const line of renderTable(shown(COLUMNS), rows, terminalWidth(stdout))) session.print(line);
  return EXIT.ok;
}
