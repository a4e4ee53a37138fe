/** New limits of a run that goes on, as users give them, and as its control row holds them. */
import type { NanoUsd } from './model.js';
import { capToNano } from './price.js';

/** Undefined fields stay; null takes a limit away. */
export interface ResizeOptions {
  /** Calls in flight: a fixed number from then on, also where the task says auto. */
  concurrency?: number;
  requestsPerMinute?: number | null;
  tokensPerMinute?: number | null;
  /** USD, like the other three. */
  maxCost?: number | null;
  maxCostPerCall?: number | null;
  maxCostPerRow?: number | null;
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

/** Limits that must be above 0, or null. */
export const RESIZE_LIMITS = [
  'maxCost',
  'maxCostPerCall',
  'maxCostPerRow',
  'maxDailyCost',
  'requestsPerMinute',
  'tokensPerMinute',
] as const;

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
