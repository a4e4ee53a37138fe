/**
 * Limits that a provider tells in its response headers, read into one shape. Sources: providers.md section 3.
 * OpenAI, Groq, Together: `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, reset as a duration (`6m0s`) or in seconds;
 * Together also `x-tokenlimit-*`; Mistral documents `x-ratelimit-remaining*` and sends tokens of a minute as `ratelimitbysize-*` (reset in seconds) or
 * `x-ratelimitbysize-*-minute`, as public clients of it read them; Anthropic `anthropic-ratelimit-*` with reset as a time.
 */

import type { ToldLimits, ToldUnit } from '../../core/gate/told-limits.js';
import type { EpochMs } from '../../core/model.js';
import { parseDuration, serverNow } from './retry-after.js';

const UNITS: readonly ToldUnit[] = ['requests', 'tokens', 'input-tokens', 'output-tokens'];

/** Names of each header by unit, the first that is there counts. */
function names(word: 'limit' | 'remaining' | 'reset', unit: ToldUnit): string[] {
  const list = [`x-ratelimit-${word}-${unit}`, `anthropic-ratelimit-${unit}-${word}`];
  if (unit === 'tokens') {
    list.push(`x-tokenlimit-${word}`, `x-ratelimit-${word}-tokens-minute`);
    list.push(`ratelimitbysize-${word}`, `x-ratelimitbysize-${word}-minute`);
  }
  if (unit === 'requests')
    list.push(`x-ratelimit-${word}`, `x-ratelimit-${word}-req-minute`, `x-ratelimit-${word}-requests-minute`);
  return list;
}

const NAMES = UNITS.map((unit) => ({
  unit,
  limit: names('limit', unit),
  remaining: names('remaining', unit),
  reset: names('reset', unit),
}));

/**
 * Null when no header tells what remains of any limit. Names in any case; values that make no sense are as if absent. Times count from the
 * server's own `date` header when there is one.
 */
export function readLimits(headers: Readonly<Record<string, string | undefined>>, ourNow: EpochMs): ToldLimits | null {
  const known = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) known.set(name.toLowerCase(), value.trim());
  const first = (list: readonly string[]) => list.map((name) => known.get(name)).find((value) => value !== undefined);
  const told: ToldLimits = {};
  let now: EpochMs | null = null;
  let any = false;
  for (const { unit, limit, remaining, reset } of NAMES) {
    const left = count(first(remaining));
    if (left === null) continue;
    now ??= serverNow({ date: known.get('date') }, ourNow);
    told[unit] = { limit: count(first(limit)), remaining: left, resetMs: resetMs(first(reset), now) };
    any = true;
  }
  return any ? told : null;
}

function count(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,12}(?:\.\d{1,6})?$/.test(text) ? Math.floor(Number(text)) : null;
}

/** Seconds since the epoch are above this; a wait in seconds never is. */
const EPOCH_SECONDS = 1_000_000_000;

/** A duration, seconds, an RFC 3339 time, or seconds or milliseconds since the epoch. Past times are 0. */
function resetMs(text: string | undefined, now: EpochMs): number | null {
  if (text === undefined) return null;
  if (/^\d{1,13}(?:\.\d{1,9})?$/.test(text)) {
    const value = Number(text);
    if (value < EPOCH_SECONDS) return Math.ceil(value * 1_000);
    return Math.max(0, (value < EPOCH_SECONDS * 1_000 ? value * 1_000 : value) - now);
  }
  if (/^\d{4}-\d{2}-\d{2}T/.test(text)) {
    const at = Date.parse(text);
    return Number.isNaN(at) ? null : Math.max(0, at - now);
  }
  return parseDuration(text);
}
