/** The end of doubt about calls. */
import type { EpochMs, NanoUsd, Usage } from '../../core/model.js';
import type { Attempt } from './store.js';

/** What a provider's own records say of doubtful calls. */
export interface Reconciliation {
  runId: string;
  /** Billed: their cost is settled, though their answers are lost. */
  settled: readonly (Omit<Attempt, 'runId'> & { costNano: NanoUsd; model: string; usage: Usage | null })[];
  /** Not billed. */
  released: readonly Omit<Attempt, 'runId'>[];
  at: EpochMs;
}
