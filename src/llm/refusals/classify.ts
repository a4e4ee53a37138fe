/** From what came back instead of an answer to a CallFailure. Pure: the clock is given, messages are redacted. */

import type { CallFailure, RefusedField, Suspect } from '../../core/call-failure.js';
import type { EpochMs } from '../../core/model.js';
import { redact } from '../../core/redact.js';
import type { HttpAnswer } from '../transport/fetch.js';
import { readLimits } from '../transport/limit-headers.js';
import { type HeaderMap, retryAfterMs, serverNow } from '../transport/retry-after.js';
import { type ErrorFacts, factsOf, readError, whatCame, withoutPrompt } from './error-facts.js';
import { mayBeBilled, statusOfBody } from './error-status.js';
import type { Family } from './family.js';
import { isPacific, untilMidnight } from './quota-day.js';
import { withoutRepeated } from './quoted-prompt.js';
import { refusedField, type SentField, whatToChange } from './refused-field.js';
import type { Verdict } from './rules.js';
import { verdictOf } from './verdict.js';

/** What the endpoints of a wire answer with, for people: `chat completions`, `a completion`. */
export interface AnswerWords {
  many: string;
  one: string;
}

/** What a classification needs to know about the call. */
export interface CallFacts {
  family: Family;
  answers: AnswerWords;
  now: EpochMs;
  /** Values that must never show: the key. */
  secrets: readonly string[];
  /** The base URL: its host is named where no connection came about. Default: none is named. */
  address?: string;
  /** Fields of the request that keys of the task set. A refusal that names one of them stops the run. @default none */
  sentFields?: readonly SentField[];
  /** The texts of the request: what a provider repeats of them shows nowhere, and says nothing. @default none */
  asked?: readonly string[];
}

/** A refusal of what was asked that names neither a limit, nor the key, nor what one row has alone. */
function suspectOf({ code }: Verdict): Suspect | null {
  return code === 'E_REQUEST_REFUSED' || code === 'E_ROW_REFUSED' ? 'request' : null;
}

/** Groq and OpenAI say when a daily quota has room again; Gemini's hint beside a daily quota is that of the minute, so it is not used. */
function waitOf(verdict: Verdict, pacific: boolean, hinted: number | null, now: EpochMs): number | null {
  if (verdict.class === 'reset') return pacific ? untilMidnight(pacific, now) : (hinted ?? untilMidnight(pacific, now));
  return verdict.class === 'rate' || verdict.class === 'overload' || verdict.class === 'transport' ? hinted : null;
}

/** The provider's sentence, after our own where that helps more. */
function sentenceOf(verdict: Verdict, { status, facts, field }: ReadRefusal, answers: AnswerWords): string {
  const said = facts.message === '' ? 'no text' : facts.message;
  if (verdict.code === 'E_MODEL_PARAM' && field !== null) return `${whatToChange(field)}: ${said}`;
  if (status >= 300 && status < 400)
    return 'the address redirects, which is not followed; set worker_api_base to the final address';
  if (verdict.code === 'E_ENDPOINT') return `no ${answers.many} at this address, check worker_api_base: ${said}`;
  if (verdict.code !== 'E_ROW_OVER_LIMIT') return said;
  // Both numbers first, so that the cut never takes them.
  const limit = /limit:? (\d+)/i.exec(said)?.[1];
  const requested = /requested:? (\d+)/i.exec(said)?.[1];
  return limit && requested ? `limit ${limit} tokens per minute, requested ${requested}; lower worker_max_tokens: ${said}` : said;
}

/** A failure of this verdict. */
export function failure(verdict: Verdict, rest: Omit<CallFailure, 'ok' | 'class' | 'code'>): CallFailure {
  const { refusal = null } = verdict;
  return { ok: false, class: verdict.class, code: verdict.code, ...(refusal === null ? {} : { refusal }), ...rest };
}

/** What came back. `seen`: the status of the answer; `status`: that of the error, which another one may stand around. */
interface CameBack {
  status: number;
  seen: number;
  headers: HeaderMap;
  body: string;
  facts: ErrorFacts;
  billed: boolean;
}

/** The same, read: without the prompt, and with the field that it names. */
type ReadRefusal = CameBack & { field: RefusedField | null };

function refusalOf(call: CallFacts, came: CameBack): CallFailure {
  const { status, seen, headers, body, billed } = came;
  const { family, asked = [], sentFields = [] } = call;
  const facts = withoutPrompt(came.facts, asked);
  const hinted = retryAfterMs(headers, body, call.now);
  const field = refusedField(facts, sentFields);
  const verdict = verdictOf({ family, status, facts, hasWait: hinted !== null, field });
  const suspect = suspectOf(verdict);
  const prefix = seen === status ? `HTTP ${status}` : `HTTP ${seen}, error ${status} in the body`;
  return failure(verdict, {
    status: seen,
    message: redact(`${prefix}: ${sentenceOf(verdict, { ...came, facts, field }, call.answers)}`, call.secrets),
    retryAfterMs: waitOf(verdict, isPacific(family, facts), hinted, serverNow(headers, call.now)),
    mayHaveBeenBilled: billed,
    ...(suspect === null ? {} : { suspect }),
    ...(verdict.code === 'E_MODEL_PARAM' && { field }),
  });
}

/** Something else may live at this address. */
function atAddress({ answers }: CallFacts): Pick<CallFailure, 'suspect' | 'wanted'> {
  return { suspect: 'address', wanted: answers.many };
}

/** What came back over HTTP, and what the wire parsed of its body: undefined for nothing. */
type Came = Pick<HttpAnswer, 'status' | 'headers' | 'body'> & { value: unknown };

/** An answer of a status that is no success, or without a body. */
export function classifyRefusal(call: CallFacts, came: Came): CallFailure {
  const { status, headers, body, value } = came;
  const facts = readError(body, value);
  if (status >= 200 && status < 300) return classifyUnreadable(call, { ...came, cut: false });
  const refused = refusalOf(call, { status, seen: status, headers, body, facts, billed: mayBeBilled(status, facts) });
  return { ...refused, told: readLimits(headers, call.now) };
}

/**
 * An error inside a success (OpenRouter, Ollama): judged by the status or the word that it names, else as a fault of the provider.
 * `begun`: it stands within a choice, so work was done.
 */
export function classifyBodyError(call: CallFacts, seen: number, error: Record<string, unknown>, begun: boolean): CallFailure {
  const body = JSON.stringify(error);
  const facts = factsOf(error, body);
  const status = statusOfBody(facts);
  // The success was begun before the error: a 500 within it may be the end of work that is billed.
  if (status !== null) {
    const billed = begun || mayBeBilled(status, { ...facts, isOwn: false });
    return refusalOf(call, { status, seen, headers: {}, body, facts, billed });
  }
  return failure(
    { class: 'transport', code: 'E_PROVIDER_ERROR' },
    {
      status: seen,
      message: redact(`HTTP ${seen} with an error in the body: ${withoutPrompt(facts, call.asked ?? []).message}`, call.secrets),
      retryAfterMs: retryAfterMs({}, body, call.now),
      mayHaveBeenBilled: true,
      ...(begun ? {} : atAddress(call)),
    },
  );
}

/** A success whose body is no answer: a page, cut or broken JSON, nothing at all. It may have been paid for. */
export function classifyUnreadable(call: CallFacts, { status, body, value, cut }: Came & { cut: boolean }): CallFailure {
  const came = cut ? 'the answer was cut: an event stream that ends too early' : whatCame(body, value, call.answers.one);
  return failure(
    { class: 'transport', code: 'E_CALL_BODY' },
    {
      status,
      message: redact(`HTTP ${status}, ${withoutRepeated(came, call.asked ?? [])}`, call.secrets),
      retryAfterMs: null,
      mayHaveBeenBilled: true,
      ...(cut ? {} : atAddress(call)),
    },
  );
}

/** An answer without text, and without a reason for it. */
export function emptyAnswer(call: CallFacts, what: string): CallFailure {
  return failure(
    { class: 'transport', code: 'E_CALL_EMPTY' },
    { status: 200, message: redact(`HTTP 200, ${what}`, call.secrets), retryAfterMs: null, mayHaveBeenBilled: true },
  );
}
