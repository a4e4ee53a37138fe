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
import {
  type BegunPhase,
  modelKey,
  phaseKey,
  RUN_FAILED,
  type RunInput,
  type RunPlan,
  type RunSummary,
  runKey,
} from './messages.js';
import { planOf } from './older-inputs.js';
import { OncePhaseRun } from './once-phase.js';
import { beginPhase, closeActivity, openRun, watchActivity, writeControl } from './proxies.js';
import { RunControl } from './run-control.js';
import { tellsMore } from './versioning.js';

/** Rows are left, and nobody asked for that. */
const FAILED_STATES: readonly RunSummary['state'][] = ['failed', 'interrupted'];

export async function swarmRun(input: RunInput): Promise<RunSummary> {
  const more = tellsMore();
  const control = new RunControl(more);
  const opened = await openRun(input).catch(badInput);
  if (opened.kind === 'finished') return await closeActivity(opened.filesQueue)({ run: opened.run, epoch: 0, stop: null });

  const plan = planOf(opened.plan);
  control.opened(plan);
  const watching = new CancellationScope();
  const watched = watching
    .run(() => watch(plan, control, more))
    .catch((error: unknown) => {
      // A watcher whose process died while the run was closed ends by a timeout: nobody needs it any more.
      if (!isCancellation(error) && !(more && control.closing)) throw error;
    });
  let stop: StopCause | null = null;
  let phasesLeft = 0;
  try {
    ({ stop, phasesLeft } = await phases(plan, control, more));
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
    const left = phasesLeft === 0 ? {} : { phasesLeft };
    const summary = await closeActivity(plan.filesQueue)({ run: plan.run, epoch: plan.epoch, stop, ...left });
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

/** Why the phases ended early, or null, and how many of them were not gone through. */
interface PhasesEnd {
  stop: StopCause | null;
  phasesLeft: number;
}

/** Runs the phases in order. */
async function phases(plan: RunPlan, control: RunControl, named: boolean): Promise<PhasesEnd> {
  for (const [at, { name }] of plan.phases.entries()) {
    const { run, epoch, first, rows } = plan;
    const phase: BegunPhase = at === 0 ? first : await beginPhase({ run, epoch, phase: name, rows });
    upsertSearchAttributes([
      { key: runKey, value: run },
      { key: modelKey, value: phase.use.model },
      { key: phaseKey, value: name },
    ]);
    control.tellState();
    const stop = await runPhase(plan, phase, control, named);
    // A map phase is over when every row is done, whatever stopped it; closeRun sees whether they are.
    if (stop !== null) return { stop, phasesLeft: plan.phases.length - at - (phase.kind === 'map' ? 1 : 0) };
  }
  return { stop: null, phasesLeft: 0 };
}

async function runPhase(plan: RunPlan, phase: BegunPhase, control: RunControl, named: boolean): Promise<StopCause | null> {
  if (phase.kind === 'once') {
    const once = new OncePhaseRun(plan, phase);
    control.begins(phase, once);
    return await once.run();
  }
  const map = new MapPhaseRun(plan, phase, { processes: control.processes, named });
  control.begins(phase, map);
  return await map.run(control.news);
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
    if ((shown >= seen.total && control.endsWithRows) || (waited && control.closing)) return;
  }
}
