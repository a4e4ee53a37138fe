/** What the gate learns, and what it learns from. */
import type { EpochMs } from '../model.js';
import type { Ceiling } from './ceilings.js';

/** What was learned at one gate, as the store keeps it for the next run. */
export interface Learned {
  /** Calls per second; null = no limit met. */
  pace: number | null;
  /** Calls in flight; null = no limit met. */
  window: number | null;
  /** Calls in flight that `auto` had found to be worth it. */
  auto: number | null;
  /** Share of calls refused whatever the load. */
  noise: number;
  /** Tokens of an answer. */
  answerTokens: number | null;
  /** Limits of a minute that the provider's headers told; null = not told. Not in what older versions kept. */
  told?: ToldRates | null;
  at: EpochMs;
}

/** Units per minute. */
export interface ToldRates {
  requests: number | null;
  tokens: number | null;
}

/** A call under way, as far as limits are concerned. */
export interface SentCall {
  sentAt: EpochMs;
  /** Calls in flight, this one included. */
  level: number;
  /** Which ceiling was reached when it was sent. */
  held: Ceiling | null;
}

/** What a provider says it ran out of; null when it does not say. */
export type RefusedFor = 'requests' | 'tokens' | 'concurrency' | null;

/** Calls per second at the start: a burst into an unknown limit must leave time for the first refusal to come back. */
export const UNKNOWN_PACE = 2_400;
/** Calls per second that a limit is taken for at least. */
export const LEAST_PACE = 0.02;
