/** What does not add up between two sources of the same figures. */
import type { Usage } from '../core/model.js';

/** One thing that does not add up. Money in nano-USD (1e-9 USD). */
export interface Difference {
  /** `store`, or the name of a file in the run folder. */
  where: string;
  /** Name of the figure, as the receipt has it. */
  what: string;
  /** What the single calls say. */
  expected: number | string;
  /** What stands there. */
  found: number | string;
}

export class Differences {
  readonly list: Difference[] = [];

  compare(where: string, what: string, expected: number | string, found: unknown): void {
    if (expected === found) return;
    this.list.push({ where, what, expected, found: typeof found === 'number' || typeof found === 'string' ? found : 'nothing' });
  }

  compareUsage(where: string, what: string, expected: Usage, found: Partial<Usage> | undefined): void {
    for (const key of ['input', 'cached', 'output', 'reasoning'] as const)
      this.compare(where, `${what}.${key}`, expected[key], found?.[key]);
  }
}
