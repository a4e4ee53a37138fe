/** A task's model queue, as it is registered in the store. */

import type { EpochMs } from '../core/model.js';
import { modelQueue } from '../core/names.js';
import type { Task } from '../schema/task-types.js';
import type { QueueRow } from '../store/port/workers.js';

export function queueOf(task: Task, lastUsedAt: EpochMs): QueueRow {
  const { provider, model } = task.model;
  return {
    name: modelQueue(provider, model),
    provider,
    model,
    requestsPerMinute: task.requestsPerMinute,
    callMs: null,
    lastUsedAt,
  };
}
