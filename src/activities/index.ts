/** All activities, built once per process around their dependencies. Workflows import the type only. */

import type { ActivityDeps } from './deps.js';
import { createBeginPhase, PhaseStarts } from './phases/begin-phase.js';
import { createCloseRun } from './phases/close-run.js';
import { HeadStart } from './phases/head-start.js';
import { createListItems } from './phases/list-items.js';
import { createOpenRun } from './phases/open-run.js';
import { Publications } from './phases/publication.js';
import { createRowIds } from './phases/row-ids.js';
import { RunOpening } from './phases/run-opening.js';
import { createRunSlice } from './phases/run-slice.js';
import { createRunTurn } from './phases/run-turn.js';
import { createWatchRun } from './phases/watch-run.js';
import { Watches } from './phases/watches.js';
import { createWriteControl } from './phases/write-control.js';
import { RunContexts } from './turn/run-context.js';
import { Turns } from './turn/turns.js';

/** What the activities of a process share. */
export function activityParts(deps: ActivityDeps) {
  const contexts = new RunContexts(deps);
  const publications = new Publications(deps);
  const turns = new Turns(deps, publications);
  const headStart = new HeadStart(deps, contexts, turns);
  const starts = new PhaseStarts(deps, headStart);
  const opening = new RunOpening(deps, starts, publications);
  return { contexts, publications, turns, headStart, starts, opening, watches: new Watches() };
}

export function createActivities(
  deps: ActivityDeps,
  { contexts, publications, turns, starts, opening, watches }: ReturnType<typeof activityParts> = activityParts(deps),
) {
  return {
    openRun: createOpenRun(opening),
    beginPhase: createBeginPhase(deps, starts),
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
