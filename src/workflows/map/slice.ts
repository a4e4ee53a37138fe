/** K seeds that share a child: one activity, sent again for what it gave back. */

import { continueAsNew, isCancellation, setWorkflowOptions, workflowInfo } from '@temporalio/workflow';
import type { RunSliceInput, RunSliceResult } from '../activity-messages.js';
import type { ChildResult, SliceInput, Sums } from '../messages.js';
import { type OlderSliceInput, sliceOf } from '../older-inputs.js';
import { runSlice, sliceActivity } from '../proxies.js';
import { addSums, NO_SUMS } from '../sums.js';
import { pinnedWhereVersioned } from '../versioning.js';
import { PAUSED_MS, wakeUp } from '../wake-up.js';

setWorkflowOptions(pinnedWhereVersioned, swarmSlice);

export async function swarmSlice(given: SliceInput | OlderSliceInput): Promise<ChildResult> {
  const input = sliceOf(given);
  const wake = wakeUp();
  const { run, epoch, phase } = input;
  let sums: Sums = input.sums ?? NO_SUMS;
  let callMs: number | null = null;
  // The process that it is meant for has it first; what it gives back is anyone's.
  let { queue } = input;
  const send = async (work: RunSliceInput): Promise<RunSliceResult> => {
    if (queue === undefined) return await runSlice(work);
    const meant = sliceActivity(queue);
    queue = undefined;
    return await meant(work).catch((error: unknown) => {
      if (isCancellation(error)) throw error;
      return runSlice(work);
    });
  };
  for (;;) {
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof swarmSlice>({ ...input, sums });
    const seen = wake.mark();
    const {
      undone,
      waitUntil,
      waitMs: afterMs,
      paused,
      stop,
      callMs: mean,
      ...done
    } = await send({
      run,
      epoch,
      phase: phase.name,
      from: input.from,
      to: input.to,
      source: phase.source.kind,
      parent: workflowInfo().parent?.workflowId ?? null,
    });
    sums = addSums(sums, done);
    callMs = mean ?? callMs;
    if (stop !== null || undone === 0) return { ...sums, stop, callMs };
    const waitMs = paused ? PAUSED_MS : Math.max(1, afterMs ?? (waitUntil ?? 0) - Date.now());
    await wake.wait(seen, waitMs);
  }
}
