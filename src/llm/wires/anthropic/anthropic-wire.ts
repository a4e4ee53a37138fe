/** The Anthropic Messages wire, as Anthropic, DeepSeek (`/anthropic`) and many gateways speak it. */
import type { CallFailure } from '../../../core/call-failure.js';
import { answerText } from '../../../core/conversation/message.js';
import { isFields } from '../../../core/fields.js';
import type { Finish } from '../../../core/model.js';
import type { CallResult, ModelCall } from '../../port.js';
import { type CallFacts, classifyBodyError, emptyAnswer } from '../../refusals/classify.js';
import { paidFailure } from '../counts.js';
import { finishOf } from '../finish.js';
import type { Wire } from '../wire.js';
import { messagesModel } from './build.js';
import { repeatedOption } from './cache.js';
import { NAME } from './parts.js';
import { messageIn } from './pieces.js';
import { type LooseMessage, readMessage } from './read.js';
import { meteredOf } from './usage.js';

/** Whether an ending needs something that was said: a text, or for a pause anything that can be sent back. */
function isEmpty({ answer, hasToolCalls }: LooseMessage, finish: Finish): boolean {
  if (finish === 'pause' || finish === 'tool') return answer === '';
  return (finish === 'stop' || finish === 'unknown') && answerText(answer) === '' && !hasToolCalls;
}

/** The rules of an answer: errors inside it, endings, emptiness. */
function resultOf(call: ModelCall, facts: CallFacts, loose: LooseMessage): CallResult {
  const { answer, rawFinish, error } = loose;
  const text = answerText(answer);
  const metered = { servedModel: loose.model ?? call.model.model, ...meteredOf(loose.usage, text, facts.family) };
  const useless = (failure: CallFailure) => paidFailure(failure, metered);
  // An error within an answer that says something, and how it ended, is none of it.
  if (error !== null && (answer === '' || rawFinish === null)) {
    return useless(classifyBodyError(facts, 200, error, loose.isMessage && answer !== ''));
  }
  const finish = finishOf(rawFinish);
  const ending = `stop_reason ${rawFinish ?? 'absent'}`;
  if (finish === 'error') return useless(classifyBodyError(facts, 200, { message: ending }, true));
  if (isEmpty(loose, finish)) return useless(emptyAnswer(facts, `no text in the answer (${ending})`));
  // A gateway that names another ending beside calls.
  const isCall = loose.hasToolCalls && text === '' && finish === 'stop';
  return { ok: true, answer, finish: isCall ? 'tool' : finish, rawFinish, ...metered, requestId: loose.id };
}

export const anthropicWire: Wire = {
  partsOf: NAME,
  answers: { many: 'Anthropic messages', one: 'a message of the Anthropic API' },
  key: { header: 'x-api-key', value: (apiKey) => apiKey },
  model: messagesModel,
  options: ({ repeated }) => (repeated === undefined ? undefined : repeatedOption(repeated)),
  /** A budget is one of thinking that is switched on; none at all switches it off. */
  finish(body, { settings: { thinkingBudget } }) {
    if (thinkingBudget === undefined || !isFields(body['thinking'])) return;
    body['thinking'] = thinkingBudget === 0 ? { type: 'disabled' } : { type: 'enabled', budget_tokens: thinkingBudget };
  },
  answerIn: messageIn,
  read(call, facts, value) {
    const loose = readMessage(value);
    return loose.isMessage || loose.error !== null ? resultOf(call, facts, loose) : null;
  },
};
