/** Reads a message leniently: an answer that is paid for is not lost for an odd field. Never throws. */
import { type Answer, answerOf } from '../../../core/conversation/message.js';
import { type Fields, fieldsOf, textOf } from '../../../core/fields.js';
import { findError } from '../../refusals/error-facts.js';
import { partOf } from './parts.js';

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
