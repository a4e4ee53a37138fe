/** The orchestrator: opens a run, goes through its phases, publishes. The first file to read. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { StopCause } from '../core/model.js';
import { failureMessage } from './details.js';
import { MapPhaseRun } from './map/map-phase.js';
import { modelKey, phaseKey, RUN_FAILED, type RunInput, type RunPlan, type RunSummary, runKey } from './messages.js';
import { closeActivity, openRun, watchActivity, writeControl } from './proxies.js';
import { RunControl } from './run-control.js';
import { tellsMore } from './versioning.js';

/** Rows are left, and nobody asked for that. */
const FAILED_STATES: readonly RunSummary['state'][] = ['failed', 'interrupted'];

export async function swarmRun(input: RunInput): Promise<RunSummary> {
  const more = tellsMore();
  const control = new RunControl(more);
  const opened = await openRun(input).catch(badInput);
  if (opened.kind === 'finished') return await closeActivity(opened.filesQueue)({ run: opened.run, epoch: 0, stop: null });

  const { plan } = opened;
  control.opened(plan);
  const watching = new CancellationScope();
  const watched = watching
    .run(() => watch(plan, control, more))
    .catch((error: unknown) => {
      // A watcher whose process died while the run was closed ends by a timeout: nobody needs it any more.
      if (!isCancellation(error) && !(more && control.closing)) throw error;
    });
  let stop: StopCause | null = null;
  try {
    stop = await phases(plan, control, more);
  } catch (error) {
    if (!isCancellation(error)) throw error;
    stop = 'cancelled';
  }
  return await CancellationScope.nonCancellable(async () => {
    if (stop === 'cancelled') await writeControl({ run: plan.run, cancelled: true });
    await control.drain();
    await control.close();
    const unwatched = async () => {
      watching.cancel();
      await watched;
    };
    if (!more) await unwatched();
    upsertSearchAttributes([{ key: phaseKey, value: 'publish' }]);
    const summary = await closeActivity(plan.filesQueue)({ run: plan.run, epoch: plan.epoch, stop });
    // It has ended the watcher of its process, so that no activity is pending when the workflow ends; others hear of the cancel.
    if (more) await unwatched();
    control.ended(summary);
    await control.settled();
    if (stop === 'cancelled') throw new CancelledFailure(`run ${plan.run} was cancelled`);
    if (more && FAILED_STATES.includes(summary.state)) throw failedRun(summary);
    return summary;
  });
}

/** The failure of the workflow says what openRun found, not that an activity failed. */
function badInput(error: unknown): never {
  if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) throw error.cause;
  throw error;
}

/** A run that failed is a workflow that failed, with the run's message. Capped and paused ones have it in their result. */
function failedRun(summary: RunSummary): ApplicationFailure {
  return ApplicationFailure.create({
    message: failureMessage(summary),
    type: RUN_FAILED,
    nonRetryable: true,
    details: [summary],
  });
}

/** Runs the phases in order; returns why it stopped early, or null. */
async function phases(plan: RunPlan, control: RunControl, named: boolean): Promise<StopCause | null> {
  for (const phase of plan.phases) {
    upsertSearchAttributes([
      { key: runKey, value: plan.run },
      { key: modelKey, value: plan.model },
      { key: phaseKey, value: phase.name },
    ]);
    control.tellState();
    const map = new MapPhaseRun(plan, phase, { processes: control.processes, named });
    control.phase = map;
    const stop = await map.run(control.news);
    if (stop !== null) return stop;
  }
  return null;
}

/** Waits that are told between two steps: a history must not grow with how often they change. */
const WAITS_TOLD = 20;

/** Keeps the current details fresh: every 5 % of the rows, and when the run waits for something else. Lets processes that join have work. */
async function watch(plan: RunPlan, control: RunControl, waited: boolean): Promise<void> {
  let shown = 0;
  let why = 'nothing';
  for (let told = 0; ; ) {
    const news = told < WAITS_TOLD ? { why } : {};
    const { processes } = control;
    const seen = await watchActivity(plan.filesQueue, waited)({ run: plan.run, epoch: plan.epoch, shown, processes, ...news });
    if (seen.why !== why) told += 1;
    why = seen.why;
    shown = seen.ok + seen.failed + seen.filtered;
    control.saw(seen);
    // Not in what older histories hold.
    const { processes: more = 0, idle = [] } = seen;
    if (more > processes) await control.raise({ processes: more, idle });
    if (shown >= seen.total || (waited && control.closing)) return;
  }
}
