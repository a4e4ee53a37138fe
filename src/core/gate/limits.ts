/** What bounds a run at a gate. */

export interface RunLimits {
  /** This process's share of the run's concurrency. */
  concurrency: number;
  /** Calls that may be under way now, when they are fewer: until the share is booked. Default: concurrency. */
  places?: number;
  weight: number;
  /** Delay between the first `concurrency` admissions. */
  staggerMs: number;
  requestsPerMinute: number | null;
  /** Prompt and answer together. @default null, no limit known */
  tokensPerMinute?: number | null;
  /** True: `concurrency` is only the most there may be; the gate finds how many are worth it. @default false */
  auto?: boolean;
  paused: boolean;
  cancelled: boolean;
}

const MOST_AHEAD = 32;

/**
 * Turns admitted beyond the calls under way: their intents are made durable while they wait for a place, so that the commit
 * is no part of a place's time. After a crash they are listed as doubtful although they were not sent, so they are few.
 */
export function intentsAhead(concurrency: number): number {
  return Math.min(MOST_AHEAD, Math.floor(concurrency / 8));
}
