/**
 * The failure table: what a refusal of a provider means. Rules are tried from the top, the first that fits decides; the end of the table is
 * the general rule. The sentences that it looks for are in wordings.ts.
 */

import type { FailureClass, Refusal } from '../../core/call-failure.js';
import type { ErrorFacts } from './error-facts.js';
import type { Family } from './family.js';
import * as say from './wordings.js';

/** Codes of failed calls. */
export type CallCode =
  | 'E_RATE_LIMITED'
  | 'E_CONCURRENCY_LIMITED'
  | 'E_OVERLOADED'
  | 'E_QUOTA_DAILY'
  | 'E_BILLING'
  | 'E_KEY_FORMAT'
  | 'E_KEY_REFUSED'
  | 'E_PERMISSION'
  | 'E_ROW_TOO_LONG'
  | 'E_ROW_TOO_BIG'
  | 'E_ROW_OVER_LIMIT'
  | 'E_ROW_FILTERED'
  | 'E_ROW_REFUSED'
  | 'E_ROW_SCHEMA'
  | 'E_MODEL_UNKNOWN'
  | 'E_MODEL_PARAM'
  | 'E_ENDPOINT'
  | 'E_REQUEST_REFUSED'
  | 'E_PROVIDER_ERROR'
  | 'E_CALL_CONNECT'
  | 'E_TOO_MANY_FILES'
  | 'E_CALL_TIMEOUT'
  | 'E_CALL_RESET'
  | 'E_CALL_BODY'
  | 'E_CALL_EMPTY'
  | 'E_CANCELLED'
  | 'E_CALL_UNEXPECTED';

export interface Verdict {
  class: FailureClass;
  code: CallCode;
  /** @default that of the code */
  refusal?: Refusal | null;
}

export interface Rule extends Verdict {
  /** Statuses, or a test of the status. */
  on: readonly number[] | ((status: number) => boolean);
  family?: readonly Family[];
  /** Words of the provider (any of them). */
  words?: RegExp;
  /** Searched in the lower-case text. */
  text?: RegExp;
  /** It names a field that the request has. */
  field?: true;
  shape?: readonly ErrorFacts['shape'][];
  hasWait?: boolean;
}

/** Money that comes back in a moment: what calls in flight hold, or what was spent in the last minutes. */
const MONEY_WINDOW: Verdict = { class: 'rate', code: 'E_RATE_LIMITED', refusal: { kind: 'money', of: 'window' } };
const BILLING: Verdict = { class: 'billing', code: 'E_BILLING' };
const NO_MODEL: Verdict = { class: 'request', code: 'E_MODEL_UNKNOWN' };
const ADDRESS: Verdict = { class: 'request', code: 'E_ENDPOINT' };
const FIELD: Verdict = { class: 'request', code: 'E_MODEL_PARAM', refusal: { kind: 'request', of: 'field' } };
const QUOTA: Verdict = { class: 'reset', code: 'E_QUOTA_DAILY' };

const CLIENT_ERROR = (status: number) => status >= 400 && status < 500;
/** What an API or a gateway says; a page may hold any words. */
const SAID = ['json', 'text'] as const;

export const RULES: readonly Rule[] = [
  // Money that goes away by itself: OpenRouter's for calls in flight, Gemini's limit of ten minutes. `weight_exceeds_budget` does not.
  { on: [402], text: /weight_exceeds_budget/, ...BILLING },
  { on: [402, 429], text: say.IN_FLIGHT, ...MONEY_WINDOW },
  { on: [402], family: ['openrouter'], hasWait: true, ...MONEY_WINDOW },
  { on: [429], family: ['gemini'], text: /spend\w*[^.]{0,60}(?:10|ten)[ -]?min/, ...MONEY_WINDOW },
  // Money. OpenAI has four codes for it under 429; the type may still say insufficient_quota. MiniMax says it with 500.
  { on: CLIENT_ERROR, words: say.MONEY_WORDS, ...BILLING },
  { on: CLIENT_ERROR, shape: SAID, text: say.MONEY, ...BILLING },
  { on: [500], shape: ['json'], text: /insufficient balance/, ...BILLING },
  { on: [402], ...BILLING },
  { on: [429], family: ['anthropic'], text: /spend limit/, ...BILLING },
  { on: [400], family: ['anthropic'], text: /api usage limits/, ...BILLING },
  // Gemini's "check your plan and billing details" stands under every 429 and means nothing; these do.
  { on: [429], family: ['gemini'], text: /credits are depleted|spending cap/, ...BILLING },
  { on: [429], family: ['mistral'], text: /spend(?:ing)? limit|monthly limit|billing/, ...BILLING },
  { on: [403], family: ['openrouter'], text: /key limit|limit exceeded/, ...BILLING },

  // What no wait helps: more in one call than in a whole minute, and a model that Gemini's free tier has nothing of.
  { on: [413, 429], text: say.ABOVE_THE_MINUTE, class: 'row', code: 'E_ROW_OVER_LIMIT' },
  { on: [413], words: /^rate_limit_exceeded$/, class: 'row', code: 'E_ROW_OVER_LIMIT' },
  { on: [429], text: /long context requests/, class: 'row', code: 'E_ROW_TOO_LONG' },
  { on: [429], text: /free_tier_\w+, limit: 0\b/, class: 'key', code: 'E_PERMISSION' },

  // Quotas that come back at a named hour.
  { on: [429], words: /requestsperday|tokensper\w*perday/, ...QUOTA },
  { on: [429], family: ['gemini'], text: /perday|per day/, ...QUOTA },
  { on: [429], family: ['groq'], text: /per day|\((?:rpd|tpd)\)/, ...QUOTA },
  { on: [429], family: ['openrouter'], text: /per-day|per day/, ...QUOTA },
  { on: [429], text: /too many tokens per day/, ...QUOTA },
  // OpenAI's limits per day (RPD and TPD of platform.openai.com/docs/guides/rate-limits; the text as in community.openai.com/t/1201052) are
  // of a moving day: the text names when the next call fits. Seconds are a pace to be found, like that of a minute. Of xAI and Together limits
  // per second and minute alone are documented, of Mistral's per month no text or header is.
  { on: [429], family: ['openai'], text: /(?:requests|tokens) per day.*try again in \d+[hm](?!s)/s, ...QUOTA },

  // Limits. DeepSeek limits calls at once, not per minute: fewer, not later.
  { on: [429], text: say.NO_ROOM, class: 'overload', code: 'E_OVERLOADED' },
  { on: [429], family: ['deepseek'], class: 'overload', code: 'E_CONCURRENCY_LIMITED' },
  { on: [429], class: 'rate', code: 'E_RATE_LIMITED' },

  // The key. Gemini and xAI say it with 400, Gemini with 403, too.
  { on: [401, 407], class: 'key', code: 'E_KEY_REFUSED' },
  { on: [400, 403], shape: SAID, text: say.KEY, class: 'key', code: 'E_KEY_REFUSED' },
  { on: [400, 403], text: say.REGION, class: 'key', code: 'E_PERMISSION' },

  // Groq names the context window where it means its limit for answers.
  { on: [400], text: /the maximum value for \S+ is less than the .?context_window/, field: true, ...FIELD },
  // The row. llama.cpp says some of it with 500.
  { on: [400, 403, 413, 422], text: say.TOO_LONG, class: 'row', code: 'E_ROW_TOO_LONG' },
  { on: [500], shape: ['json'], text: /context size|exceed_context_size/, class: 'row', code: 'E_ROW_TOO_LONG' },
  { on: [400, 403, 422, 451], words: say.FILTERED_WORDS, class: 'row', code: 'E_ROW_FILTERED' },
  { on: [400, 403, 422, 451], shape: ['json'], text: say.FILTERED, class: 'row', code: 'E_ROW_FILTERED' },
  // A page instead of an API error: a firewall or proxy on the way, perhaps for a moment.
  { on: [400, 403], shape: ['html'], class: 'transport', code: 'E_CALL_BODY' },
  { on: [403], family: ['openrouter'], class: 'row', code: 'E_ROW_FILTERED' },
  { on: [403], class: 'key', code: 'E_PERMISSION' },
  { on: [413], class: 'row', code: 'E_ROW_TOO_BIG' },
  // Groq: the model wrote nothing that meets the schema of the call.
  { on: [400], words: /^json_validate_failed$/, class: 'row', code: 'E_ROW_SCHEMA', refusal: { kind: 'row' } },

  // The request: wrong for every row alike. A field first: a sentence about one may say that it is deprecated for this model.
  { on: [400, 422], field: true, ...FIELD },
  // An address that is none, whatever names are in it: another wire has the model's in its path.
  { on: [404, 405], words: /^unknown_url$/, ...ADDRESS },
  { on: [404, 405], text: /(?:unknown request|invalid) url|\bcannot post \/|no route matched/, ...ADDRESS },
  { on: [400, 404, 410, 422], words: say.MODEL_WORDS, ...NO_MODEL },
  { on: [400, 404, 410, 422], shape: SAID, text: say.NO_MODEL, ...NO_MODEL },
  { on: [404, 410], shape: SAID, text: /model/, ...NO_MODEL },
  { on: [404, 405, 410], ...ADDRESS },
  { on: [400], class: 'request', code: 'E_REQUEST_REFUSED' },
  { on: [422], class: 'row', code: 'E_ROW_REFUSED' },
  // Not followed: the key must not go to another address.
  { on: (status) => status >= 300 && status < 400, ...ADDRESS },

  // Passing faults. 498: no capacity on Groq's flex tier. 529: Anthropic overloaded, which it says with 500, too.
  { on: [408, 409, 424, 425, 499], class: 'transport', code: 'E_PROVIDER_ERROR' },
  { on: [498, 503, 529], class: 'overload', code: 'E_OVERLOADED' },
  { on: [500], shape: ['json'], text: /\boverloaded\b/, class: 'overload', code: 'E_OVERLOADED' },
  { on: (status) => status >= 500, class: 'transport', code: 'E_PROVIDER_ERROR' },

  // The general rule.
  { on: CLIENT_ERROR, shape: ['html'], class: 'transport', code: 'E_CALL_BODY' },
  { on: CLIENT_ERROR, class: 'row', code: 'E_ROW_REFUSED' },
];
