/**
 * The failure table: what a refusal of a provider means. Rules are tried from the top, the first that fits decides.
 * From the providers' error references and reports of their users, November 2026; the end of the table is the general rule.
 */

import type { FailureClass, Refusal } from '../../core/call-failure.js';
import type { ErrorFacts } from './error-facts.js';
import type { Family } from './family.js';

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

/** A refusal as the table sees it. */
export interface Refused {
  family: Family;
  /** HTTP status, or the one named in the body of a 200. */
  status: number;
  facts: ErrorFacts;
  /** True when headers or body named a wait. */
  hasWait: boolean;
}

export interface Verdict {
  class: FailureClass;
  code: CallCode;
  /** @default that of the code */
  refusal?: Refusal | null;
}

/** What codes say of why; those of calls that were not refused are not listed. */
const REFUSAL_OF: Partial<Record<CallCode, Refusal>> = {
  E_CONCURRENCY_LIMITED: { kind: 'rate', of: 'concurrency' },
  E_QUOTA_DAILY: { kind: 'rate', of: 'day' },
  E_OVERLOADED: { kind: 'overload' },
  E_KEY_FORMAT: { kind: 'key' },
  E_KEY_REFUSED: { kind: 'key' },
  E_PERMISSION: { kind: 'permission' },
  E_MODEL_UNKNOWN: { kind: 'request', of: 'model' },
  E_ENDPOINT: { kind: 'request', of: 'address' },
  E_MODEL_PARAM: { kind: 'request', of: null },
  E_REQUEST_REFUSED: { kind: 'request', of: null },
  E_ROW_TOO_LONG: { kind: 'row' },
  E_ROW_TOO_BIG: { kind: 'row' },
  E_ROW_OVER_LIMIT: { kind: 'row' },
  E_ROW_FILTERED: { kind: 'row' },
  E_ROW_REFUSED: { kind: 'row' },
};

/** Providers name what ran out in their text: `Limit: 30000 TPM`, `tokens per min (TPM)`, `GenerateRequestsPerMinute`. */
const TOKENS_RAN_OUT = /\btpm\b|\btokens? per min|tokens?perminute/;
const REQUESTS_RAN_OUT = /\brpm\b|\brequests? per min|requests?perminute/;
/** A limit on spending that somebody set, beside money that was paid in and is used up. */
const SPEND_LIMIT = /spend(?:ing)?[ _-]?(?:limit|cap)|usage[ _-]?limit|hard_limit|monthly limit|key limit|limit exceeded/;

/** Why it was refused; null for what is no refusal. */
function refusalOf({ code }: Verdict, { text }: ErrorFacts): Refusal | null {
  if (code === 'E_RATE_LIMITED') {
    if (TOKENS_RAN_OUT.test(text)) return { kind: 'rate', of: 'tokens' };
    return { kind: 'rate', of: REQUESTS_RAN_OUT.test(text) ? 'requests' : null };
  }
  if (code === 'E_BILLING') return { kind: 'money', of: SPEND_LIMIT.test(text) ? 'limit' : 'prepaid' };
  return REFUSAL_OF[code] ?? null;
}

/** Money that comes back in a moment: what calls in flight hold, or what was spent in the last minutes. */
const MONEY_WINDOW: Pick<Verdict, 'class' | 'code' | 'refusal'> = {
  class: 'rate',
  code: 'E_RATE_LIMITED',
  refusal: { kind: 'money', of: 'window' },
};

interface Rule extends Verdict {
  /** Statuses, or a test of the status. */
  on: readonly number[] | ((status: number) => boolean);
  family?: readonly Family[];
  /** Words of the provider (any of them). */
  words?: RegExp;
  /** Searched in the lower-case text. */
  text?: RegExp;
  param?: RegExp;
  shape?: readonly ErrorFacts['shape'][];
  hasWait?: boolean;
}

const CLIENT_ERROR = (status: number) => status >= 400 && status < 500;
const TOO_LONG =
  /maximum context|context[ _-]?(?:length|window|size)|max_model_len|too many tokens|prompt is too long|prompt too long|input token count|reduce the length|input is too long|tokens? (?:limit|count) exceeded|max_new_tokens. must be/;
const FILTERED =
  /content[ _](?:filter|policy|management)|content exists risk|moderation|flagged|safety (?:system|policy)|responsible ai/;

const RULES: readonly Rule[] = [
  // Money. OpenAI has four codes for it under 429; the type may still say insufficient_quota.
  {
    on: CLIENT_ERROR,
    words:
      /^(?:credit_balance_exhausted|organization_usage_limit_exceeded|organization_spend_limit_exceeded|project_spend_limit_exceeded|insufficient_quota|billing_hard_limit_reached|billing_not_active|insufficient_balance|enforced_spend_limit_reached|billing_error)$/,
    class: 'billing',
    code: 'E_BILLING',
  },
  { on: [429], family: ['anthropic'], text: /spend limit/, class: 'billing', code: 'E_BILLING' },
  {
    on: [400],
    family: ['anthropic'],
    text: /api usage limits|credit balance is too low|spend limit/,
    class: 'billing',
    code: 'E_BILLING',
  },
  // The same words from hosts that are not known, and from gateways in front of known ones.
  {
    on: [400, 403, 429],
    shape: ['json'],
    text: /credit balance is too low|insufficient (?:account )?(?:balance|credits?|funds)|(?:out of|not enough) credits?\b/,
    class: 'billing',
    code: 'E_BILLING',
  },
  // Its limit on money is one of ten minutes: it passes.
  { on: [429], family: ['gemini'], text: /spend\w*[^.]{0,60}(?:10|ten)[ -]?min/, ...MONEY_WINDOW },
  // Gemini's "check your plan and billing details" stands under every 429 and means nothing; these do.
  { on: [429], family: ['gemini'], text: /credits are depleted|spending cap/, class: 'billing', code: 'E_BILLING' },
  { on: [429], family: ['mistral'], text: /spend(?:ing)? limit|monthly limit|billing/, class: 'billing', code: 'E_BILLING' },
  // OpenRouter's 402 for money reserved by calls in flight goes away by itself; `weight_exceeds_budget` does not.
  { on: [402], family: ['openrouter'], text: /weight_exceeds_budget/, class: 'billing', code: 'E_BILLING' },
  { on: [402], family: ['openrouter'], text: /in_flight_budget/, ...MONEY_WINDOW },
  { on: [402], family: ['openrouter'], hasWait: true, ...MONEY_WINDOW },
  { on: [402], class: 'billing', code: 'E_BILLING' },
  { on: [403], family: ['openrouter'], text: /key limit|limit exceeded/, class: 'billing', code: 'E_BILLING' },

  // Quotas that come back at a named hour.
  { on: [429], family: ['gemini'], text: /perday|per day/, class: 'reset', code: 'E_QUOTA_DAILY' },
  { on: [429], family: ['groq'], text: /per day|\((?:rpd|tpd)\)/, class: 'reset', code: 'E_QUOTA_DAILY' },
  { on: [429], family: ['openrouter'], text: /per-day|per day/, class: 'reset', code: 'E_QUOTA_DAILY' },
  // OpenAI's limits per day (RPD and TPD of platform.openai.com/docs/guides/rate-limits; the text as in community.openai.com/t/1201052) are
  // of a moving day: the text names when the next call fits. Seconds are a pace to be found, like that of a minute. Of xAI and Together limits
  // per second and minute alone are documented, of Mistral's per month no text or header is.
  {
    on: [429],
    family: ['openai'],
    text: /(?:requests|tokens) per day.*try again in \d+[hm](?!s)/s,
    class: 'reset',
    code: 'E_QUOTA_DAILY',
  },

  // Limits. DeepSeek limits calls at once, not per minute: fewer, not later.
  { on: [429], family: ['deepseek'], class: 'overload', code: 'E_CONCURRENCY_LIMITED' },
  { on: [429], class: 'rate', code: 'E_RATE_LIMITED' },
  // Prompt plus output limit above the whole minute's budget: no wait helps.
  { on: [413], family: ['groq'], words: /^rate_limit_exceeded$/, class: 'row', code: 'E_ROW_OVER_LIMIT' },

  // The key. Gemini says it with 400.
  { on: [401, 407], class: 'key', code: 'E_KEY_REFUSED' },
  {
    on: [400],
    family: ['gemini'],
    text: /api_key_invalid|api key not valid|api key expired/,
    class: 'key',
    code: 'E_KEY_REFUSED',
  },
  { on: [400], family: ['gemini'], text: /user location is not supported/, class: 'key', code: 'E_PERMISSION' },

  // The row.
  { on: [400, 403, 413, 422], text: TOO_LONG, class: 'row', code: 'E_ROW_TOO_LONG' },
  { on: [403], family: ['openrouter'], class: 'row', code: 'E_ROW_FILTERED' },
  { on: [400, 403, 422, 451], shape: ['json'], text: FILTERED, class: 'row', code: 'E_ROW_FILTERED' },
  // A page instead of an API error: a firewall or proxy on the way, perhaps for a moment.
  { on: [400, 403], shape: ['html'], class: 'transport', code: 'E_CALL_BODY' },
  { on: [403], class: 'key', code: 'E_PERMISSION' },
  { on: [413], class: 'row', code: 'E_ROW_TOO_BIG' },

  // The request: wrong for every row alike.
  { on: [400, 422], words: /^(?:model_not_found|invalid_model|model_not_supported)$/, class: 'request', code: 'E_MODEL_UNKNOWN' },
  { on: [404, 410], text: /model/, class: 'request', code: 'E_MODEL_UNKNOWN' },
  { on: [404, 405, 410], class: 'request', code: 'E_ENDPOINT' },
  // Named as the provider's own field for it, it is what we send. In a sentence it may stand beside what one row has alone.
  {
    on: [400, 422],
    param: /^(?:temperature|top_p|max_tokens|max_completion_tokens)$/,
    class: 'request',
    code: 'E_MODEL_PARAM',
    refusal: { kind: 'request', of: 'field' },
  },
  { on: [400], text: /(?:temperature|top_p|max_tokens|max_completion_tokens)\b/, class: 'request', code: 'E_MODEL_PARAM' },
  { on: [400], class: 'request', code: 'E_REQUEST_REFUSED' },
  { on: [422], class: 'row', code: 'E_ROW_REFUSED' },
  // Not followed: the key must not go to another address.
  { on: (status) => status >= 300 && status < 400, class: 'request', code: 'E_ENDPOINT' },

  // Passing faults. 498: no capacity on Groq's flex tier. 529: Anthropic overloaded.
  { on: [408, 409, 425, 499], class: 'transport', code: 'E_PROVIDER_ERROR' },
  { on: [498, 503, 529], class: 'overload', code: 'E_OVERLOADED' },
  { on: (status) => status >= 500, class: 'transport', code: 'E_PROVIDER_ERROR' },

  // The general rule.
  { on: CLIENT_ERROR, shape: ['html'], class: 'transport', code: 'E_CALL_BODY' },
  { on: CLIENT_ERROR, class: 'row', code: 'E_ROW_REFUSED' },
];

function fits(rule: Rule, refused: Refused): boolean {
  const { status, family, facts, hasWait } = refused;
  if (!(typeof rule.on === 'function' ? rule.on(status) : rule.on.includes(status))) return false;
  if (rule.family && !rule.family.includes(family)) return false;
  if (rule.shape && !rule.shape.includes(facts.shape)) return false;
  if (rule.hasWait !== undefined && rule.hasWait !== hasWait) return false;
  if (rule.words && !facts.words.some((word) => rule.words?.test(word))) return false;
  if (rule.param && !rule.param.test(facts.param)) return false;
  return !rule.text || rule.text.test(facts.text);
}

/** Class, code and kind of a refusal. Statuses below 300 that hold no answer, and statuses that do not exist, are unreadable answers. */
export function verdictOf(refused: Refused): Verdict {
  const rule = RULES.find((candidate) => fits(candidate, refused));
  if (!rule) return { class: 'transport', code: 'E_CALL_BODY', refusal: null };
  return { class: rule.class, code: rule.code, refusal: rule.refusal ?? refusalOf(rule, refused.facts) };
}
