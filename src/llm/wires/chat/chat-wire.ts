/** The OpenAI chat completions wire, as many servers speak it. */
import type { CallFailure } from '../../../core/call-failure.js';
import { answerText } from '../../../core/conversation/message.js';
import type { CallResult, ModelCall } from '../../port.js';
import { type CallFacts, emptyAnswer } from '../../refusals/classify.js';
import { azureKey } from '../azure.js';
import { paidFailure } from '../counts.js';
import { finishOf } from '../finish.js';
import type { Wire } from '../wire.js';
import { chatAnswerFormat } from './answer-format.js';
import { chatModel } from './build.js';
import { dialectOf, finishDialect } from './dialect.js';
import { completionIn } from './pieces.js';
import { type LooseCompletion, readCompletion } from './read.js';
import { bodyFailure, finishFailure } from './refusal.js';
import { meteredOf } from './usage.js';

/** The rules of an answer: errors inside it, endings, emptiness. */
function resultOf(call: ModelCall, facts: CallFacts, loose: LooseCompletion): CallResult {
  const { answer, rawFinish, hasChoice, refusal } = loose;
  const text = answerText(answer);
  const metered = { servedModel: loose.model ?? call.model.model, ...meteredOf(loose.usage, text, facts.family) };
  const useless = (failure: CallFailure) => paidFailure(failure, metered);
  const failure = bodyFailure(facts, refusal, { text, hasChoice });
  if (failure !== null) return useless(failure);
  if (!hasChoice) return useless(emptyAnswer(facts, 'no choice in the answer'));
  let finish = finishOf(rawFinish);
  if (finish === 'error') return useless(finishFailure(facts, rawFinish));
  if (text === '' && refusal.text !== '') finish = 'filter';
  else if (text === '' && loose.hasToolCalls) finish = 'tool';
  if (text === '' && (finish === 'stop' || finish === 'unknown')) {
    return useless(emptyAnswer(facts, `no text in the answer (finish_reason ${rawFinish ?? 'absent'})`));
  }
  return { ok: true, answer, finish, rawFinish, ...metered, requestId: loose.id };
}

export const chatWire: Wire = {
  partsOf: null,
  answers: { many: 'chat completions', one: 'a completion' },
  key: { header: 'authorization', value: (apiKey) => `Bearer ${apiKey}` },
  keyAt: azureKey,
  answerFormat: chatAnswerFormat,
  model: chatModel,
  finish: (body, { apiBase, model: { model } }) => finishDialect(body, dialectOf(new URL(apiBase).hostname, model)),
  answerIn: completionIn,
  read(call, facts, value) {
    const loose = readCompletion(value);
    return loose.isCompletion || loose.refusal.error !== null ? resultOf(call, facts, loose) : null;
  },
};
