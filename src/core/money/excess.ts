/**
 * By how much answers of a model have cost more than they may: the provider does not keep to the tokens that it was asked for, serves
 * another model, or bills what no list knows of. Nothing can take such a call back; the next ones are reserved for with it. Pure.
 */
import type { EpochMs } from '../model.js';

export interface Excess {
  /** Tokens of the longest answer that was longer than it may be; 0 = none was. */
  outputTokens: number;
  /** The most that an answer cost, in worst cases of a call of that many tokens; at least 1. */
  times: number;
  /** When the last such answer came. */
  at: EpochMs;
}

/** What was not seen again for this long is over: one wrong line of a provider must not hold every cap for ever. */
const FORGOTTEN_MS = 86_400_000;
/** Some count a token or two that others do not. */
const COUNTED_OTHERWISE = 1.1;

/** What of it holds at a time; null = nothing. */
export function heldAt(excess: Excess | null, now: EpochMs): Excess | null {
  return excess !== null && now - excess.at < FORGOTTEN_MS ? excess : null;
}

/** True when nothing of `seen` is more than what is known. */
export function includes(known: Excess, seen: Excess): boolean {
  return seen.outputTokens <= known.outputTokens && seen.times <= known.times;
}

/** The most of both: how often it was seen adds nothing. */
export function joined(known: Excess | null, seen: Excess): Excess {
  const held = heldAt(known, seen.at);
  if (held === null) return seen;
  const { outputTokens, times, at } = held;
  return {
    outputTokens: Math.max(outputTokens, seen.outputTokens),
    times: Math.max(times, seen.times),
    at: Math.max(at, seen.at),
  };
}

/** Output tokens to reserve for. */
export function mostOutput(excess: Excess | null, maxTokens: number): number {
  return Math.max(maxTokens, excess?.outputTokens ?? 0);
}

/** True for an answer that is longer than it was asked to be. */
export function isTooLong(outputTokens: number, maxTokens: number): boolean {
  return outputTokens > maxTokens * COUNTED_OTHERWISE;
}
