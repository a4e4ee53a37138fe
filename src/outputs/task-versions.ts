/** What a receipt says of a run whose task was changed, and by which task something of it was made. */

import type { EpochMs } from '../core/model.js';
import { modelName } from '../core/names.js';
import type { Task } from '../schema/task-types.js';
import type { TaskVersion } from '../store/port/task-versions.js';

/** Rows that were done by one version of a task. */
export interface VersionedRows {
  /** SHA-256 (hex) of what in this version decides answers. */
  task_fingerprint: string;
  /** `provider/model`. */
  model: string;
  /** Keys of the task file that differ from the version before; empty for the first. */
  changed: string[];
  /** The first epoch that worked by it. */
  from_epoch: number;
  /** ISO 8601: when it was taken over; the first: when the run was created. */
  at: string;
  /** Rows that it did. */
  ok: number;
  /** Rows that failed by it. */
  failed: number;
  /** Rows whose answer a rule of it took out. */
  filtered: number;
}

export function versionedRows({ taskFingerprint, task, changed, fromEpoch, at, ...done }: TaskVersion): VersionedRows {
  const { ok, failed, filtered } = done;
  return {
    task_fingerprint: taskFingerprint,
    model: modelName(task.model),
    changed,
    from_epoch: fromEpoch,
    at: new Date(at).toISOString(),
    ok,
    failed,
    filtered,
  };
}

/** The task that an epoch worked by. @param newest that of the run, which may have changed since in what decides no answer */
export function taskOfEpoch(newest: Task, versions: readonly TaskVersion[], epoch: number): Task {
  return taskOf(
    newest,
    versions,
    versions.findLast(({ fromEpoch }) => fromEpoch <= epoch),
  );
}

/** The task that calls of a time were made by: an epoch ends before its task changes. */
export function taskAt(newest: Task, versions: readonly TaskVersion[], time: EpochMs): Task {
  return taskOf(newest, versions, versions.findLast(({ at }) => at <= time) ?? versions[0]);
}

function taskOf(newest: Task, versions: readonly TaskVersion[], version: TaskVersion | undefined): Task {
  return version === undefined || version === versions.at(-1) ? newest : version.task;
}
