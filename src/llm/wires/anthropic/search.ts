/**
 * Web searches that the provider runs within an answer: a call, and what it found. Both go back with the next request, the pages
 * encrypted, so that the model knows what it has read. In the shape that the package takes back.
 */
import type { AnswerPart } from '../../../core/conversation/message.js';
import { type Fields, fieldsOf } from '../../../core/fields.js';
import { NAME } from './names.js';

const SEARCH = 'web_search';

type Caller = Record<string, unknown>;

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Null for a tool that nobody here can ask for: its results would not go back either. */
export function searchCall({ id, name }: Fields, input: string, caller: Caller): AnswerPart | null {
  if (name !== SEARCH || typeof id !== 'string') return null;
  return { type: 'tool-call', id, name: SEARCH, input, byProvider: true, providerData: { [NAME]: caller } };
}

/** A search that failed has an object in place of a list (`web_search_tool_result_error`). */
export function searchResult({ tool_use_id: id, content }: Fields, caller: Caller): AnswerPart | null {
  if (typeof id !== 'string') return null;
  const part = { type: 'provider-result', id, name: SEARCH, providerData: { [NAME]: caller } } as const;
  if (Array.isArray(content)) return { ...part, result: content.map((found) => pageOf(fieldsOf(found))) };
  const errorCode = textOrNull(fieldsOf(content)['error_code']) ?? 'unavailable';
  return { ...part, result: { errorCode }, isError: true };
}

function pageOf({ url, title, page_age: pageAge, encrypted_content: encryptedContent }: Fields) {
  return {
    type: 'web_search_result',
    url: textOrNull(url) ?? '',
    title: textOrNull(title),
    pageAge: textOrNull(pageAge),
    encryptedContent: textOrNull(encryptedContent) ?? '',
  };
}
