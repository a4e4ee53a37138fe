/** A seed as its own child: one activity per turn. */
import { continueAsNew, setWorkflowOptions, workflowInfo } from '@temporalio/workflow';
import type { ChildResult, SeedInput } from '../messages.js';
import { turnActivity } from '../proxies.js';
import { NO_SUMS } from '../sums.js';
import { pinnedWhereVersioned } from '../versioning.js';
import { PAUSED_MS, wakeUp } from './wake-up.js';

setWorkflowOptions(pinnedWhereVersioned, swarmSeed);

export async function swarmSeed(input: SeedInput): Promise<ChildResult> {
  const wake = wakeUp();
  const runTurn = turnActivity(input.plan);
  const { run, epoch } = input.plan;
  for (;;) {
    // Days of waiting for a provider make a long history.
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof swarmSeed>(input);
    const seen = wake.mark();
    const turn = await runTurn({ run, epoch, index: input.index });
    switch (turn.kind) {
      case 'go-on':
        break;
      case 'done':
        return { ...NO_SUMS, [turn.status]: 1, usage: turn.usage, stop: null, callMs: turn.callMs };
      case 'stop':
        return { ...NO_SUMS, stop: turn.cause, callMs: null };
      case 'paused':
        await wake.wait(seen, PAUSED_MS);
        break;
      case 'wait': {
        const ms = turn.afterMs ?? turn.until - Date.now();
        if (ms > 0) await wake.wait(seen, ms);
        break;
      }
    }
  }
}
