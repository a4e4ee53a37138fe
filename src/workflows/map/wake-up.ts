/** How a child waits: for a time, or until its run has news of the control row. */
import { condition, setHandler } from '@temporalio/workflow';
import { controlSignal } from '../messages.js';

/** A paused child looks again this often, should the news of the resume be lost. */
export const PAUSED_MS = 600_000;

export interface WakeUp {
  /** To be taken before the work whose result may ask to wait: news that come while it is done count. */
  mark(): number;
  /** Resolves after `ms`, or at news that came after the mark. */
  wait(since: number, ms: number): Promise<void>;
}

/** Registers the handler of the control signal. To be called before the first await of a workflow. */
export function wakeUp(): WakeUp {
  let news = 0;
  setHandler(controlSignal, () => {
    news += 1;
  });
  return {
    mark: () => news,
    wait: async (since, ms) => {
      await condition(() => news > since, ms);
    },
  };
}
