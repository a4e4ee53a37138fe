/** Reads a message leniently: an answer that is paid for is not lost for an odd field. Never throws. */
import { type Answer, type AnswerPart, answerOf, type ProviderData } from '../../../core/conversation/message.js';
import { type Fields, fieldsOf } from '../../../core/fields.js';
import { findError } from '../../refusals/error-facts.js';
import { NAME } from './names.js';
import { searchCall, searchResult } from './search.js';

export interface LooseMessage {
  /** False when the body is no message: it has no content, not even an empty one. */
  isMessage: boolean;
  answer: Answer;
  hasToolCalls: boolean;
  /** `stop_reason` as it came; null when there is none. */
  rawFinish: string | null;
  model: string | null;
  id: string | null;
  error: Fields | null;
  /** The token counts, as they came; see usage.ts. */
  usage: unknown;
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

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
function partOf(block: Fields, at: number): AnswerPart | null {
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

/** Blocks; a text alone, which some servers send, is one of them. */
function blocksOf(content: unknown): Fields[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return Array.isArray(content) ? content.map(fieldsOf) : [];
}

export function isMessage(value: unknown): boolean {
  const { content, type, role } = fieldsOf(value);
  return Array.isArray(content) || (typeof content === 'string' && (type === 'message' || role === 'assistant'));
}

export function readMessage(body: unknown): LooseMessage {
  const root = fieldsOf(body);
  const parts = blocksOf(root['content']).flatMap((block, at) => partOf(block, at) ?? []);
  return {
    isMessage: isMessage(body),
    answer: answerOf(parts),
    hasToolCalls: parts.some((part) => part.type === 'tool-call' && part.byProvider === undefined),
    rawFinish: textOf(root['stop_reason']) || null,
    model: textOf(root['model']) || null,
    id: textOf(root['id']) || null,
    error: findError(body, 'content' in root),
    usage: root['usage'],
  };
}
