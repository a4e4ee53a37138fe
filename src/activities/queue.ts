/** A model's queue, as it is registered in the store. */

import type { EpochMs } from '../core/model.js';
import type { ModelUse } from '../core/phases.js';
import type { QueueRow } from '../store/port/workers.js';

/** `requestsPerMinute`: of the run; null = no limit. */
export function queueOf({ queue, model }: ModelUse, requestsPerMinute: number | null, lastUsedAt: EpochMs): QueueRow {
  return { name: queue, provider: model.provider, model: model.model, requestsPerMinute, callMs: null, lastUsedAt };
}
