/** Search attributes of a run and its children. */
import { defineSearchAttributeKey, type SearchAttributePair, SearchAttributeType } from '@temporalio/common';
import type { RunPlan } from './messages.js';

export const runKey = defineSearchAttributeKey('SwarmRun', SearchAttributeType.KEYWORD);
export const modelKey = defineSearchAttributeKey('SwarmModel', SearchAttributeType.KEYWORD);
export const phaseKey = defineSearchAttributeKey('SwarmPhase', SearchAttributeType.KEYWORD);

/** Set once when a child starts: an upsert would cost the server a visibility write. */
export function runAttributes(plan: RunPlan): SearchAttributePair[] {
  return [
    { key: runKey, value: plan.run },
    { key: modelKey, value: plan.model },
  ];
}
