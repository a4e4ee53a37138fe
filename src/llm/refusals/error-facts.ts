/** What an error body says, whatever its shape: OpenAI's, a list of them (Gemini), flat (Mistral), `detail` (FastAPI), plain text. */
import { type Fields, isFields } from '../../core/fields.js';

export interface ErrorFacts {
  /** The provider's own codes and types, lower case: `error.code`, `error.type`, `error.status`, reasons in `error.details`. */
  words: readonly string[];
  /** An HTTP status named in the body (OpenRouter: `error.code: 429`). */
  status: number | null;
  /** `error.param`, or ''. */
  param: string;
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

/** Words and reasons in Google's `details` and OpenRouter's `metadata`. */
function detailWords(error: Fields): string[] {
  const words: string[] = [];
  for (const detail of Array.isArray(error['details']) ? error['details'].slice(0, 20) : []) {
    if (!isFields(detail)) continue;
    if (typeof detail['reason'] === 'string') words.push(detail['reason']);
    for (const violation of Array.isArray(detail['violations']) ? detail['violations'].slice(0, 20) : []) {
      if (isFields(violation) && typeof violation['quotaId'] === 'string') words.push(violation['quotaId']);
    }
  }
  const metadata = error['metadata'];
  if (isFields(metadata)) {
    for (const key of ['error_type', 'reason', 'limit_source']) if (typeof metadata[key] === 'string') words.push(metadata[key]);
  }
  return words;
}

/** FastAPI's list of faults: where and what, without `input`, which quotes the request. */
function faults(detail: unknown): string {
  if (!Array.isArray(detail)) return '';
  const parts = detail.slice(0, 5).map((fault: unknown) => {
    if (!isFields(fault) || typeof fault['msg'] !== 'string') return '';
    return `${Array.isArray(fault['loc']) ? fault['loc'].join('.') : ''}: ${fault['msg']}`;
  });
  return parts.filter((part) => part !== '').join('; ');
}

function sentence(error: Fields): string {
  for (const key of ['message', 'msg', 'detail', 'error_description', 'error', 'title']) {
    const value = error[key];
    if (typeof value === 'string' && value !== '') return value;
  }
  const { detail, message } = error;
  return faults(detail) || faults(isFields(message) ? message['detail'] : message);
}

/** The error object within a parsed body; null when the body names no error. In an answer (`isAnswer`) a bare `message` is none. */
export function findError(body: unknown, isAnswer = false): Fields | null {
  const root: unknown = Array.isArray(body) ? body[0] : body;
  if (!isFields(root)) return null;
  const { error } = root;
  if (isFields(error)) return error;
  if (typeof error === 'string' && error !== '') return { ...root, message: error };
  if (Array.isArray(root['errors']) && isFields(root['errors'][0])) return root['errors'][0];
  if (root['object'] === 'error' || 'detail' in root || ('message' in root && !isAnswer)) return root;
  return null;
}

/** `value`: the body as parsed. Never throws; a body that is not understood gives its own start as the message. */
export function readError(body: string, value: unknown): ErrorFacts {
  const trimmed = body.slice(0, SEARCHED).trim();
  const nothing = { words: [], status: null, param: '', isOwn: false };
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

/** Facts of an error object that was found inside a parsed body. */
export function factsOf(error: Record<string, unknown>, body: string): ErrorFacts {
  const named = [error['code'], error['type'], error['status'], error['reason']];
  const words = [...named.filter((word) => typeof word === 'string'), ...detailWords(error)].map((word) => word.toLowerCase());
  const number = named.map(Number).find((value) => Number.isInteger(value) && value >= 400 && value <= 599);
  const message = sentence(error) || (words.length > 0 ? words.join(' ') : body);
  return {
    words,
    status: number ?? null,
    param: typeof error['param'] === 'string' ? error['param'] : '',
    message,
    text: `${message.slice(0, SEARCHED)}\n${words.join(' ')}`.toLowerCase(),
    shape: 'json',
    isOwn: Object.keys(error).length > 0,
  };
}
