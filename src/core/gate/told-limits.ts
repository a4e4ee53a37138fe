/**
 * What response headers leave for the next calls: per unit a level that falls with every send, rises with time, and is set right
 * by every answer. A full level holds nobody up, whatever the limit is per: minute, hour or day.
 */

import type { EpochMs } from '../model.js';
import type { ToldRates } from './learned.js';

export interface ToldLimit {
  /** Units per window; null when not told. */
  limit: number | null;
  remaining: number;
  /** Until the limit is whole again, ms; null when not told. */
  resetMs: number | null;
}

export type ToldUnit = 'requests' | 'tokens' | 'input-tokens' | 'output-tokens';

export type ToldLimits = Partial<Record<ToldUnit, ToldLimit>>;

/** Reset times are often in whole seconds: from this long on they say how fast the limit refills. */
const TELLING_RESET_MS = 75_000;
const MINUTE_MS = 60_000;
/** Calls that are kept back: an answer does not know of those that were sent while it was on its way. */
const KEPT_CALLS = 2;
/** Of what comes at once: who keeps two back of a burst of two never sends a second one. */
const KEPT_SHARE = 1 / 3;
/** Where none is kept back, an answer is taken to know nothing of what was sent so short before it came. */
const ON_ITS_WAY_MS = 50;

interface Level {
  level: number;
  /** Of calls that may go and are not sent yet: no answer knows of them. */
  promised: number;
  perMs: number;
  limit: number;
  /** What may come at once: a level never rises above it. */
  burst: number;
  at: EpochMs;
  sentAt: EpochMs;
}

/** What one call takes of each unit at most. */
export interface CallSize {
  promptTokens: number;
  maxTokens: number;
}

export class ToldBudget {
  readonly #levels = new Map<ToldUnit, Level>();

  /** An answer or a refusal told what remains. */
  told(limits: ToldLimits, now: EpochMs): void {
    for (const [unit, told] of Object.entries(limits) as [ToldUnit, ToldLimit][]) {
      const { limit, remaining } = told;
      // Without a limit nobody knows how fast it refills: 429s must find that.
      if (limit === null || limit <= 0) continue;
      const own = this.#levels.get(unit);
      const perMs = refill(told, limit);
      const burst = Math.max(unit === 'requests' ? burstOf(told, limit, perMs) : limit, own?.limit === limit ? own.burst : 0);
      const level = own ? better(own, told, now) : remaining;
      const { promised = 0, sentAt = 0 } = own ?? {};
      this.#levels.set(unit, { level, promised, perMs, limit, burst, at: now, sentAt });
    }
  }

  /** True when the provider itself tells what remains of a limit that is not above `perMinute`: then there is nothing to guess. */
  knowsTokens(perMinute: number): boolean {
    const known = this.#levels.get('tokens');
    return known !== undefined && known.limit <= perMinute;
  }

  /** Limits that were told and are whole again within a minute; those of an hour or a day bound nobody's minute. Null when none was. */
  perMinute(): ToldRates | null {
    const of = (unit: ToldUnit) => {
      const level = this.#levels.get(unit);
      return level !== undefined && level.perMs * MINUTE_MS >= level.limit ? level.limit : null;
    };
    const rates = { requests: of('requests'), tokens: of('tokens') };
    return rates.requests === null && rates.tokens === null ? null : rates;
  }

  /** The call may go. `sent` or `unsent` must follow. */
  promise(call: CallSize): void {
    for (const [unit, level] of this.#levels) level.promised += sizeOf(unit, call);
  }

  sent(call: CallSize, now: EpochMs): void {
    for (const [unit, level] of this.#levels) {
      fill(level, now);
      level.level -= sizeOf(unit, call);
      level.sentAt = now;
    }
    this.unsent(call);
  }

  unsent(call: CallSize): void {
    // A unit told since the promise has none of it.
    for (const [unit, level] of this.#levels) level.promised = Math.max(0, level.promised - sizeOf(unit, call));
  }

  /** Earliest time at which the call fits, and what it waits for; `at` 0 = now. */
  fits(call: CallSize, now: EpochMs): { at: EpochMs; unit: ToldUnit | null } {
    let latest: { at: EpochMs; unit: ToldUnit | null } = { at: 0, unit: null };
    for (const [unit, level] of this.#levels) {
      fill(level, now);
      // A call larger than the limit waits for all of it, and is then refused by name.
      const short = Math.min(level.burst, (1 + keptOf(level)) * sizeOf(unit, call)) - (level.level - level.promised);
      if (short <= 0) continue;
      const at = now + short / level.perMs;
      if (at > latest.at) latest = { at, unit };
    }
    return latest;
  }
}

function sizeOf(unit: ToldUnit, { promptTokens, maxTokens }: CallSize): number {
  if (unit === 'requests') return 1;
  if (unit === 'input-tokens') return promptTokens;
  return unit === 'output-tokens' ? maxTokens : promptTokens + maxTokens;
}

function refill({ remaining, resetMs }: ToldLimit, limit: number): number {
  const used = limit - remaining;
  if (resetMs !== null && resetMs > TELLING_RESET_MS && used > 0) return used / resetMs;
  return limit / MINUTE_MS;
}

/** Whole calls are told, and not those that the answer cannot know of: where what is known here is more exact, it is kept. */
function better(own: Level, { remaining }: ToldLimit, now: EpochMs): number {
  fill(own, now);
  if (keptOf(own) === 0 && own.level < remaining && now - own.sentAt < ON_ITS_WAY_MS) return own.level;
  return own.level > remaining && own.level < remaining + 1 ? own.level : remaining;
}

/** The reset is when all that may come at once is there again. */
function burstOf({ remaining, resetMs }: ToldLimit, limit: number, perMs: number): number {
  return resetMs === null ? limit : Math.max(1, Math.min(limit, remaining + resetMs * perMs));
}

function keptOf({ burst }: Level): number {
  return Math.min(KEPT_CALLS, Math.floor(burst * KEPT_SHARE));
}

function fill(level: Level, now: EpochMs): void {
  if (now <= level.at) return;
  level.level = Math.min(level.burst, level.level + (now - level.at) * level.perMs);
  level.at = now;
}
