/** A seed as its own child: one activity per turn. */
import { continueAsNew, setWorkflowOptions, workflowInfo } from '@temporalio/workflow';
import type { ChildResult, SeedInput } from '../messages.js';
import { type OlderSeedInput, seedOf } from '../older-inputs.js';
import { turnActivity } from '../proxies.js';
import { NO_SUMS } from '../sums.js';
import { pinnedWhereVersioned } from '../versioning.js';
import { untilEnded, wakeUp } from '../wake-up.js';

setWorkflowOptions(pinnedWhereVersioned, swarmSeed);

export async function swarmSeed(given: SeedInput | OlderSeedInput): Promise<ChildResult> {
  const input = seedOf(given);
  const wake = wakeUp();
  const { run, epoch, phase, index } = input;
  const runTurn = turnActivity(phase.use);
  const end = await untilEnded(async () => {
    // Days of waiting for a provider make a long history.
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof swarmSeed>(input);
    return await runTurn({ run, epoch, phase: phase.name, index });
  }, wake);
  if (end.kind === 'stop') return { ...NO_SUMS, stop: end.cause, callMs: null };
  return { ...NO_SUMS, [end.status]: 1, usage: end.usage, stop: null, callMs: end.callMs };
}
