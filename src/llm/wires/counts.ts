/** Token counts as any server sends them: any field may be anything, so what cannot be true is not believed. */
import type { CallFailure, Metered } from '../../core/call-failure.js';
import type { Usage } from '../../core/model.js';

/** No call has more tokens than this. */
const ABSURD = 100_000_000;

/** Undefined for what is missing, NaN for what is no count. Digits as text are a count, too. */
export function countOf(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  const count = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return Number.isInteger(count) && (count as number) >= 0 && (count as number) <= ABSURD ? (count as number) : Number.NaN;
}

/**
 * Null for counts that cannot be true: what is no count, no input at all, more cached than input, text without output tokens. `text` is
 * what came of the call, '' for nothing.
 */
export function believable(usage: Usage, text: string): Usage | null {
  const { input, cached, output, reasoning } = usage;
  if (Number.isNaN(input + cached + output + reasoning)) return null;
  return input === 0 || cached > input || (output === 0 && text !== '') ? null : usage;
}

/** An answer that is of no use was made all the same: where it says what it took, that is known. */
export function paidFailure(failure: CallFailure, metered: Metered): CallFailure {
  return metered.usage !== null || (metered.costUsd ?? null) !== null ? { ...failure, metered } : failure;
}
