/** When a run does no more by itself. Pure. */
import type { EpochMs, RunState } from './model.js';

/** States in which a run does nothing until somebody starts it again. */
export const ENDED_STATES: readonly RunState[] = ['completed', 'capped', 'cancelled', 'failed'];

/** True when its host went away under it: it goes on once somebody says so. */
export function isInterruptedByHost({ state, reason }: Pick<Rest, 'state' | 'reason'>): boolean {
  return state === 'interrupted' && reason === 'host';
}

interface Rest {
  state: RunState;
  reason: string | null;
  endedAt: EpochMs | null;
  publishedAt: EpochMs | null;
}

/** True when the run's epoch is over and what it has is published, or cannot be. */
export function hasEnded({ state, reason, endedAt, publishedAt }: Rest): boolean {
  if (state === 'paused') {
    // A disk that failed may have kept the run from being opened, or its output from being published.
    if (reason === 'disk') return endedAt !== null;
    return reason !== 'user' && reason !== null && publishedAt !== null;
  }
  return ENDED_STATES.includes(state) && endedAt !== null;
}
