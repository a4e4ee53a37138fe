/** A run whose task was changed while it rested: which task its rows were done under. */
import type { EpochMs, RunState } from '../../core/model.js';
import type { Task } from '../../schema/task-types.js';

export interface TaskChange {
  runId: string;
  task: Task;
  taskFingerprint: string;
  /** Keys that decide the answers and differ from the version before, as the task file names them. */
  changed: readonly string[];
  /** The states that the run may be in. */
  whileIn: readonly RunState[];
}

export interface TaskVersion {
  taskFingerprint: string;
  task: Task;
  /** Keys that differ from the version before; empty for the first. */
  changed: string[];
  /** The first epoch that works by it. */
  fromEpoch: number;
  /** Outcomes after this sequence number, up to that of the next version, are by it. */
  fromSeq: number;
  /** When it was taken over; the first: when the run was created. */
  at: EpochMs;
  /** Rows that have their outcome by it. */
  ok: number;
  failed: number;
  filtered: number;
}

export interface TaskVersionStore {
  /**
   * The next epoch works by another task; rows that are done stay. The fingerprint goes with it, and both versions are kept. Nothing is
   * changed, and false, when the run is in another state or a call is under way, whose cost and end belong to the task of before. A task
   * that the run has already is no change.
   */
  changeTask(change: TaskChange): Promise<boolean>;
  /** In their order; empty when the task was never changed. */
  taskVersions(runId: string): Promise<TaskVersion[]>;
}
