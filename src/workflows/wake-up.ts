/** How work waits that was told to: for a time, or until there is news of the control row. */
import { condition, setHandler } from '@temporalio/workflow';
import type { RunTurnResult } from './activity-messages.js';
import { controlSignal } from './messages.js';

/** Who is paused looks again this often, should the news of the resume be lost. */
export const PAUSED_MS = 600_000;

export class WakeUp {
  #news = 0;

  /** There is news: waiting ends. */
  tell(): void {
    this.#news += 1;
  }

  /** To be taken before the work whose result may ask to wait: news that come while it is done count. */
  mark(): number {
    return this.#news;
  }

  /** Resolves after `ms`, or at news that came after the mark. */
  async wait(since: number, ms: number): Promise<void> {
    await condition(() => this.#news > since, ms);
  }
}

/** Registers the handler of the control signal. To be called before the first await of a workflow. */
export function wakeUp(): WakeUp {
  const wake = new WakeUp();
  setHandler(controlSignal, () => wake.tell());
  return wake;
}

export type Ended = Extract<RunTurnResult, { kind: 'done' | 'stop' }>;

/** Asks an activity until it has an end, and waits in between as it says. */
export async function untilEnded(ask: () => Promise<RunTurnResult>, wake: WakeUp): Promise<Ended> {
  for (;;) {
    const seen = wake.mark();
    const result = await ask();
    switch (result.kind) {
      case 'go-on':
        break;
      case 'done':
      case 'stop':
        return result;
      case 'paused':
        await wake.wait(seen, PAUSED_MS);
        break;
      case 'wait': {
        const ms = result.afterMs ?? result.until - Date.now();
        if (ms > 0) await wake.wait(seen, ms);
        break;
      }
    }
  }
}
