/** K seeds that share a child: one activity, sent again for what it gave back. */
import { continueAsNew, setWorkflowOptions, workflowInfo } from '@temporalio/workflow';
import type { ChildResult, SliceInput, Sums } from './messages.js';
import { runSlice } from './proxies.js';
import { addSums, NO_SUMS } from './sums.js';
import { pinnedWhereVersioned } from './versioning.js';
import { PAUSED_MS, wakeUp } from './wake-up.js';

setWorkflowOptions(pinnedWhereVersioned, swarmSlice);

export async function swarmSlice(input: SliceInput): Promise<ChildResult> {
  const wake = wakeUp();
  const { run, epoch } = input.plan;
  let sums: Sums = input.sums ?? NO_SUMS;
  let callMs: number | null = null;
  for (;;) {
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof swarmSlice>({ ...input, sums });
    const seen = wake.mark();
    const {
      undone,
      waitUntil,
      paused,
      stop,
      callMs: mean,
      ...done
    } = await runSlice({
      run,
      epoch,
      from: input.from,
      to: input.to,
      source: input.source,
      parent: workflowInfo().parent?.workflowId ?? null,
    });
    sums = addSums(sums, done);
    callMs = mean ?? callMs;
    if (stop !== null || undone === 0) return { ...sums, stop, callMs };
    const waitMs = paused ? PAUSED_MS : Math.max(1, (waitUntil ?? 0) - Date.now());
    await wake.wait(seen, waitMs);
  }
}
