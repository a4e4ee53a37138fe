/** Where a success of this wire refuses after all: an error at the top or within the choice, an ending, the message's own field. */
import type { CallFailure } from '../../../core/call-failure.js';
import { type Fields, fieldsOf } from '../../../core/fields.js';
import { type CallFacts, classifyBodyError } from '../../refusals/classify.js';
import { findError } from '../../refusals/error-facts.js';

export interface BodyRefusal {
  error: Fields | null;
  /** The error stands within the choice: work was done. */
  inChoice: boolean;
  /** What the model says instead of an answer; '' for nothing. */
  text: string;
}

export function refusalIn(body: unknown, choice: Fields): BodyRefusal {
  const inChoice = findError({ error: choice['error'] });
  const { refusal } = fieldsOf(choice['message']);
  const error = inChoice ?? findError(body, 'choices' in fieldsOf(body));
  return { error, inChoice: inChoice !== null, text: typeof refusal === 'string' ? refusal : '' };
}

/** Null when the error is none of the answer's: it has a text all the same. `hasChoice`: something was begun. */
export function bodyFailure(
  facts: CallFacts,
  { error, inChoice }: BodyRefusal,
  { text, hasChoice }: { text: string; hasChoice: boolean },
): CallFailure | null {
  return error !== null && (inChoice || text === '') ? classifyBodyError(facts, 200, error, hasChoice) : null;
}

/** The ending says that the provider failed. */
export function finishFailure(facts: CallFacts, rawFinish: string | null): CallFailure {
  return classifyBodyError(facts, 200, { message: `finish_reason ${rawFinish}` }, true);
}
