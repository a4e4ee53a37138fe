/** What a run will take, before any of its calls was measured: bounds, and a guess between them. */
import type { Estimate, Speed } from '../core/estimate.js';
import { restMs } from '../core/estimate.js';
import type { Interval } from '../core/interval.js';
import { scaled } from '../core/interval.js';
import { NO_USAGE } from '../core/model.js';
import { nanoToUsd } from '../core/money/price.js';
import type { Prices } from '../core/money/price-book.js';
import { ASSUMED_CALL_MS, PLANNED_TURNS } from '../core/slice-size.js';
import type { Task } from '../schema/task-types.js';

/** Tokens of an answer, unless it may not be as long. */
const GUESSED_ANSWER = 500;
/** A quick provider answers after 0.5 s and writes 200 tokens/s, a slow one after 2 s and 20 tokens/s. */
const QUICK = { firstMs: 500, tokenMs: 5 };
const SLOW = { firstMs: 2_000, tokenMs: 50 };

/** What the rows themselves tell. */
export interface KnownRows {
  rows: number;
  /** Of the first prompt of all rows. */
  promptTokens: number;
  /** Of what is asked after an answer. */
  followUpTokens: number;
  /** Calls of a row at most. */
  mostCalls: number;
  /** Null = the price is unknown. */
  worstCostUsd: number | null;
}

export function firstGuess(task: Task, known: KnownRows, prices: Prices, speed: Speed): Estimate {
  const { rows, promptTokens, followUpTokens, mostCalls, worstCostUsd } = known;
  const turns = task.multiTurn ? Math.min(PLANNED_TURNS, task.maxTurns) : 1;
  const answer = Math.min(task.maxTokens, GUESSED_ANSWER);
  // Each call sends all that was said before it.
  const input = (calls: number, answerTokens: number) =>
    calls * promptTokens + ((calls * (calls - 1)) / 2) * rows * (answerTokens + followUpTokens);
  const calls: Interval = { low: rows, expected: rows * turns, high: rows * mostCalls };
  const inputTokens: Interval = { low: input(1, 1), expected: input(turns, answer), high: input(mostCalls, task.maxTokens) };
  const outputTokens: Interval = { low: rows, expected: rows * turns * answer, high: rows * mostCalls * task.maxTokens };
  const usd = (of: 'low' | 'expected'): number | null => {
    const one = { ...NO_USAGE, input: Math.ceil(inputTokens[of] / calls[of]), output: Math.ceil(outputTokens[of] / calls[of]) };
    const nano = prices.cost({ model: task.model, override: task.price, at: Date.now() }, one);
    return nano === null ? null : nanoToUsd(nano) * calls[of];
  };
  const [low, expected] = rows === 0 ? [0, 0] : [usd('low'), usd('expected')];
  const priced = low !== null && expected !== null && worstCostUsd !== null;
  const callMs: Interval = {
    low: rows * (QUICK.firstMs + QUICK.tokenMs),
    expected: rows * turns * ASSUMED_CALL_MS,
    high: rows * mostCalls * Math.min(task.timeoutMs, SLOW.firstMs + SLOW.tokenMs * task.maxTokens),
  };
  const ordered = { ...callMs, high: Math.max(callMs.high, callMs.expected) };
  return {
    rows,
    sample: 0,
    calls,
    inputTokens,
    outputTokens,
    costUsd: priced ? { low, expected: Math.min(expected, worstCostUsd), high: worstCostUsd } : null,
    ms: restMs({ calls, inputTokens, outputTokens }, ordered, speed),
  };
}

/** The same for some of the rows. */
export function partOf(estimate: Estimate, rows: number): Estimate {
  const share = estimate.rows === 0 ? 0 : rows / estimate.rows;
  const { calls, inputTokens, outputTokens, costUsd, ms } = estimate;
  return {
    rows,
    sample: estimate.sample,
    calls: scaled(calls, share),
    inputTokens: scaled(inputTokens, share),
    outputTokens: scaled(outputTokens, share),
    costUsd: costUsd && scaled(costUsd, share),
    ms: scaled(ms, share),
  };
}
