/** What an error's words and status say beside the failure table: the status that it would have had, and whether it may be on the bill. */
import type { ErrorFacts } from './error-facts.js';
import { MONEY, MONEY_WORDS } from './wordings.js';

/** Statuses for the words of errors that come in the body of a 200. */
const STATUS_OF_WORD: readonly [RegExp, number][] = [
  [MONEY_WORDS, 402],
  [/^(?:rate_limit\w*|slow_down|resource_exhausted|too_many_requests|\w*(?:spend|usage)_limit\w*)$/, 429],
  [/^(?:overloaded\w*|server_is_overloaded|unavailable|service_unavailable)$/, 503],
  [/^(?:authentication_error|invalid_api_key|unauthenticated)$/, 401],
  [/^(?:permission_error|permission_denied)$/, 403],
  [/^(?:model_not_found|not_found_error|not_found)$/, 404],
  [/^request_too_large$/, 413],
  [/^(?:context_length_exceeded|invalid_request_error|invalid_argument|content_filter|invalid_prompt)$/, 400],
  [/^(?:server_error|api_error|internal)$/, 500],
];

/** Of an error in the body of a success; null when nothing tells. */
export function statusOfBody(facts: ErrorFacts): number | null {
  if (facts.status !== null) return facts.status;
  for (const [word, status] of STATUS_OF_WORD) if (facts.words.some((candidate) => word.test(candidate))) return status;
  return MONEY.test(facts.text) ? 402 : null;
}

/** Signs that the refusing server had handed the request on. */
const WAS_HANDED_ON =
  /reset before headers|disconnect|upstream (?:request timeout|error)|timed out|time-?out|connection (?:error|reset|closed)|bad gateway/;

/**
 * Sure refusals: 3xx, 4xx, the two ways to say "too busy", and a 500 with an error of the provider's own: it failed, and bills nothing.
 * Anything else may have been worked on: what a gateway or proxy says of a server behind it, and what nobody can read.
 */
export function mayBeBilled(status: number, facts: ErrorFacts): boolean {
  if (status >= 300 && status < 500) return false;
  if (status === 529) return false;
  if (status === 503) return WAS_HANDED_ON.test(facts.text);
  if (status === 500) return !facts.isOwn || WAS_HANDED_ON.test(facts.text);
  return true;
}
