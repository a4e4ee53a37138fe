/** Token counts as providers report them, made one: totals that include their parts, or null when they cannot be true. */
import type { LanguageModelV3Usage } from '@ai-sdk/provider';
import type { Usage } from '../core/model.js';
import type { Family } from './family.js';

/** No call has more tokens than this. */
const ABSURD = 100_000_000;

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= ABSURD;
}

/** The wire's usage object, loose: what a server sends is not to be trusted. */
export interface WireUsage {
  prompt_tokens?: number | null | undefined;
  completion_tokens?: number | null | undefined;
  total_tokens?: number | null | undefined;
  prompt_tokens_details?: { cached_tokens?: number | null | undefined; cache_write_tokens?: unknown } | null | undefined;
  completion_tokens_details?: { reasoning_tokens?: number | null | undefined } | null | undefined;
  /** DeepSeek's name for cached tokens; hit + miss = prompt. */
  prompt_cache_hit_tokens?: unknown;
  /** OpenRouter: USD. */
  cost?: unknown;
  /** OpenRouter: the model's provider bills a key of the user's own for `upstream_inference_cost`, on top of `cost`. */
  is_byok?: unknown;
  cost_details?: { upstream_inference_cost?: unknown } | null | undefined;
}

/** For the provider package: the same fields, with undefined for what is missing instead of 0. */
export function convertUsage(wire: WireUsage | null | undefined): LanguageModelV3Usage {
  const input = wire?.prompt_tokens ?? undefined;
  const output = wire?.completion_tokens ?? undefined;
  const hit = wire?.prompt_cache_hit_tokens;
  const cached = wire?.prompt_tokens_details?.cached_tokens ?? (typeof hit === 'number' ? hit : undefined);
  const reasoning = wire?.completion_tokens_details?.reasoning_tokens ?? undefined;
  const written = wire?.prompt_tokens_details?.cache_write_tokens;
  const cost = costOf(wire);
  const raw = {
    ...(typeof wire?.total_tokens === 'number' ? { total_tokens: wire.total_tokens } : {}),
    ...(cost === null ? {} : { cost }),
  };
  return {
    inputTokens: { total: input, noCache: undefined, cacheRead: cached, cacheWrite: isCount(written) ? written : undefined },
    outputTokens: { total: output, text: undefined, reasoning },
    ...(Object.keys(raw).length === 0 ? {} : { raw }),
  };
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function costOf(wire: WireUsage | null | undefined): number | null {
  if (!isAmount(wire?.cost)) return null;
  if (wire?.is_byok !== true) return wire.cost;
  const upstream = wire.cost_details?.upstream_inference_cost;
  return isAmount(upstream) ? wire.cost + upstream : null;
}

/**
 * What the provider says that the call cost, USD; null when it says nothing, or nonsense. Only OpenRouter documents the field and its
 * unit (openrouter.ai/docs/use-cases/usage-accounting, November 2026).
 */
export function reportedCost(reported: LanguageModelV3Usage, family: Family): number | null {
  const cost = reported.raw?.['cost'];
  return family === 'openrouter' && isAmount(cost) ? cost : null;
}

/**
 * Null when the provider reported no usage, or nonsense: missing or negative counts, no input at all, text without
 * output tokens, more cached than input. Some count hidden reasoning only in their grand total (Gemini, xAI): it is billed as
 * output, so it is put there.
 */
export function usageOf(reported: LanguageModelV3Usage, text: string): Usage | null {
  const input = reported.inputTokens.total;
  const cached = reported.inputTokens.cacheRead ?? 0;
  const reasoning = reported.outputTokens.reasoning ?? 0;
  let output = reported.outputTokens.total;
  if (!isCount(input) || !isCount(output) || !isCount(cached) || !isCount(reasoning)) return null;
  if (input === 0 || cached > input || (output === 0 && text !== '')) return null;
  const total = reported.raw?.['total_tokens'];
  if (isCount(total) && total - input > output) output = total - input;
  else if (reasoning > output) output += reasoning;
  return { input, cached, output, reasoning };
}
