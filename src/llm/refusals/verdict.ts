/** Class, code and kind of a refusal, by the failure table. */
import type { Refusal, RefusedField } from '../../core/call-failure.js';
import type { ErrorFacts } from './error-facts.js';
import type { Family } from './family.js';
import { type CallCode, RULES, type Rule, type Verdict } from './rules.js';
import { CONCURRENCY_RAN_OUT, REQUESTS_RAN_OUT, SPEND_LIMIT, TOKENS_RAN_OUT } from './wordings.js';

/** A refusal as the table sees it. */
export interface Refused {
  family: Family;
  /** HTTP status, or the one named in the body of a 200. */
  status: number;
  facts: ErrorFacts;
  /** True when headers or body named a wait. */
  hasWait: boolean;
  /** The field of the request that it names. @default null */
  field?: RefusedField | null;
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
  E_REQUEST_REFUSED: { kind: 'request', of: null },
  E_ROW_TOO_LONG: { kind: 'row' },
  E_ROW_TOO_BIG: { kind: 'row' },
  E_ROW_OVER_LIMIT: { kind: 'row' },
  E_ROW_FILTERED: { kind: 'row' },
  E_ROW_REFUSED: { kind: 'row' },
};

/** Why it was refused; null for what is no refusal. */
function refusalOf({ code }: Verdict, { text, message }: ErrorFacts): Refusal | null {
  if (code === 'E_RATE_LIMITED') {
    if (CONCURRENCY_RAN_OUT.test(message.toLowerCase())) return { kind: 'rate', of: 'concurrency' };
    if (TOKENS_RAN_OUT.test(text)) return { kind: 'rate', of: 'tokens' };
    return { kind: 'rate', of: REQUESTS_RAN_OUT.test(text) ? 'requests' : null };
  }
  if (code === 'E_BILLING') return { kind: 'money', of: SPEND_LIMIT.test(text) ? 'limit' : 'prepaid' };
  return REFUSAL_OF[code] ?? null;
}

function fits(rule: Rule, { status, family, facts, hasWait, field = null }: Refused): boolean {
  if (!(typeof rule.on === 'function' ? rule.on(status) : rule.on.includes(status))) return false;
  if (rule.family && !rule.family.includes(family)) return false;
  if (rule.shape && !rule.shape.includes(facts.shape)) return false;
  if (rule.hasWait !== undefined && rule.hasWait !== hasWait) return false;
  if (rule.field && field === null) return false;
  if (rule.words && !facts.words.some((word) => rule.words?.test(word))) return false;
  return !rule.text || rule.text.test(facts.text);
}

/** Statuses below 300 that hold no answer, and statuses that do not exist, are unreadable answers. */
export function verdictOf(refused: Refused): Verdict {
  const rule = RULES.find((candidate) => fits(candidate, refused));
  if (!rule) return { class: 'transport', code: 'E_CALL_BODY', refusal: null };
  return { class: rule.class, code: rule.code, refusal: rule.refusal ?? refusalOf(rule, refused.facts) };
}
