/** Reads the body of an answer leniently: one that is paid for is not lost for an odd field. Never throws. */
import { type Answer, answerOf } from '../../../core/conversation/message.js';
import { type Fields, fieldsOf, textOf } from '../../../core/fields.js';
import { findError } from '../../refusals/error-facts.js';
import { partsIn } from './parts.js';
import { blockReason, firstCandidate } from './pieces.js';

export interface LooseAnswer {
  hasCandidate: boolean;
  answer: Answer;
  /** The model asks for tools that we run. */
  hasToolCalls: boolean;
  rawFinish: string | null;
  /** Why the prompt was refused; null when it was not. */
  blockReason: string | null;
  model: string | null;
  id: string | null;
  error: Fields | null;
  /** The provider's token counts, as they came; see usage.ts. */
  usage: unknown;
}

export function readAnswer(body: Fields): LooseAnswer {
  const candidate = firstCandidate(body);
  const parts = partsIn(fieldsOf(candidate?.['content'])['parts']);
  return {
    hasCandidate: candidate !== null,
    answer: answerOf(parts),
    hasToolCalls: parts.some((part) => part.type === 'tool-call' && part.byProvider !== true),
    rawFinish: textOf(candidate?.['finishReason']) || null,
    blockReason: blockReason(body),
    // As a resource it has a folder, which names of models have not.
    model: textOf(body['modelVersion']).replace(/^models\//, '') || null,
    id: textOf(body['responseId']) || null,
    error: findError(body, true),
    usage: body['usageMetadata'],
  };
}
