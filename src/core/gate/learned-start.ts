/** What an earlier run learned, as a start: the older, the more carefully it is believed. */
import type { EpochMs } from '../model.js';
import type { Learned } from './learned.js';

const FRESH_MS = 3_600_000;
const STALE_MS = 24 * 3_600_000;
/** Limits of some hours ago are tried from this share of them. */
const CAREFUL = 0.7;

export interface LearnedStart {
  pace: number;
  window: number;
  noise: number;
  auto: number | null;
  answerTokens: number | null;
}

/** Infinity = no limit known. A day later only the length of answers still counts. */
export function startFrom(learned: Learned | null, now: EpochMs): LearnedStart {
  const age = learned === null ? Number.POSITIVE_INFINITY : Math.max(0, now - learned.at);
  if (learned === null || age > STALE_MS) {
    const unknown = Number.POSITIVE_INFINITY;
    return { pace: unknown, window: unknown, noise: 0, auto: null, answerTokens: learned?.answerTokens ?? null };
  }
  const share = age <= FRESH_MS ? 1 : CAREFUL;
  const whole = (value: number | null) => (value === null ? null : Math.max(1, Math.floor(value * share)));
  return {
    pace: learned.pace === null ? Number.POSITIVE_INFINITY : learned.pace * share,
    window: whole(learned.window) ?? Number.POSITIVE_INFINITY,
    noise: age <= FRESH_MS ? learned.noise : 0,
    auto: whole(learned.auto),
    answerTokens: learned.answerTokens,
  };
}
