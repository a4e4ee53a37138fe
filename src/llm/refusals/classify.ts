/** From what came back instead of an answer to a CallFailure. Pure: the clock is given, messages are redacted. */

import type { CallFailure, Suspect } from '../../core/call-failure.js';
import type { EpochMs } from '../../core/model.js';
import { redact } from '../../core/redact.js';
import type { HttpAnswer } from '../transport/fetch.js';
import { readLimits } from '../transport/limit-headers.js';
import { type HeaderMap, retryAfterMs, serverNow } from '../transport/retry-after.js';
import type { FaultKind, TransportFault } from '../transport/wire-request.js';
import { type ErrorFacts, factsOf, readError, whatCame } from './error-facts.js';
import type { Family } from './family.js';
import { noConnection } from './fault-words.js';
import { type CallCode, type Verdict, verdictOf } from './rules.js';

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
}

/** Statuses for the words of errors that come in the body of a 200. */
const STATUS_OF_WORD: readonly [RegExp, number][] = [
  [
    /^(?:rate_limit\w*|slow_down|resource_exhausted|too_many_requests|insufficient_quota|\w*(?:spend|usage)_limit\w*|credit_balance_exhausted)$/,
    429,
  ],
  [/^(?:overloaded\w*|server_is_overloaded|unavailable|service_unavailable)$/, 503],
  [/^(?:authentication_error|invalid_api_key|unauthenticated)$/, 401],
  [/^(?:permission_error|permission_denied)$/, 403],
  [/^(?:model_not_found|not_found_error|not_found)$/, 404],
  [/^(?:context_length_exceeded|invalid_request_error|invalid_argument|content_filter)$/, 400],
];

function statusOfBody(facts: ErrorFacts): number | null {
  if (facts.status !== null) return facts.status;
  for (const [word, status] of STATUS_OF_WORD) if (facts.words.some((candidate) => word.test(candidate))) return status;
  return null;
}

/** Signs that the refusing server had handed the request on. */
const WAS_HANDED_ON =
  /reset before headers|disconnect|upstream (?:request timeout|error)|timed out|time-?out|connection (?:error|reset|closed)|bad gateway/;

/**
 * Sure refusals: 3xx, 4xx, the two ways to say "too busy", and a 500 with an error of the provider's own: it failed, and bills nothing.
 * Anything else may have been worked on: what a gateway or proxy says of a server behind it, and what nobody can read.
 */
function mayBeBilled(status: number, facts: ErrorFacts): boolean {
  if (status >= 300 && status < 500) return false;
  if (status === 529) return false;
  if (status === 503) return WAS_HANDED_ON.test(facts.text);
  if (status === 500) return !facts.isOwn || WAS_HANDED_ON.test(facts.text);
  return true;
}

/** A refusal of what was asked that names neither a limit, nor the key, nor what one row has alone. */
function suspectOf({ code }: Verdict): Suspect | null {
  return code === 'E_REQUEST_REFUSED' || code === 'E_ROW_REFUSED' ? 'request' : null;
}

/** Gemini counts days in Pacific time, OpenRouter in UTC. */
function untilMidnight(family: Family, now: EpochMs): number {
  const timeZone = family === 'gemini' ? 'America/Los_Angeles' : 'UTC';
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    hourCycle: 'h23',
  });
  const part = (type: string) => Number(format.formatToParts(now).find((piece) => piece.type === type)?.value ?? 0);
  const passed = ((part('hour') * 60 + part('minute')) * 60 + part('second')) * 1000;
  // On the two days of the year with 23 or 25 hours this is an hour off; the next 429 corrects it.
  return 86_400_000 - passed;
}

/** Groq and OpenAI say when a daily quota has room again; Gemini's hint beside a daily quota is that of the minute, so it is not used. */
function waitOf(verdict: Verdict, family: Family, hinted: number | null, now: EpochMs): number | null {
  if (verdict.class === 'reset') return family === 'gemini' ? untilMidnight(family, now) : (hinted ?? untilMidnight(family, now));
  return verdict.class === 'rate' || verdict.class === 'overload' || verdict.class === 'transport' ? hinted : null;
}

/** The provider's sentence, after our own where that helps more. */
function sentenceOf(verdict: Verdict, status: number, facts: ErrorFacts, answers: AnswerWords): string {
  const said = facts.message === '' ? 'no text' : facts.message;
  if (status >= 300 && status < 400)
    return 'the address redirects, which is not followed; set worker_api_base to the final address';
  if (verdict.code === 'E_ENDPOINT') return `no ${answers.many} at this address, check worker_api_base: ${said}`;
  if (verdict.code !== 'E_ROW_OVER_LIMIT') return said;
  // Both numbers first, so that the cut never takes them.
  const limit = /limit:? (\d+)/i.exec(said)?.[1];
  const requested = /requested:? (\d+)/i.exec(said)?.[1];
  return limit && requested ? `limit ${limit} tokens per minute, requested ${requested}; lower worker_max_tokens: ${said}` : said;
}

function failure(verdict: Verdict, rest: Omit<CallFailure, 'ok' | 'class' | 'code'>): CallFailure {
  const { refusal = null } = verdict;
  return { ok: false, class: verdict.class, code: verdict.code, ...(refusal === null ? {} : { refusal }), ...rest };
}

/** What came back, read. `seen`: the status of the answer; `status`: that of the error, which another one may stand around. */
interface ReadRefusal {
  status: number;
  seen: number;
  headers: HeaderMap;
  body: string;
  facts: ErrorFacts;
  billed: boolean;
}

function refusalOf(call: CallFacts, { status, seen, headers, body, facts, billed }: ReadRefusal): CallFailure {
  const hinted = retryAfterMs(headers, body, call.now);
  const verdict = verdictOf({ family: call.family, status, facts, hasWait: hinted !== null });
  const suspect = suspectOf(verdict);
  const prefix = seen === status ? `HTTP ${status}` : `HTTP ${seen}, error ${status} in the body`;
  return failure(verdict, {
    status: seen,
    message: redact(`${prefix}: ${sentenceOf(verdict, status, facts, call.answers)}`, call.secrets),
    retryAfterMs: waitOf(verdict, call.family, hinted, serverNow(headers, call.now)),
    mayHaveBeenBilled: billed,
    ...(suspect === null ? {} : { suspect }),
  });
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
      message: redact(`HTTP ${seen} with an error in the body: ${facts.message}`, call.secrets),
      retryAfterMs: retryAfterMs({}, body, call.now),
      mayHaveBeenBilled: true,
      ...(begun ? {} : { suspect: 'address' }),
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
      message: redact(`HTTP ${status}, ${came}`, call.secrets),
      retryAfterMs: null,
      mayHaveBeenBilled: true,
      ...(cut ? {} : { suspect: 'address' }),
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

const FAULTS: Readonly<Record<FaultKind, Verdict & { text: string }>> = {
  connect: { class: 'transport', code: 'E_CALL_CONNECT', text: 'no connection' },
  timeout: { class: 'transport', code: 'E_CALL_TIMEOUT', text: 'no whole answer within the deadline' },
  abort: { class: 'cancelled', code: 'E_CANCELLED', text: 'the call was cancelled' },
  reset: { class: 'transport', code: 'E_CALL_RESET', text: 'the connection ended before an answer' },
  cut: { class: 'transport', code: 'E_CALL_BODY', text: 'the answer was cut' },
  'too-big': { class: 'transport', code: 'E_CALL_BODY', text: 'the answer is larger than 32 MiB' },
};

/** Reasons of `connect` for which no second try can help: the request itself cannot be built. */
const UNBUILDABLE: ReadonlySet<string> = new Set<string>(['UND_ERR_INVALID_ARG', 'ERR_INVALID_URL', 'UND_ERR_NOT_SUPPORTED']);

/** The process, or the machine, has no descriptor left for a connection: the provider has no part in it. */
const NO_DESCRIPTOR: ReadonlySet<string> = new Set<string>(['EMFILE', 'ENFILE']);

/** The transport gave up. A cut refusal is judged by its status, which says more than the cut. */
export function classifyFault(
  call: CallFacts,
  fault: Pick<TransportFault, 'kind' | 'sent' | 'reason' | 'status' | 'headers'> & { proxy?: string | null },
): CallFailure {
  const { kind, sent, reason, status, headers } = fault;
  if ((kind === 'cut' || kind === 'too-big') && status !== null && status >= 300) {
    return classifyRefusal(call, { status, headers, body: '', value: undefined });
  }
  const { text, ...verdict } = FAULTS[kind];
  const said =
    kind === 'connect'
      ? noConnection(call.address, reason, fault.proxy ?? null)
      : `${text}${reason === '' ? '' : ` (${reason})`}`;
  const message = redact(said, call.secrets);
  const rest = { status, message, retryAfterMs: null, mayHaveBeenBilled: sent };
  if (kind === 'connect' && NO_DESCRIPTOR.has(reason)) {
    const found = `no file descriptor is free for a connection (${reason}): raise the limit of open files (ulimit -n), or lower workers`;
    return failure({ class: 'local', code: 'E_TOO_MANY_FILES' }, { ...rest, message: found });
  }
  if (kind === 'connect' && UNBUILDABLE.has(reason))
    return failure({ class: 'request', code: 'E_REQUEST_REFUSED', refusal: { kind: 'request', of: null } }, rest);
  return failure(verdict, rest);
}

/** A fault of ours or of a library after which nothing is known. */
export function classifyUnexpected(call: CallFacts, error: unknown): CallFailure {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown';
  const code: CallCode = 'E_CALL_UNEXPECTED';
  return failure(
    { class: 'transport', code },
    { status: null, message: redact(text, call.secrets), retryAfterMs: null, mayHaveBeenBilled: true },
  );
}
