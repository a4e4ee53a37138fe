/** New limits of a run that goes on, as users give them, and as its control row holds them. */
import type { NanoUsd } from './model.js';
import { capToNano } from './money/price.js';

/** Undefined fields stay; null takes a limit away. */
export interface ResizeOptions {
  /** Calls in flight: a fixed number from then on, also where the task says auto. */
  concurrency?: number;
  /** Most calls a minute. */
  requestsPerMinute?: number | null;
  /** Most tokens a minute, prompts and answers together. */
  tokensPerMinute?: number | null;
  /** Cap of the run, USD. */
  maxCost?: number | null;
  /** Cap of each call, USD. */
  maxCostPerCall?: number | null;
  /** Cap of each row, USD. */
  maxCostPerRow?: number | null;
  /** Cap of all runs of a day, USD. */
  maxDailyCost?: number | null;
}

export interface ResizedControl {
  concurrency?: number;
  auto?: boolean;
  requestsPerMinute?: number | null;
  tokensPerMinute?: number | null;
  capNano?: NanoUsd | null;
  callCapNano?: NanoUsd | null;
  rowCapNano?: NanoUsd | null;
  dayCapNano?: NanoUsd | null;
}

/** Most money; the control row has them in nano-dollars. */
export const RESIZE_CAPS = ['maxCost', 'maxCostPerCall', 'maxCostPerRow', 'maxDailyCost'] as const;

/** Limits that must be above 0, or null. */
export const RESIZE_LIMITS = [...RESIZE_CAPS, 'requestsPerMinute', 'tokensPerMinute'] as const;

/** The first value that is none: its key, what it is, what it may be. Null: all are sound. */
export function resizeFault(resize: ResizeOptions): { key: string; value: unknown; allowed: string } | null {
  const { concurrency } = resize;
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency > 0)) {
    return { key: 'concurrency', value: concurrency, allowed: 'a whole number above 0' };
  }
  for (const key of RESIZE_LIMITS) {
    const value = resize[key];
    if (value !== undefined && value !== null && !(Number.isFinite(value) && value > 0)) {
      return { key, value, allowed: 'a number above 0, or null for no limit' };
    }
  }
  return null;
}

/** A cap that would rise or go, with what it is now; null: all fall or stay. By an Update, which anybody may send, they may not. */
export function raisedCap(
  resize: ResizeOptions,
  now: Pick<Required<ResizedControl>, 'capNano' | 'callCapNano' | 'rowCapNano' | 'dayCapNano'>,
): { key: (typeof RESIZE_CAPS)[number]; nowNano: NanoUsd; wanted: number | null } | null {
  const caps = {
    maxCost: now.capNano,
    maxCostPerCall: now.callCapNano,
    maxCostPerRow: now.rowCapNano,
    maxDailyCost: now.dayCapNano,
  };
  for (const key of RESIZE_CAPS) {
    const wanted = resize[key];
    const nowNano = caps[key];
    if (wanted === undefined || nowNano === null) continue;
    if (wanted === null || (capToNano(wanted) as NanoUsd) > nowNano) return { key, nowNano, wanted };
  }
  return null;
}

export function resizedControl(resize: ResizeOptions): ResizedControl {
  const { concurrency, requestsPerMinute, tokensPerMinute, maxCost, maxCostPerCall, maxCostPerRow, maxDailyCost } = resize;
  return {
    ...(concurrency === undefined ? {} : { concurrency, auto: false }),
    ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
    ...(tokensPerMinute === undefined ? {} : { tokensPerMinute }),
    ...(maxCost === undefined ? {} : { capNano: capToNano(maxCost) }),
    ...(maxCostPerCall === undefined ? {} : { callCapNano: capToNano(maxCostPerCall) }),
    ...(maxCostPerRow === undefined ? {} : { rowCapNano: capToNano(maxCostPerRow) }),
    ...(maxDailyCost === undefined ? {} : { dayCapNano: capToNano(maxDailyCost) }),
  };
}
