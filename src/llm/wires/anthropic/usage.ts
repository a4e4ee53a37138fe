/** Token counts of the Messages API (platform.claude.com/docs/en/api/messages, November 2026): those of a cache stand beside `input_tokens`, not in it. */
import type { Metered } from '../../../core/call-failure.js';
import { type Fields, fieldsOf } from '../../../core/fields.js';
import type { Usage } from '../../../core/model.js';
import type { Family } from '../../refusals/family.js';
import { believable, countOf } from '../counts.js';
import { reportedCost } from '../reported-cost.js';

/** Written for five minutes and for an hour, where the sum of both is not told. */
function writtenOf(wire: Fields): number {
  const told = countOf(wire['cache_creation_input_tokens']);
  if (told !== undefined) return told;
  const byTime = fieldsOf(wire['cache_creation']);
  return (countOf(byTime['ephemeral_5m_input_tokens']) ?? 0) + (countOf(byTime['ephemeral_1h_input_tokens']) ?? 0);
}

/** The totals leave out what it took to make a conversation shorter on the way (`compaction`); the steps have it, those of other models apart. */
function totalOf(wire: Fields, name: 'input_tokens' | 'output_tokens'): number | undefined {
  const total = countOf(wire[name]);
  const { iterations } = wire;
  if (total === undefined || !Array.isArray(iterations)) return total;
  const own = iterations.map(fieldsOf).filter(({ type }) => type === 'message' || type === 'compaction');
  const sum = own.reduce((tokens, step) => tokens + (countOf(step[name]) ?? 0), 0);
  return Number.isNaN(sum) ? total : Math.max(total, sum);
}

/** Null when there are no counts, or none that can be true. `text` is what came of the call, '' for nothing. */
export function usageOf(reported: unknown, text: string): Usage | null {
  const wire = fieldsOf(reported);
  const fresh = totalOf(wire, 'input_tokens');
  const output = totalOf(wire, 'output_tokens');
  const cached = countOf(wire['cache_read_input_tokens']) ?? 0;
  const reasoning = countOf(fieldsOf(wire['output_tokens_details'])['thinking_tokens']) ?? 0;
  if (fresh === undefined || output === undefined) return null;
  const usage = { input: fresh + cached + writtenOf(wire), cached, output, reasoning: Math.min(reasoning, output) };
  return believable(usage, text);
}

/** What an answer says of its own tokens and cost. */
export function meteredOf(reported: unknown, text: string, family: Family): Omit<Metered, 'servedModel'> {
  const usage = usageOf(reported, text);
  return {
    usage,
    cacheWritten: usage === null ? 0 : writtenOf(fieldsOf(reported)),
    costUsd: reportedCost(reported, usage, family),
  };
}
