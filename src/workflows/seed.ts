/** A seed as its own child: one activity per turn. */
import { condition, continueAsNew, setHandler, setWorkflowOptions, workflowInfo } from '@temporalio/workflow';
import { type ChildResult, controlSignal, type SeedInput } from './messages.js';
import { turnActivity } from './proxies.js';
import { NO_SUMS } from './sums.js';
import { pinnedWhereVersioned } from './versioning.js';

/** A paused seed looks again this often, should the news of the resume be lost. */
const PAUSED_MS = 600_000;

setWorkflowOptions(pinnedWhereVersioned, swarmSeed);

export async function swarmSeed(input: SeedInput): Promise<ChildResult> {
  let news = 0;
  setHandler(controlSignal, () => {
    news += 1;
  });
  const runTurn = turnActivity(input.plan);
  const { run, epoch } = input.plan;
  for (;;) {
    // Days of waiting for a provider make a long history.
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof swarmSeed>(input);
    const seen = news;
    const turn = await runTurn({ run, epoch, index: input.index });
    switch (turn.kind) {
      case 'go-on':
        break;
      case 'done':
        return { ...NO_SUMS, [turn.status]: 1, usage: turn.usage, stop: null, callMs: turn.callMs };
      case 'stop':
        return { ...NO_SUMS, stop: turn.cause, callMs: null };
      case 'paused':
        await condition(() => news > seen, PAUSED_MS);
        break;
      case 'wait':
        if (turn.until > Date.now()) await condition(() => news > seen, turn.until - Date.now());
        break;
    }
  }
}
