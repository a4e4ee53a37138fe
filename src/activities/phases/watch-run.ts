/** Live counts of a run as pending-activity details: no history while it only heartbeats. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { formatEstimate } from '../../core/format.js';
import { clockText, failureText, learnedText, type Wait } from '../../core/gate/wait.js';
import type { EpochMs } from '../../core/model.js';
import { knownUsd, nanoToUsd, spentOf } from '../../core/money/price.js';
import { gateKey, sliceQueue } from '../../core/names.js';
import { currentPhase, endsWithRows, type Phase, phaseNamed, TASK_PHASES } from '../../core/phases.js';
import { lookAt } from '../../core/run-outlook.js';
import { processesToPlan } from '../../core/slice-size.js';
import type { RunTotals } from '../../store/port/store.js';
import type { WatchRunInput, WatchRunResult } from '../../workflows/activity-messages.js';
import type { ProcessesNews } from '../../workflows/messages.js';
import type { ActivityDeps } from '../deps.js';
import type { RunContext, RunContexts } from '../turn/run-context.js';
import { stopByDisk } from '../turn/turn-end.js';
import { pendingOf } from './publication.js';
import { Watches } from './watches.js';

/** The current details change this often, in shares of the run. */
const STEP = 0.05;
const LOOK_MS = 500;
/** Another reason to wait is told in between when it has lasted this long. */
const LASTING_MS = 10_000;
/** A process that lives for this long without work of the run is given some. */
const IDLE_MS = 2_000;

function lastFailure({ failure }: Wait, now: EpochMs): string {
  return failure === undefined ? '' : `; last failure: ${failureText(failure, now)}`;
}

interface Seen {
  result: WatchRunResult;
  /** How long it has waited for the same. */
  sameMs: number;
}

export function createWatchRun(deps: ActivityDeps, contexts: RunContexts, watches = new Watches()) {
  const rules = deps.phases ?? TASK_PHASES;

  async function look(context: RunContext, phase: Phase, totals: RunTotals): Promise<Seen> {
    const { run, firstRows } = context;
    const { role, model, price } = rules.useOf(run.task, phase.role);
    const now = deps.clock.wall();
    const { total, ok, failed, filtered, calls, limited, doubtful } = totals;
    const [control, learned, waits, rows] = await Promise.all([
      deps.store.control(run.id),
      deps.store.limits(gateKey(model)),
      deps.store.waits(run.id, now),
      firstRows.at({ ...totals, epoch: run.epoch }),
    ]);
    const left = pendingOf(totals);
    const facts = { run: run.id, control, learned, waits, rows, left, price, role };
    const { wait, rest, found } = lookAt(facts, now);
    const result: WatchRunResult = {
      ...{ total, ok, failed, filtered, calls, limited, doubtful },
      costUsd: knownUsd(spentOf(totals)),
      maxCostUsd: control.capNano === null ? null : nanoToUsd(control.capNano),
      why: wait?.why ?? 'nothing',
      waitsFor: wait === null ? 'nothing' : `${wait.text}, since ${clockText(wait.since, now)}${lastFailure(wait, now)}`,
      rest: rest && `${formatEstimate(rest)}, by the first ${rest.sample} rows`,
      found: learnedText(found),
    };
    return { result, sameMs: wait === null ? LASTING_MS : now - wait.since };
  }

  /** Processes that have stayed without work; `since` is when some were first. Empty when nobody works, and where no child is for them. */
  async function idleOf(run: string, planned: number, since: { idle: number | null }): Promise<Partial<ProcessesNews>> {
    const living = deps.gates.processes();
    const idle = living > 1 ? await deps.gates.idle(run) : [];
    if (idle.length === 0 || idle.length >= living) since.idle = null;
    else since.idle ??= deps.clock.now();
    if (since.idle === null || deps.clock.now() - since.idle < IDLE_MS) return {};
    const processes = processesToPlan(planned, living, idle.length);
    return processes > planned ? { processes, idle: idle.map(sliceQueue) } : {};
  }

  /** Any process of the run may have begun the next one. */
  async function phaseNow({ run }: RunContext): Promise<Phase> {
    const phases = rules.phasesOf(run.task);
    return phases.length === 1 ? phaseNamed(phases, undefined) : currentPhase((await deps.store.run(run.id)) ?? run, rules);
  }

  async function watchUntil(ended: AbortSignal, input: WatchRunInput): Promise<WatchRunResult> {
    const activity = Context.current();
    const { cancellationSignal } = activity;
    const signal = AbortSignal.any([cancellationSignal, ended]);
    const context = await contexts.get(input.run, input.epoch);
    const { checkpointEvery } = context.run.task;
    const { processes: planned } = input;
    const since: { idle: number | null } = { idle: null };
    let written = input.shown;
    for (;;) {
      const totals = await deps.store.totals(input.run);
      const done = totals.ok + totals.failed + totals.filtered;
      const phase = await phaseNow(context);
      const { result, sameMs } = await look(context, phase, totals);
      activity.heartbeat(result);
      if (done - written >= checkpointEvery) {
        // A folder that cannot be written stops the run before it pays for more.
        await deps.checkpoint(input.run).catch((error: unknown) => stopByDisk(context, error));
        written = done;
      }
      const over = done >= totals.total && endsWithRows(rules.phasesOf(context.run.task), phase);
      if (over || done - input.shown >= Math.max(1, totals.total * STEP)) return result;
      if (input.why !== undefined && input.why !== result.why && sameMs >= LASTING_MS) return result;
      if (planned !== undefined) {
        const idle = await idleOf(input.run, planned, since);
        if (idle.processes !== undefined) return { ...result, ...idle };
      }
      await sleep(LOOK_MS, undefined, { signal }).catch((error: unknown) => {
        if (cancellationSignal.aborted) throw error;
      });
      if (ended.aborted) return result;
    }
  }

  /**
   * Returns when another 5 % of the rows are done, it waits for something else, processes have no work, or the run is closed here; writes
   * the partial output on the way.
   */
  return async function watchRun(input: WatchRunInput): Promise<WatchRunResult> {
    const { ended, forget } = watches.watch(input.run, input.epoch);
    try {
      return await watchUntil(ended, input);
    } finally {
      forget();
    }
  };
}
