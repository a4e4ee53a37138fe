/** Updates and cancels of a run's workflow reach the gates through the control row. */

import { ApplicationFailure } from '@temporalio/common';
import { isDiskFault, SwarmError } from '../../core/errors.js';
import { formatUsd } from '../../core/format.js';
import { OPEN_STATES } from '../../core/model.js';
import { nanoToUsd } from '../../core/money/price.js';
import { usesOf } from '../../core/phases.js';
import { raisedCap, resizedControl, resizeFault } from '../../core/resize.js';
import type { Control, RunPatch } from '../../store/port/store.js';
import type { WriteControlInput } from '../../workflows/activity-messages.js';
import type { ControlNews } from '../../workflows/messages.js';
import type { ActivityDeps } from '../deps.js';
import { queueOf } from '../queue.js';

/** What a cancelled run is told; it asks no more. */
const NOT_STORED: ControlNews = { paused: true, concurrency: 1 };

/** As on the command line. */
const OPTIONS = {
  maxCost: '--max-cost',
  maxCostPerCall: '--max-cost-per-call',
  maxCostPerRow: '--max-cost-per-row',
  maxDailyCost: '--max-daily-cost',
} as const;

function refused(error: SwarmError): ApplicationFailure {
  const details = [{ problems: error.problems, exitCode: error.exitCode }];
  return ApplicationFailure.create({ message: error.message, type: error.code, nonRetryable: true, details });
}

/**
 * Whoever reaches the Temporal server can send an Update, or have a workflow of their own ask for this activity: so what is asked for is
 * checked here, and a cap may only fall. The command and the library raise one in the store, ahead of their Update.
 */
async function mayAsk({ store }: ActivityDeps, input: WriteControlInput): Promise<void> {
  const fault = resizeFault(input);
  if (fault) {
    throw refused(
      new SwarmError({ code: 'E_CLI_VALUE', found: `${fault.key} is ${JSON.stringify(fault.value)}`, allowed: fault.allowed }),
    );
  }
  const raised = raisedCap(input, await store.control(input.run));
  if (raised === null) return;
  const { key, nowNano, wanted } = raised;
  const now = formatUsd(nanoToUsd(nowNano));
  throw refused(
    new SwarmError({
      code: 'E_CAP_RAISED',
      found: `${key} is ${now}, and an Update may not ${wanted === null ? 'take it away' : `raise it to ${formatUsd(wanted)}`}`,
      allowed: `at most ${now}: anybody who reaches the Temporal server can send an Update`,
      fix: `the user of the host may: swarm resize ${input.run} ${OPTIONS[key]} ${wanted ?? 'none'}`,
    }),
  );
}

export function createWriteControl(deps: ActivityDeps) {
  return async function writeControl(input: WriteControlInput): Promise<ControlNews> {
    const resize = resizedControl(input);
    if (Object.keys(resize).length > 0) await mayAsk(deps, input);
    const patch: Partial<Omit<Control, 'version'>> = resize;
    if (input.paused !== undefined) patch.paused = input.paused === true;
    if (input.cancelled === true) patch.cancelled = true;
    let control: Control;
    try {
      control = await deps.store.setControl(input.run, patch, { capsFall: true });
    } catch (error) {
      // A cancel that waited for the disk would keep the run from ending: closeRun says what the disk did to it.
      if (input.cancelled !== true || !isDiskFault(error)) throw error;
      deps.log.warn({ err: error, run: input.run }, 'the cancel could not be stored: the run ends all the same');
      return NOT_STORED;
    }
    if (input.requestsPerMinute !== undefined) await changeQueueRate(deps, input.run, control.requestsPerMinute);
    if (input.paused !== undefined) {
      const change: RunPatch = input.paused ? { state: 'paused', reason: 'user' } : { state: 'running', reason: null };
      // Its last outcome may have published it meanwhile.
      await deps.store.updateRun(input.run, change, OPEN_STATES);
    }
    return { paused: control.paused, concurrency: control.concurrency };
  };
}

/** Send slots hold the rate; the queue's own rate keeps turns from being handed out only to wait. */
async function changeQueueRate(deps: ActivityDeps, runId: string, requestsPerMinute: number | null): Promise<void> {
  const run = await deps.store.run(runId);
  // Once-phases make their calls elsewhere.
  for (const use of run ? usesOf(run.task, deps.phases, 'map') : [])
    await deps.openQueue(await deps.store.registerQueue(queueOf(use, requestsPerMinute, deps.clock.wall())));
}
