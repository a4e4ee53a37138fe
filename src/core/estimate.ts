/**
 * What the rows that are left will take: calls, tokens, money, time. By the calibration sample, the first rows of the run itself or of an
 * earlier one of the same task. Pure.
 */
import type { Learned } from './gate/learned.js';
import { added, type Interval, scaled, slower, sumOfRest } from './interval.js';
import type { NanoUsd, Usage } from './model.js';
import { nanoToUsd } from './money/price.js';
import type { Role } from './phases.js';
import { ASSUMED_CONCURRENCY } from './slice-size.js';

/** One of the first rows of a run that has its outcome: the sums of its answered calls. */
export interface SampledRow {
  index: number;
  calls: number;
  inputTokens: number;
  /** Of these: from a cache. */
  cachedTokens: number;
  outputTokens: number;
  /** Calls of it without token counts. */
  unmetered: number;
  /** Null: nobody knows. */
  costNano: NanoUsd | null;
  /** Time of its calls. */
  ms: number;
  /** That all its calls were of; null when it had none, or several. */
  role: Role | null;
}

/** What bounds how quickly rows are done. */
export interface Speed {
  /** Calls in flight. */
  concurrency: number;
  requestsPerMinute: number | null;
  tokensPerMinute: number | null;
  /** As learned of the provider. */
  callsPerSecond: number | null;
}

/** What rows will take, with intervals: nine of ten times between `low` and `high`. */
export interface Estimate {
  /** Rows left. */
  rows: number;
  /** Rows that it rests on; 0 = bounds before any call was measured. */
  sample: number;
  /** Model calls. */
  calls: Interval;
  /** Tokens of their prompts. */
  inputTokens: Interval;
  /** Tokens of their answers. */
  outputTokens: Interval;
  /** USD; null when the price is unknown. */
  costUsd: Interval | null;
  /** Milliseconds of work. */
  ms: Interval;
}

/** Rows that the sample is taken from: the first ones. */
export const SAMPLED_ROWS = 200;
const LEAST_SAMPLE = 20;
/** Rows that may be missing among the first ones. */
const MISSING = 0.05;
const MINUTE_MS = 60_000;

/**
 * The first rows up to where more than a few are missing: those that end first are the short ones, so rows are not taken in the order
 * in which they end. Null while there are too few.
 */
export function calibrationSample(done: readonly SampledRow[], least = LEAST_SAMPLE): SampledRow[] | null {
  const inOrder = [...done].sort((a, b) => a.index - b.index);
  let size = 0;
  for (const [position, { index }] of inOrder.entries()) {
    const missing = index - position;
    if (missing <= MISSING * (index + 1)) size = position + 1;
  }
  return size < least ? null : inOrder.slice(0, size);
}

/**
 * Rows at the price of today: `costOfCall` of the mean call of each, which is a price of this role. One that it does not know, whose tokens
 * nobody knows, or that had calls of other roles, stays as it is.
 */
export function repriced(rows: readonly SampledRow[], role: Role, costOfCall: (usage: Usage) => NanoUsd | null): SampledRow[] {
  return rows.map((row) => {
    const { calls, inputTokens, cachedTokens, outputTokens, unmetered } = row;
    if (calls === 0 || unmetered > 0 || row.role !== role) return row;
    const mean = (tokens: number) => Math.ceil(tokens / calls);
    const usage = {
      input: mean(inputTokens),
      cached: Math.floor(cachedTokens / calls),
      output: mean(outputTokens),
      reasoning: 0,
    };
    const each = costOfCall(usage);
    return each === null ? row : { ...row, costNano: each * calls };
  });
}

/** How long calls with these sums take at best. */
export function restMs(rest: Pick<Estimate, 'calls' | 'inputTokens' | 'outputTokens'>, callMs: Interval, speed: Speed): Interval {
  const { concurrency, requestsPerMinute, tokensPerMinute, callsPerSecond } = speed;
  const width = Math.max(1, Math.min(concurrency, rest.calls.expected));
  let ms = scaled(callMs, 1 / width);
  if (requestsPerMinute !== null) ms = slower(ms, scaled(rest.calls, MINUTE_MS / requestsPerMinute));
  if (callsPerSecond !== null) ms = slower(ms, scaled(rest.calls, 1_000 / callsPerSecond));
  if (tokensPerMinute === null) return ms;
  const tokens = added(rest.inputTokens, rest.outputTokens);
  return slower(ms, scaled(tokens, MINUTE_MS / tokensPerMinute));
}

function lower(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

/** How quick a run can be under its limits and those that were found. */
export function speedOf(
  control: Pick<Speed, 'concurrency' | 'requestsPerMinute' | 'tokensPerMinute'> & { auto: boolean },
  learned: Learned | null,
): Speed {
  const { concurrency, auto, requestsPerMinute, tokensPerMinute } = control;
  const wanted = auto ? Math.min(concurrency, learned?.auto ?? ASSUMED_CONCURRENCY) : concurrency;
  return {
    concurrency: Math.min(wanted, learned?.window ?? wanted),
    requestsPerMinute: lower(requestsPerMinute, learned?.told?.requests ?? null),
    tokensPerMinute: lower(tokensPerMinute, learned?.told?.tokens ?? null),
    callsPerSecond: learned?.pace ?? null,
  };
}

/** `left` rows, by the first ones of a run that are done; null before those are enough, and when none are left. */
export function restOf(done: readonly SampledRow[], left: number, speed: Speed): Estimate | null {
  const sample = left > 0 ? calibrationSample(done) : null;
  return sample && estimateRest(sample, left, speed);
}

/** `left` rows like those of the sample. */
export function estimateRest(sample: readonly SampledRow[], left: number, speed: Speed): Estimate {
  const sum = (of: (row: SampledRow) => number) => sumOfRest(sample.map(of), left);
  const calls = sum((row) => row.calls);
  const inputTokens = sum((row) => row.inputTokens);
  const outputTokens = sum((row) => row.outputTokens);
  const known = sample.every((row) => row.costNano !== null);
  const costNano = sum((row) => row.costNano ?? 0);
  const callMs = sum((row) => row.ms);
  const ms = restMs({ calls, inputTokens, outputTokens }, callMs, speed);
  const costUsd = known ? scaled(costNano, nanoToUsd(1)) : null;
  return { rows: left, sample: sample.length, calls, inputTokens, outputTokens, costUsd, ms };
}
