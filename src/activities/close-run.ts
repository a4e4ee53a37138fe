/** Last activity of a run's workflow: waits for what is under way, then publishes the run folder. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { StopCause } from '../core/model.js';
import { nanoToUsd } from '../core/price.js';
import type { RunSummary } from '../workflows/messages.js';
import type { ActivityDeps } from './deps.js';
import { withHeartbeat } from './heartbeat.js';
import type { Publications } from './publication.js';
import { queueOf } from './queue.js';
import type { RunContexts } from './run-context.js';

export interface CloseRunInput {
  run: string;
  epoch: number;
  stop: StopCause | null;
}

/** How long calls under way are waited for before what they cost is left doubtful. */
const SETTLE_MS = 30_000;
const LOOK_MS = 50;

export function createCloseRun(deps: ActivityDeps, contexts: RunContexts, publications: Publications) {
  /** The next run of this model plans with the call time that this one measured. */
  async function learn(input: CloseRunInput): Promise<void> {
    const { run, measured } = await contexts.get(input.run, input.epoch);
    if (measured.calls === 0) return;
    await deps.store.registerQueue({ ...queueOf(run.task, deps.now()), callMs: Math.round(measured.ms / measured.calls) });
  }

  async function settled(run: string): Promise<void> {
    const until = deps.now() + SETTLE_MS;
    while ((await deps.store.totals(run)).open > 0 && deps.now() < until) await sleep(LOOK_MS);
  }

  /** Idempotent: a second attempt publishes the same bytes again. */
  return async function closeRun(input: CloseRunInput): Promise<RunSummary> {
    return await withHeartbeat(
      () => null,
      async () => {
        if (input.stop !== null) await settled(input.run);
        const state = await publications.publish(input.run, input.epoch, input.stop);
        const { total, ok, failed, filtered, usage, settledNano } = await deps.store.totals(input.run);
        const run = await deps.store.run(input.run);
        await learn(input);
        deps.gates.forget(input.run);
        return {
          run: input.run,
          epoch: input.epoch,
          state,
          stop: state === 'completed' ? null : input.stop,
          counts: { total, ok, failed, filtered },
          usage,
          costUsd: nanoToUsd(settledNano),
          outputDir: run?.outputDir ?? '',
        };
      },
    );
  };
}
