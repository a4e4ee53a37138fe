/** First activity of a run's workflow: validates, stages when nobody did, opens the epoch, registers the model's queue. */

import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { EXIT, type ExitCode, SwarmError } from '../core/errors.js';
import { filesQueue } from '../core/names.js';
import { unknownRun } from '../core/run-errors.js';
import { PLANNED_TURNS } from '../core/slice-size.js';
import type { RunRow } from '../store/port.js';
import type { RunInput, RunPlan } from '../workflows/messages.js';
import type { ActivityDeps } from './deps.js';
import type { HeadStart } from './head-start.js';
import { withHeartbeat } from './heartbeat.js';
import type { Publications } from './publication.js';
import { queueOf } from './queue.js';

export type OpenRunResult =
  | { kind: 'open'; plan: RunPlan }
  /** Nothing left to do: answered from the store. */
  | { kind: 'finished'; run: string; filesQueue: string };

/** Nothing of this gets better by itself: bad input, a key, a folder that another run owns, a disk. */
const FINAL: readonly ExitCode[] = [EXIT.badInput, EXIT.refused, EXIT.locked, EXIT.diskWrite];

export function createOpenRun(deps: ActivityDeps, headStart: HeadStart, publications: Pick<Publications, 'openedHere'>) {
  async function find(input: RunInput, workflowId: string): Promise<{ run: RunRow; finished: boolean }> {
    if ('run' in input) {
      const run = await deps.store.run(input.run);
      if (!run) throw unknownRun(input.run);
      return { run, finished: run.state === 'completed' };
    }
    const staged = await deps.stage(input, workflowId);
    return { run: staged.run, finished: staged.kind === 'finished' };
  }

  async function open(input: RunInput): Promise<OpenRunResult> {
    const { workflowExecution } = Context.current().info;
    if (!workflowExecution) throw new Error('openRun runs in a workflow');
    const { workflowId } = workflowExecution;
    const { run, finished } = await find(input, workflowId);
    if (finished) return { kind: 'finished', run: run.id, filesQueue: filesQueue(deps.homeId) };

    const { task } = run;
    // Files stay with the home that started the run, whichever process opens it.
    const filesHome = run.home === '' ? deps.homeId : run.home;
    if (filesHome === deps.homeId) await deps.claim(run);
    const control = await deps.store.control(run.id);
    const [epoch, queue] = await Promise.all([
      // The epoch belongs to this execution: a second attempt of this activity finds it open already.
      deps.store.openEpoch(run.id, { workflowId, executionId: workflowExecution.runId }, deps.now()),
      deps.store.registerQueue({ ...queueOf(task, deps.now()), requestsPerMinute: control.requestsPerMinute }),
    ]);
    const plan: RunPlan = {
      run: run.id,
      epoch: epoch.epoch,
      name: run.name,
      model: `${task.model.provider}/${task.model.model}`,
      phases: [{ name: 'map', kind: 'map', source: { kind: epoch.kind, items: epoch.items } }],
      modelQueue: queue.name,
      filesQueue: filesQueue(filesHome),
      sliceSize: task.sliceSize,
      concurrency: control.concurrency,
      callTimeoutMs: task.timeoutMs,
      callMs: queue.callMs,
      turns: task.multiTurn ? Math.min(PLANNED_TURNS, task.maxTurns) : 1,
      paused: control.paused,
      outputDir: run.outputDir,
    };
    if (filesHome === deps.homeId) publications.openedHere(plan.run, plan.epoch);
    headStart.begin(plan);
    await deps.openQueue(queue);
    return { kind: 'open', plan };
  }

  /** Bad input fails the workflow at once, with the message that the CLI prints. */
  return async function openRun(input: RunInput): Promise<OpenRunResult> {
    try {
      return await withHeartbeat(
        () => null,
        () => open(input),
      );
    } catch (error) {
      if (!SwarmError.is(error)) throw error;
      throw ApplicationFailure.create({
        message: error.message,
        type: error.code,
        nonRetryable: FINAL.includes(error.exitCode),
        details: [{ problems: error.problems, exitCode: error.exitCode }],
      });
    }
  };
}
