/** A lane starts a share of a large phase's children and continues as new before its history grows large. */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  setHandler,
} from '@temporalio/workflow';
import type { StopCause } from '../../core/model.js';
import { controlSignal, type LaneInput, processesSignal, type Sums } from '../messages.js';
import { laneOf, type OlderLaneInput } from '../older-inputs.js';
import { tellsMore } from '../versioning.js';
import { Children } from './children.js';

export interface LaneResult extends Sums {
  stop: StopCause | null;
}

export async function swarmLane(given: LaneInput | OlderLaneInput): Promise<LaneResult> {
  const input = laneOf(given);
  const { plan, phase, lanes, block } = input;
  const children = new Children(plan, phase, input.root, {
    named: tellsMore(),
    state: {
      sums: input.sums,
      stop: input.stop,
      callMs: input.callMs ?? null,
      paused: input.paused,
      concurrency: input.concurrency,
      processes: input.processes ?? plan.processes ?? 1,
    },
  });
  setHandler(controlSignal, (news) => children.tell(news));
  setHandler(processesSignal, (news) => children.raise(news));

  const items = phase.source.items - input.from;
  // An even share of what keeps the run's calls under way.
  const window = () => Math.max(1, Math.ceil(children.window / lanes));
  const cursor = { ...input.cursor };

  try {
    while (children.state.stop === null && cursor.block * block < items && !children.full) {
      const start = input.from + cursor.block * block;
      const to = Math.min(phase.source.items, start + block);
      const reached = await children.start(start + cursor.offset, to, window);
      if (reached < to) cursor.offset = reached - start;
      else {
        cursor.block += lanes;
        cursor.offset = 0;
      }
    }
    await children.drain();
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => children.drain());
    throw error;
  }
  await condition(allHandlersFinished);
  const { sums, stop, callMs, paused, concurrency, processes } = children.state;
  if (stop === null && cursor.block * block < items) {
    await continueAsNew<typeof swarmLane>({ ...input, cursor, sums, stop, callMs, paused, concurrency, processes });
  }
  return { ...sums, stop };
}
