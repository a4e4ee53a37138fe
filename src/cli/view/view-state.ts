/** What the live view says, from a window of progress: pure, so that it is tested without a terminal or a clock. */

import type { Estimate } from '../../core/estimate.js';
import { failureText, learnedText } from '../../core/gate/wait.js';
import type { RunState } from '../../core/model.js';
import { ENDED_STATES } from '../../core/run-end.js';
import type { Progress } from '../../runs/progress.js';
import { safeLine } from './safe-text.js';

/** One look at a run. */
export interface Sample {
  /** Milliseconds since the Unix epoch. */
  at: number;
  progress: Progress;
}

export interface ViewModel {
  run: string;
  name: string;
  state: RunState;
  total: number;
  /** ok + failed + filtered. */
  done: number;
  ok: number;
  failed: number;
  filtered: number;
  /** 0..1; 1 for a run without rows. */
  fraction: number;
  inFlight: number;
  /** Calls that ended as real failures. */
  failedCalls: number;
  inputTokens: number;
  outputTokens: number;
  /** Null: nobody knows. */
  costUsd: number | null;
  heldUsd: number | null;
  maxCostUsd: number | null;
  doubtful: number;
  /** Over the last 10 s; null until a second is known. */
  rowsPerSecond: number | null;
  callsPerMinute: number | null;
  /** Null while nothing says how long it takes. */
  etaMs: number | null;
  /** Time worked since the run's start; null before it. */
  elapsedMs: number | null;
  /** What keeps it from being quicker; null when nothing is known to. */
  waitsFor: string | null;
  /** For how long it has waited for that, in ms; null when nobody knows. */
  waitedMs: number | null;
  /** What calls met last, and since when, while none is answered; null when one was. */
  lastFailure: string | null;
  /** What the rest will take, by the rows that are done; null before enough are. */
  rest: Estimate | null;
  /** Limits of the provider as calls met them; null before they met any, and when the run has ended. */
  found: string | null;
}

/** Rates are measured over this time, in ms. */
export const WINDOW_MS = 10_000;
/** Over less time than this a rate is noise. */
const SHORTEST_MS = 1000;

/** True when a run does no more by itself. */
export function hasEnded(state: RunState): boolean {
  return ENDED_STATES.includes(state);
}

/** Rows with an outcome. */
export function rowsDone(progress: Progress): number {
  return progress.ok + progress.failed + progress.filtered;
}

/** Adds a sample; forgets what the window no longer needs, but keeps the first one of all and the last before the window. */
export function addSample(samples: readonly Sample[], sample: Sample): Sample[] {
  const from = sample.at - WINDOW_MS;
  const lastBefore = samples.findLastIndex(({ at }) => at <= from);
  const kept = samples.filter((_, position) => position === 0 || position >= lastBefore);
  return [...kept, sample];
}

function perMs(from: Sample | undefined, to: Sample, count: (progress: Progress) => number): number | null {
  if (from === undefined) return null;
  const span = to.at - from.at;
  return span < SHORTEST_MS ? null : Math.max(0, count(to.progress) - count(from.progress)) / span;
}

function etaMs(samples: readonly Sample[], base: Sample | undefined, latest: Sample): number | null {
  const { progress } = latest;
  const pending = progress.total - rowsDone(progress);
  if (hasEnded(progress.state) || pending <= 0) return 0;
  if (progress.state !== 'running') return null;
  // Calls may take longer than the window: then the speed since we began to look says more.
  const speed = perMs(base, latest, rowsDone) || perMs(samples[0], latest, rowsDone);
  return speed ? pending / speed : null;
}

function pausedBy(progress: Progress): string {
  if (progress.reason === 'billing') return 'the account: the provider refused to bill';
  if (progress.reason === 'key') return 'a valid API key';
  if (progress.reason === 'unreachable') return 'the provider: it cannot be reached';
  if (progress.reason === 'systematic') return 'a change: rows in a row failed alike';
  if (progress.reason === 'host') return 'its host';
  return `a person: swarm resume ${safeLine(progress.run)}`;
}

function waitsFor({ progress }: Sample): string | null {
  if (progress.state === 'paused') return pausedBy(progress);
  if (progress.state === 'staging' || progress.state === 'staged') return 'its start';
  if (progress.state === 'interrupted') return `a person: swarm resume ${safeLine(progress.run)}`;
  if (hasEnded(progress.state) || progress.total === rowsDone(progress)) return null;
  if (progress.waits !== null) return safeLine(progress.waits.text);
  if (progress.inFlight > 0 && progress.inFlight >= progress.total - rowsDone(progress)) return 'the last answers';
  // Places are free and no turn waits for one: rows come slower than their answers.
  return progress.inFlight < progress.concurrency ? 'more rows to be started' : null;
}

/** What calls met last, while none was answered. */
export function lastFailure({ state, waits }: Progress, now: number): string | null {
  return state === 'running' && waits?.failure ? safeLine(failureText(waits.failure, now)) : null;
}

/**
 * One moment of the view. `samples` are those kept by addSample, oldest first; `now` is the time of `progress`.
 * Texts in the result are safe for a terminal.
 */
export function viewModel(samples: readonly Sample[], progress: Progress, now: number): ViewModel {
  // Those that are still to come are of before the clock was set back.
  const previous = samples.filter(({ at }) => at < now);
  const latest: Sample = { at: now, progress };
  const base = previous.findLast(({ at }) => at <= now - WINDOW_MS) ?? previous[0];
  const done = rowsDone(progress);
  const rows = perMs(base, latest, rowsDone);
  const calls = perMs(base, latest, (one) => one.calls);
  const callsPerMinute = calls === null ? null : calls * 60_000;
  return {
    run: safeLine(progress.run),
    name: safeLine(progress.name),
    state: progress.state,
    total: progress.total,
    done,
    ok: progress.ok,
    failed: progress.failed,
    filtered: progress.filtered,
    fraction: progress.total === 0 ? 1 : done / progress.total,
    inFlight: progress.inFlight,
    failedCalls: progress.failedCalls,
    inputTokens: progress.usage.input,
    outputTokens: progress.usage.output,
    costUsd: progress.costUsd,
    heldUsd: progress.heldUsd,
    maxCostUsd: progress.maxCostUsd,
    doubtful: progress.doubtful,
    rowsPerSecond: rows === null ? null : rows * 1000,
    callsPerMinute,
    etaMs: etaMs(previous, base, latest),
    elapsedMs: progress.startedAt === null ? null : progress.workedMs,
    waitsFor: waitsFor(latest),
    waitedMs: progress.waits === null ? null : Math.max(0, now - progress.waits.since),
    lastFailure: lastFailure(progress, now),
    rest: hasEnded(progress.state) ? null : progress.rest,
    found: progress.found === null || hasEnded(progress.state) ? null : learnedText(progress.found),
  };
}
