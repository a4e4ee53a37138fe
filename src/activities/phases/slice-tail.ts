/**
 * Rows of a slice that wait for a retry use no place, but the slice would keep its place among the children in flight until the last of
 * them is done. So its parent is told, once, when most rows are done and others wait: then it starts more.
 */
import type { Context } from '@temporalio/activity';
import { TAIL_SIGNAL } from '../../core/names.js';
import type { SliceTailNews } from '../../workflows/messages.js';

/** Share of the rows that may still be under way. */
const UNDER_WAY = 0.25;

export class SliceTail {
  readonly #tell: () => void;
  readonly #most: number;
  #left: number;
  #resting = 0;
  #told = false;

  /** `rows`: those without an outcome at the start. `tell` is called at most once. */
  constructor(rows: number, tell: () => void) {
    this.#left = rows;
    this.#most = rows * UNDER_WAY;
    this.#tell = tell;
  }

  /** A row waits while `wait` runs. */
  async rest(wait: () => Promise<void>): Promise<void> {
    this.#resting += 1;
    this.#look();
    try {
      await wait();
    } finally {
      this.#resting -= 1;
    }
  }

  /** A row is over here, whatever became of it. */
  over(): void {
    this.#left -= 1;
    this.#look();
  }

  #look(): void {
    if (this.#told || this.#resting === 0 || this.#left - this.#resting > this.#most) return;
    this.#told = true;
    this.#tell();
  }
}

/** Tells the workflow that started this slice's. It only lets it start others sooner, so that a failure is nobody's loss. */
export function tellParent(
  { client, info }: Context,
  parent: string,
  callMs: number | null,
  failed: (error: unknown) => void,
): void {
  const child = info.workflowExecution?.workflowId ?? '';
  const news: SliceTailNews = { child, callMs };
  client.workflow.getHandle(parent).signal(TAIL_SIGNAL, news).catch(failed);
}
