/** What is asked of whoever knows the prices. */
import type { ModelRef, PriceOverride } from '../../schema/task-types.js';
import type { EpochMs, NanoUsd, Usage } from '../model.js';

export interface PriceQuestion {
  model: ModelRef;
  /** Model named in the answer, when known. */
  servedModel?: string;
  override: PriceOverride | null;
  /** Before a call: its start. After it: its end. */
  at: EpochMs;
  /** Before a call: its deadline, within which a price may change. @default ten minutes */
  timeoutMs?: number;
  /** After a call: its start. The dearer of the prices at both ends holds. */
  sentAt?: EpochMs;
}

export interface Prices {
  /** Upper bound of one call's cost; null = price unknown. Uses the dearest of the possible prices. */
  worstCase(question: PriceQuestion, tokens: { input: number; maxOutput: number }): NanoUsd | null;
  /** Cost of an answered call; null = price unknown. */
  cost(question: PriceQuestion, usage: Usage & { cacheWritten?: number }): NanoUsd | null;
  /** Context window in tokens, when known. */
  contextWindow(model: ModelRef): number | null;
}
