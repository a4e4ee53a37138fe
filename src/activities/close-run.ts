/** Last activity of a run's workflow: publishes the run folder and writes the run's state. */
import type { RunState, StopCause } from '../core/model.js';
import { nanoToUsd } from '../core/price.js';
import type { RunSummary } from '../workflows/messages.js';
import type { ActivityDeps } from './deps.js';
import { withHeartbeat } from './heartbeat.js';

export interface CloseRunInput {
  run: string;
  epoch: number;
  stop: StopCause | null;
}

/** How long calls under way are waited for before what they cost is left doubtful. */
const SETTLE_MS = 30_000;
const LOOK_MS = 50;

function stateOf(stop: StopCause | null, pending: number): RunSummary['state'] {
  if (stop === 'cancelled') return 'cancelled';
  if (pending === 0) return 'completed';
  if (stop === 'capped') return 'capped';
  return stop === 'request' || stop === null ? 'failed' : 'paused';
}

export function createCloseRun(deps: ActivityDeps) {
  async function settled(run: string): Promise<void> {
    const until = deps.now() + SETTLE_MS;
    while ((await deps.store.totals(run)).open > 0 && deps.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Idempotent: a second attempt publishes the same bytes again. */
  return async function closeRun(input: CloseRunInput): Promise<RunSummary> {
    return await withHeartbeat(
      () => null,
      async () => {
        if (input.stop !== null) await settled(input.run);
        const totals = await deps.store.totals(input.run);
        const { total, ok, failed, filtered } = totals;
        const state = stateOf(input.stop, total - ok - failed - filtered);
        const endedAt = deps.now();
        const ended: { state: RunState; reason: StopCause | null } = { state, reason: state === 'completed' ? null : input.stop };
        await deps.publish(input.run);
        await deps.store.updateRun(input.run, { ...ended, endedAt, publishedAt: endedAt });
        const run = await deps.store.run(input.run);
        return {
          run: input.run,
          epoch: input.epoch,
          state,
          stop: ended.reason,
          counts: { total, ok, failed, filtered },
          usage: totals.usage,
          costUsd: nanoToUsd(totals.settledNano),
          outputDir: run?.outputDir ?? '',
        };
      },
    );
  };
}
