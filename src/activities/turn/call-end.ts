/** What a failed call tells the gate, and as what it is counted. */

import type { CallFailure, Refusal } from '../../core/call-failure.js';
import type { RefusedFor } from '../../core/gate/learned.js';
import type { Release } from '../../core/gate/port.js';
import { isLimit, type RetryDecision } from '../../core/retry.js';

/** A refusal for a reason of its own is an answer, too. `answered`: the run has an answer. */
export function endOf(failure: CallFailure, decision: RetryDecision, until: number, answered = true): Release {
  // Something answers there, and never did what it is asked: that is a wrong address, no outage to wait for.
  if (failure.suspect === 'address' && !answered) return { kind: 'done' };
  // A completion without text is one all the same: whoever sends it is there, and no outage ends by waiting.
  if (failure.code === 'E_CALL_EMPTY') return { kind: 'done', told: failure.told ?? null };
  if (failure.class === 'transport') return { kind: 'failed', what: failureWords(failure) };
  // This process had no connection for it: that says nothing about the provider.
  if (failure.class === 'local') return { kind: 'unused' };
  if (!isLimit(failure) || decision.kind === 'stop-run') return { kind: 'done', told: failure.told ?? null };
  return { kind: 'limited', until, ...whatRanOut(failure.refusal ?? null), told: failure.told ?? null };
}

/** In our own words: what a provider says may hold parts of a prompt, and this is shown wherever the run is looked at. */
function failureWords({ status, code, message }: CallFailure): string {
  if (status !== null) return status < 300 ? `HTTP ${status} without a whole answer (${code})` : `HTTP ${status} (${code})`;
  return code === 'E_CALL_UNEXPECTED' ? `an unexpected fault (${code})` : message;
}

/** Only a limit says how much may be sent. A provider without room, or money that comes back, says when. */
function whatRanOut(refusal: Refusal | null): { what: RefusedFor; quota: boolean; teaches: boolean } {
  if (refusal?.kind !== 'rate') return { what: null, quota: false, teaches: false };
  const { of } = refusal;
  return { what: of === 'day' ? null : of, quota: of === 'day', teaches: true };
}

export function refusalKind(counts: boolean, decision: RetryDecision): 'failed' | 'limited' | 'refused' {
  if (counts) return 'failed';
  return decision.kind === 'stop-run' ? 'refused' : 'limited';
}
