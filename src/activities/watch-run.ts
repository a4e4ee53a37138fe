/** Live counts of a run as pending-activity details: no history while it only heartbeats. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { nanoToUsd } from '../core/price.js';
import type { RunTotals } from '../store/port.js';
import type { ActivityDeps } from './deps.js';
import type { RunContexts } from './run-context.js';
import { stopByDisk } from './turn-end.js';

/** The current details change this often, in shares of the run. */
const STEP = 0.05;
const LOOK_MS = 500;

export interface WatchRunInput {
  run: string;
  epoch: number;
  /** Rows done when the details were last set. */
  shown: number;
}

export interface WatchRunResult {
  total: number;
  ok: number;
  failed: number;
  filtered: number;
  costUsd: number;
  calls: number;
  limited: number;
  doubtful: number;
  waitsFor: string;
}

function facts(totals: RunTotals, waitsFor: string): WatchRunResult {
  const { total, ok, failed, filtered, calls, limited, doubtful } = totals;
  return { total, ok, failed, filtered, calls, limited, doubtful, costUsd: nanoToUsd(totals.settledNano), waitsFor };
}

export function createWatchRun(deps: ActivityDeps, contexts: RunContexts) {
  /** Returns when another 5 % of the rows are done; writes the partial output on the way. */
  return async function watchRun(input: WatchRunInput): Promise<WatchRunResult> {
    const context = await contexts.get(input.run, input.epoch);
    const { checkpointEvery } = context.run.task;
    const activity = Context.current();
    let written = input.shown;
    for (;;) {
      const totals = await deps.store.totals(input.run);
      const done = totals.ok + totals.failed + totals.filtered;
      const result = facts(totals, context.gate.bottleneck(input.run));
      activity.heartbeat(result);
      if (done - written >= checkpointEvery) {
        // A folder that cannot be written stops the run before it pays for more.
        await deps.checkpoint(input.run).catch((error: unknown) => stopByDisk(context, error));
        written = done;
      }
      if (done >= totals.total || done - input.shown >= Math.max(1, totals.total * STEP)) return result;
      await sleep(LOOK_MS, undefined, { signal: activity.cancellationSignal });
    }
  };
}
