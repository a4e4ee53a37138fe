/** Reads a response body leniently: an answer that is paid for is not lost for an odd field. Never throws. */
import type { Answer } from '../../../core/conversation/message.js';
import { type Fields, fieldsOf } from '../../../core/fields.js';
import { findError } from '../../refusals/error-facts.js';
import { answerIn, contentOf } from './items.js';
import { isResponse } from './pieces.js';

export interface LooseResponse {
  isResponse: boolean;
  answer: Answer;
  /** The provider's word for how it stands; null when it gave none. */
  status: string | null;
  /** Why it is not complete; null when that is not told. */
  reason: string | null;
  error: Fields | null;
  /** Some of the answer is there. */
  hasBegun: boolean;
  hasToolCalls: boolean;
  /** The model says that it will not. */
  isRefused: boolean;
  model: string | null;
  id: string | null;
  /** The provider's token counts, as they came; see usage.ts. */
  usage: unknown;
}

function wordIn(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Where the response does not say how it stands, its last message or call may. */
function statusOf(root: Fields, items: readonly Fields[]): string | null {
  const last = items.findLast(({ type }) => type === 'message' || type === 'function_call');
  return wordIn(root['status']) ?? wordIn(last?.['status']);
}

export function readResponse(body: unknown): LooseResponse {
  const root = fieldsOf(body);
  const items = Array.isArray(root['output']) ? root['output'].map(fieldsOf) : [];
  // A short cut of some servers, for those that do not look into the items.
  const told = items.length === 0 ? wordIn(root['output_text']) : null;
  return {
    isResponse: isResponse(body),
    answer: told ?? answerIn(items),
    status: statusOf(root, items),
    reason: wordIn(fieldsOf(root['incomplete_details'])['reason']),
    error: findError(body, isResponse(body)),
    hasBegun: items.length > 0,
    hasToolCalls: items.some(({ type }) => type === 'function_call'),
    isRefused: items.some((item) => contentOf(item).some(({ type }) => type === 'refusal')),
    model: wordIn(root['model']),
    id: wordIn(root['id']),
    usage: root['usage'],
  };
}
