/** Last activity of a run's workflow: waits for what is under way, then publishes the run folder. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { isDiskFault } from '../../core/errors.js';
import { NO_USAGE, type StopCause } from '../../core/model.js';
import { knownUsd, spentOf } from '../../core/money/price.js';
import type { CloseRunInput } from '../../workflows/activity-messages.js';
import type { RunSummary } from '../../workflows/messages.js';
import type { ActivityDeps } from '../deps.js';
import { withHeartbeat } from '../heartbeat.js';
import { queueOf } from '../queue.js';
import type { RunContexts } from '../turn/run-context.js';
import type { EndState, Publications } from './publication.js';
import type { Watches } from './watches.js';

/** How long calls under way are waited for before what they cost is left doubtful. */
const SETTLE_MS = 30_000;
const LOOK_MS = 50;
/** They need no reason. */
const TOLD_BY_ITS_STATE: readonly EndState[] = ['completed', 'cancelled'];
const NOTHING_COUNTED = { total: 0, ok: 0, failed: 0, filtered: 0 };

interface Ending {
  state: EndState;
  stop: StopCause | null;
  message: string | null;
}

export interface CloseRunParts {
  contexts: RunContexts;
  publications: Publications;
  watches: Watches;
}

export function createCloseRun(deps: ActivityDeps, { contexts, publications, watches }: CloseRunParts) {
  /** The next run of these models plans with the call times that this one measured. */
  async function learn(input: CloseRunInput): Promise<void> {
    const { run, phases } = await contexts.get(input.run, input.epoch);
    for (const { use, phase, measured } of await Promise.all(phases.values())) {
      // Nobody plans children of a once-phase, and its model needs no queue.
      if (phase.kind === 'once' || measured.calls === 0) continue;
      const callMs = Math.round(measured.ms / measured.calls);
      const queue = queueOf(use, run.task.requestsPerMinute, deps.clock.wall());
      await deps.store.registerQueue({ ...queue, callMs });
    }
  }

  /** Waits for calls under way. Those that only wait for the store to take their end may wait for very long. */
  async function settled(run: string): Promise<void> {
    const until = deps.clock.now() + SETTLE_MS;
    while ((await deps.store.totals(run)).open > deps.callEnds.count(run) && deps.clock.now() < until) await sleep(LOOK_MS);
  }

  async function end({ run, epoch, stop, phasesLeft = 0 }: CloseRunInput): Promise<Ending> {
    try {
      if (stop !== null) await settled(run);
      const state = await publications.publish(run, epoch, { stop, phasesLeft });
      const { fault } = stop === 'disk' ? await contexts.get(run, epoch) : { fault: null };
      // The turn that met the fault could not leave its reason with the run.
      if (fault) await deps.store.updateRun(run, { message: fault.message });
      const lost = state === 'interrupted' ? (await deps.store.run(run))?.message : null;
      return { state, stop: state === 'completed' ? null : stop, message: fault?.message ?? lost ?? null };
    } catch (error) {
      if (!isDiskFault(error)) throw error;
      // Ended all the same: somebody has to mend the disk, and `swarm run` goes on from what is stored.
      await publications.pausedByDisk(run, error);
      return { state: 'paused', stop: 'disk', message: error.message };
    }
  }

  /** Idempotent: a second attempt publishes the same bytes again. */
  return async function closeRun(input: CloseRunInput): Promise<RunSummary> {
    return await withHeartbeat(
      Context.current(),
      () => null,
      async () => {
        // Nothing is left to be seen.
        watches.end(input.run, input.epoch);
        const ending = await end(input);
        const totals = await unlessDiskFails(deps.store.totals(input.run));
        const run = await unlessDiskFails(deps.store.run(input.run));
        await unlessDiskFails(learn(input));
        deps.gates.forget(input.run);
        const { total, ok, failed, filtered } = totals ?? NOTHING_COUNTED;
        return {
          run: input.run,
          epoch: input.epoch,
          ...ending,
          message: ending.message ?? (TOLD_BY_ITS_STATE.includes(ending.state) ? null : (run?.message ?? null)),
          counts: { total, ok, failed, filtered },
          usage: totals?.usage ?? NO_USAGE,
          costUsd: totals === null ? null : knownUsd(spentOf(totals)),
          outputDir: run?.outputDir ?? '',
        };
      },
    );
  };
}

/** What the store would have answered, or null. */
async function unlessDiskFails<T>(asked: Promise<T>): Promise<T | null> {
  return await asked.catch((error: unknown) => {
    if (!isDiskFault(error)) throw error;
    return null;
  });
}
