/** What an error body says, whatever its shape: OpenAI's, Google's (also as a list), flat (Mistral, xAI), `detail` (FastAPI), AWS's, plain text. */
import { type Fields, fieldsOf, isFields } from '../../core/fields.js';
import { withoutRepeated } from './quoted-prompt.js';

export interface ErrorFacts {
  /** The provider's own codes and types, lower case: `error.code`, `error.type`, `error.status`, reasons in `error.details`. */
  words: readonly string[];
  /** An HTTP status named in the body (OpenRouter: `error.code: 429`). */
  status: number | null;
  /** Fields of the request that are named as such: `error.param`, Google's field violations, FastAPI's places. */
  params: readonly string[];
  /** The provider's sentence, or the start of a body that is no JSON. */
  message: string;
  /** Lower-case text to search: message and words. Not the body, which may quote the prompt. */
  text: string;
  /** `html` and `text` are not what an API answers: a proxy or a wrong address did. */
  shape: 'json' | 'html' | 'text' | 'empty';
  /** An `error` (or `errors`, or `object: error`) as APIs of models answer; a bare `message` is what gateways say, too. */
  isOwn: boolean;
}

/** Errors are short; a hostile body must not cost a long search. */
const SEARCHED = 8_192;

const listOf = (value: unknown): Fields[] => (Array.isArray(value) ? value.slice(0, 20).filter(isFields) : []);
const textsOf = (...values: unknown[]): string[] =>
  values.filter((value) => typeof value === 'string' && value !== '') as string[];

/** Words and reasons beside the error's own: Google's `details`, OpenRouter's `metadata`, Azure's `innererror`, AWS's `__type`. */
function furtherWords(error: Fields): string[] {
  const details = listOf(error['details']);
  const violations = details.flatMap((detail) => listOf(detail['violations']));
  const { error_type: errorType, reason, limit_source: source } = fieldsOf(error['metadata']);
  const aws = typeof error['__type'] === 'string' ? error['__type'].slice(error['__type'].lastIndexOf('#') + 1) : '';
  return textsOf(
    ...details.map((detail) => detail['reason']),
    ...violations.map(({ quotaId }) => quotaId),
    ...listOf(error['errors']).map((each) => each['reason']),
    fieldsOf(error['innererror'])['code'],
    ...[errorType, reason, source, aws],
  );
}

/** FastAPI's list of faults, wherever it stands. */
function faultsIn(error: Fields): Fields[] {
  const { detail, message } = error;
  const lists = [detail, fieldsOf(message)['detail'], message];
  return lists.map(listOf).find((list) => list.some((fault) => typeof fault['msg'] === 'string')) ?? [];
}

const placeOf = ({ loc }: Fields): string => (Array.isArray(loc) ? loc.join('.') : '');

/** A `param` is a name, a list of them, or at some gateways the sentence itself. */
function paramsOf(error: Fields): string[] {
  const google = listOf(error['details']).flatMap((detail) => listOf(detail['fieldViolations']).map(({ field }) => field));
  return [...textsOf(error['param'], ...google), ...faultsIn(error).map(placeOf)].filter((param) => param !== '');
}

/** Where and what, without `input`, which quotes the request. */
function faultText(error: Fields): string {
  const parts = faultsIn(error).slice(0, 5);
  return parts.map((fault) => `${placeOf(fault)}: ${String(fault['msg'])}`).join('; ');
}

function sentence(error: Fields): string {
  for (const key of ['message', 'msg', 'detail', 'error_description', 'error', 'title', 'Message']) {
    const value = error[key];
    if (typeof value === 'string' && value !== '') return value;
  }
  return faultText(error);
}

/** The JSON of an error that another one holds as its text: gateways hand on what a server behind them said. */
function inner(text: unknown): Fields | null {
  if (typeof text !== 'string' || !/^\s*[[{]/.test(text)) return null;
  try {
    const value: unknown = JSON.parse(text.slice(0, SEARCHED));
    const found = findError(value);
    return found !== null && sentence(found) !== '' ? found : null;
  } catch {
    return null;
  }
}

/** The error object within a parsed body; null when the body names no error. In an answer (`isAnswer`) a bare `message` is none. */
export function findError(body: unknown, isAnswer = false): Fields | null {
  const root: unknown = Array.isArray(body) ? body[0] : body;
  if (!isFields(root)) return null;
  const { error, base_resp: minimax } = root;
  if (isFields(error)) return error;
  if (typeof error === 'string' && error !== '') return { ...root, message: error };
  if (Array.isArray(root['errors']) && isFields(root['errors'][0])) return root['errors'][0];
  // MiniMax says in every answer how it went; 0 is well.
  if (isFields(minimax) && minimax['status_code'] !== 0 && 'status_code' in minimax)
    return { code: minimax['status_code'], message: minimax['status_msg'] };
  if (root['object'] === 'error' || 'detail' in root || (('message' in root || 'Message' in root) && !isAnswer)) return root;
  return null;
}

/** `value`: the body as parsed. Never throws; a body that is not understood gives its own start as the message. */
export function readError(body: string, value: unknown): ErrorFacts {
  const trimmed = body.slice(0, SEARCHED).trim();
  const nothing = { words: [], status: null, params: [], isOwn: false };
  if (trimmed === '') return { ...nothing, message: '', text: '', shape: 'empty' };
  const isPage = PAGE.test(trimmed);
  if (value === undefined || isPage) {
    const shape = isPage ? 'html' : 'text';
    return { ...nothing, message: titleOf(trimmed) ?? trimmed, text: trimmed.toLowerCase(), shape };
  }
  const error = findError(value);
  return { ...factsOf(error ?? {}, trimmed), isOwn: error !== null && isOwnError(value) };
}

const PAGE = /^(?:<!--[\s\S]{0,1000}?-->\s*)?<(?:!doctype|html|head|body|\?xml)/i;

/** Never cut here: half of a key could not be told from other text any more. */
function titleOf(page: string): string | null {
  return /<title[^>]{0,200}>\s*([^<]+)/i.exec(page)?.[1]?.trim() || null;
}

function isOwnError(body: unknown): boolean {
  const root: unknown = Array.isArray(body) ? body[0] : body;
  if (!isFields(root)) return false;
  const { error } = root;
  if (isFields(error)) return Object.keys(error).length > 0;
  return (typeof error === 'string' && error !== '') || root['object'] === 'error' || Array.isArray(root['errors']);
}

/** What stands in place of an answer, for people. `value`: the body as parsed; `wanted`: `a completion`. */
export function whatCame(body: string, value: unknown, wanted: string): string {
  const start = body.slice(0, SEARCHED).trim();
  if (start === '') return 'the body is empty';
  const title = titleOf(start);
  if (PAGE.test(start)) return `the body is not ${wanted} but a page${title === null ? '' : `: ${title}`}`;
  if (value !== undefined) return `the body is not ${wanted} but other JSON: ${start}`;
  return `the body is not ${wanted}: ${start}`;
}

function searched(message: string, words: readonly string[]): string {
  return `${message.slice(0, SEARCHED)}\n${words.join(' ')}`.toLowerCase();
}

/** Facts of an error object that was found inside a parsed body. */
export function factsOf(error: Fields, body: string): ErrorFacts {
  const handedOn = inner(error['message']) ?? inner(fieldsOf(error['metadata'])['raw']);
  const all = handedOn === null ? [error] : [handedOn, error];
  const named = all.flatMap(({ code, type, status, reason }) => [code, type, status, reason]);
  const words = [...textsOf(...named), ...all.flatMap(furtherWords)].map((word) => word.toLowerCase());
  const number = named.map(Number).find((value) => Number.isInteger(value) && value >= 400 && value <= 599);
  const own = handedOn !== null && inner(error['message']) !== null ? '' : sentence(error);
  const said = [own, handedOn === null ? '' : sentence(handedOn)].filter((part) => part !== '').join(': ');
  const message = said || (words.length > 0 ? words.join(' ') : body);
  const params = all.flatMap(paramsOf);
  return {
    words,
    status: number ?? null,
    params,
    message,
    // Where a gateway has put the sentence into `param`.
    text: searched([message, ...params.filter((param) => param.includes(' '))].join('\n'), words),
    shape: 'json',
    isOwn: Object.keys(error).length > 0,
  };
}

/** Without what the provider repeats of the request. `asked`: the texts of it. */
export function withoutPrompt(facts: ErrorFacts, asked: readonly string[]): ErrorFacts {
  if (asked.length === 0 || facts.message === '') return facts;
  const message = withoutRepeated(facts.message.slice(0, SEARCHED), asked);
  if (message === facts.message) return facts;
  const params = facts.params.map((param) => withoutRepeated(param, asked));
  return { ...facts, message, params, text: searched(message, facts.words) };
}
