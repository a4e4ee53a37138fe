/** Token counts and cost as both of OpenAI's wires report them, under names of their own: totals that include their parts. */
import type { Metered } from '../../core/call-failure.js';
import type { Usage } from '../../core/model.js';
import type { Family } from '../refusals/family.js';
import { believable, countOf } from './counts.js';
import { reportedCost } from './reported-cost.js';

/** Where a wire has them; any may be missing, or no count. */
export interface ReportedCounts {
  /** With what was read from a cache and written to one. */
  input: unknown;
  cached: unknown;
  cacheWritten: unknown;
  output: unknown;
  reasoning: unknown;
  /** Of input and output. */
  total: unknown;
}

/**
 * Null when the provider reported no usage, or nonsense. Some count hidden reasoning only in their grand total, or beside the output (Gemini,
 * xAI): it is billed as output, so it is put there. `text` is what came of the call, '' for nothing.
 */
export function usageBy(counts: ReportedCounts, text: string): Usage | null {
  const input = countOf(counts.input);
  const total = countOf(counts.total);
  const cached = countOf(counts.cached) ?? 0;
  const reasoning = countOf(counts.reasoning) ?? 0;
  let output = countOf(counts.output);
  if (input === undefined || output === undefined || believable({ input, cached, output, reasoning }, text) === null) return null;
  if (total !== undefined && total - input > output) output = total - input;
  else if (reasoning > output) output += reasoning;
  return { input, cached, output, reasoning };
}

/** What an answer says of its own tokens and cost. `reported`: its usage as it came. */
export function meteredBy(
  counts: ReportedCounts,
  { reported, text, family }: { reported: unknown; text: string; family: Family },
): Omit<Metered, 'servedModel'> {
  const usage = usageBy(counts, text);
  const written = countOf(counts.cacheWritten) ?? 0;
  return {
    usage,
    cacheWritten: Number.isNaN(written) ? 0 : written,
    costUsd: reportedCost(reported, usage, family),
  };
}
