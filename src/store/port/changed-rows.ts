/** Rows of a run that rests: their content changes, and those that are asked something else are done anew. */
import type { Outcome, RunState } from '../../core/model.js';
import type { Seed } from '../../schema/seed.js';

/** A row that has its outcome, or a part of its conversation. */
export interface BegunRow {
  index: number;
  /** Null: it has no outcome yet. */
  status: Outcome['status'] | null;
  /** Sequence number of its outcome. */
  seq: number | null;
  /** First and last epoch of the answers that it has; a row without an outcome: of its calls in doubt, too. Null: it has none. */
  epochs: readonly [first: number, last: number] | null;
  /** One of its answers was cut short. */
  cut: boolean;
}

export interface RowChange {
  runId: string;
  /** The run's epoch, and the states that it may be in. */
  epoch: number;
  whileIn: readonly RunState[];
  /** Content and id that rows have from now on. */
  seeds: readonly Seed[];
  /** Indexes of rows that lose their outcome and the answers that they have, ascending. */
  anew: readonly number[];
}

export interface ChangedRowStore {
  /** Those at indexes from..to (exclusive) that were begun, in their order. */
  begunRows(runId: string, from: number, to: number): Promise<BegunRow[]>;
  /**
   * One transaction. Rows that are done anew are pending, and begin a new conversation; what they cost stays charged, their answers are kept
   * as superseded, and late ones of their calls are not used. Other rows keep their outcome under their new id. A completed run is
   * interrupted then. Nothing is changed, and false, when the run is in another state or epoch, or a call is under way.
   */
  changeRows(change: RowChange): Promise<boolean>;
}
