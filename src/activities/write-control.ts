/** Updates and cancels of a run's workflow reach the gates through the control row. */
import { isDiskFault } from '../core/errors.js';
import { OPEN_STATES } from '../core/model.js';
import { type ResizeOptions, resizedControl } from '../core/resize.js';
import type { Control, RunPatch } from '../store/port.js';
import type { ControlNews } from '../workflows/messages.js';
import type { ActivityDeps } from './deps.js';
import { queueOf } from './queue.js';

export interface WriteControlInput extends ResizeOptions {
  run: string;
  paused?: boolean;
  cancelled?: boolean;
}

/** What a cancelled run is told; it asks no more. */
const NOT_STORED: ControlNews = { paused: true, concurrency: 1 };

export function createWriteControl(deps: ActivityDeps) {
  return async function writeControl(input: WriteControlInput): Promise<ControlNews> {
    const patch: Partial<Omit<Control, 'version'>> = resizedControl(input);
    if (input.paused !== undefined) patch.paused = input.paused;
    if (input.cancelled !== undefined) patch.cancelled = input.cancelled;
    let control: Control;
    try {
      control = await deps.store.setControl(input.run, patch);
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
  if (run) await deps.openQueue(await deps.store.registerQueue({ ...queueOf(run.task, deps.clock.wall()), requestsPerMinute }));
}
