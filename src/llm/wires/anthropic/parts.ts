/** Parts of an answer made of the blocks of a message, each with what goes back with it. */
import type { AnswerPart, ProviderData } from '../../../core/conversation/message.js';
import { type Fields, fieldsOf, textOf } from '../../../core/fields.js';

/** Under which name parts of this wire keep what they need back, and the package looks for it. */
export const NAME = 'anthropic';

/** Searches that the provider runs within an answer. Call and result go back, the pages encrypted, so that the model knows what it has read. */
const SEARCH = 'web_search';

type Caller = Record<string, unknown>;

/** What goes back with a part; nothing for one that needs nothing. */
function kept(data: Record<string, unknown>): { providerData?: ProviderData } {
  return Object.keys(data).length === 0 ? {} : { providerData: { [NAME]: data } };
}

/** Who called a tool, where a tool of the provider did; as the package takes it back. */
function callerOf({ caller }: Fields): Record<string, unknown> {
  const { type, tool_id: toolId } = fieldsOf(caller);
  return typeof type !== 'string' ? {} : { caller: { type, ...(typeof toolId === 'string' ? { toolId } : {}) } };
}

/** Arguments are an object; pieces of a stream that was cut may leave a text. */
function argumentsOf(input: unknown): string {
  if (typeof input === 'string') return input;
  return JSON.stringify(input ?? {});
}

/**
 * The part of a block; null for one that says nothing, or that nobody here asks for (its kind is not known). Thoughts go back unchanged with
 * their signature, also without a text: the API proves them by it. Without one it would refuse them, so those stay behind.
 */
export function partOf(block: Fields, at: number): AnswerPart | null {
  switch (block['type']) {
    case 'text': {
      const text = textOf(block['text']);
      const { citations } = block;
      return text === ''
        ? null
        : { type: 'text', text, ...kept(Array.isArray(citations) && citations.length > 0 ? { citations } : {}) };
    }
    case 'thinking': {
      const [text, signature] = [textOf(block['thinking']), textOf(block['signature'])];
      if (signature !== '') return { type: 'reasoning', text, ...kept({ signature }) };
      return text === '' ? null : { type: 'reasoning', text };
    }
    case 'redacted_thinking':
      return typeof block['data'] === 'string' ? { type: 'reasoning', text: '', ...kept({ redactedData: block['data'] }) } : null;
    case 'tool_use': {
      const id = textOf(block['id']) || `call_${at + 1}`;
      return { type: 'tool-call', id, name: textOf(block['name']), input: argumentsOf(block['input']), ...kept(callerOf(block)) };
    }
    case 'server_tool_use':
      return searchCall(block, argumentsOf(block['input']), callerOf(block));
    case 'web_search_tool_result':
      return searchResult(block, callerOf(block));
    default:
      return null;
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Null for a tool that nobody here can ask for: its results would not go back either. */
function searchCall({ id, name }: Fields, input: string, caller: Caller): AnswerPart | null {
  if (name !== SEARCH || typeof id !== 'string') return null;
  return { type: 'tool-call', id, name: SEARCH, input, byProvider: true, providerData: { [NAME]: caller } };
}

/** A search that failed has an object in place of a list (`web_search_tool_result_error`). */
function searchResult({ tool_use_id: id, content }: Fields, caller: Caller): AnswerPart | null {
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
