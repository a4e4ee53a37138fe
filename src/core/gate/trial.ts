/** Some calls whose fate is counted, to see whether a limit was met and where it lies. */
import type { EpochMs } from '../model.js';
import type { Ceiling } from './ceilings.js';
import { type RefusedFor, type SentCall, UNKNOWN_PACE } from './learned.js';
import type { Sample } from './noise-floor.js';

export interface Trial {
  from: EpochMs;
  sent: number;
  refused: number;
  /** Of them since the last pause. */
  fresh: number;
  /** Calls per second while nothing better is known. */
  pace: number;
  /** Enough was refused: nobody sends until all answers to what was sent can be here. */
  stop: { at: EpochMs; until: EpochMs } | null;
  pauses: number;
  votes: Record<Ceiling | 'both', number>;
}

export function newTrial(from: EpochMs): Trial {
  const votes = { pace: 0, window: 0, both: 0 };
  return { from, sent: 0, refused: 0, fresh: 0, pace: Number.POSITIVE_INFINITY, stop: null, pauses: 0, votes };
}

/** Too little was accepted at this pace to measure anything. */
export function slower(trial: Trial): void {
  trial.pace = Math.min(trial.pace, UNKNOWN_PACE) / 4;
}

/** Which ceiling a refused call seems to have met. */
export function causeOf({ held }: SentCall, what: RefusedFor): Ceiling | 'both' {
  if (what === 'concurrency') return 'window';
  if (what !== null) return 'pace';
  return held ?? 'both';
}

/** What is known of a trial `ms` after its begin: the youngest calls cannot have been refused yet. */
export function sampleOf({ sent, refused }: Trial, refusalMs: number, ms: number): Sample {
  const old = Math.round(sent * (1 - Math.min(1, refusalMs / Math.max(1, ms))));
  return { sent: Math.max(refused, old), refused, ms: Math.max(1, ms) };
}
