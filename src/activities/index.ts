/** All activities, built once per process around their dependencies. Workflows import the type only. */
import { createCloseRun } from './close-run.js';
import type { ActivityDeps } from './deps.js';
import { HeadStart } from './head-start.js';
import { createListItems } from './list-items.js';
import { createOpenRun } from './open-run.js';
import { Publications } from './publication.js';
import { createRowIds } from './row-ids.js';
import { RunContexts } from './run-context.js';
import { RunOpening } from './run-opening.js';
import { createRunSlice } from './run-slice.js';
import { createRunTurn } from './run-turn.js';
import { Turns } from './turn.js';
import { createWatchRun } from './watch-run.js';
import { Watches } from './watches.js';
import { createWriteControl } from './write-control.js';

/** What the activities of a process share. */
export function activityParts(deps: ActivityDeps) {
  const contexts = new RunContexts(deps);
  const publications = new Publications(deps);
  const turns = new Turns(deps, publications);
  const headStart = new HeadStart(deps, contexts, turns);
  const opening = new RunOpening(deps, headStart, publications);
  return { contexts, publications, turns, headStart, opening, watches: new Watches() };
}

export function createActivities(
  deps: ActivityDeps,
  { contexts, publications, turns, opening, watches }: ReturnType<typeof activityParts> = activityParts(deps),
) {
  return {
    openRun: createOpenRun(opening),
    watchRun: createWatchRun(deps, contexts, watches),
    writeControl: createWriteControl(deps),
    listItems: createListItems(deps),
    rowIds: createRowIds(deps),
    runTurn: createRunTurn(deps, contexts, turns),
    runSlice: createRunSlice(deps, contexts, turns),
    closeRun: createCloseRun(deps, { contexts, publications, watches }),
  };
}

export type Activities = ReturnType<typeof createActivities>;
export type { ActivityDeps } from './deps.js';
