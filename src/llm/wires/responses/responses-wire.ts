/** The OpenAI Responses wire, without the provider's store. From platform.openai.com/docs/api-reference/responses, November 2026. */
import type { CallFailure } from '../../../core/call-failure.js';
import { answerText } from '../../../core/conversation/message.js';
import type { CallResult, ModelCall } from '../../port.js';
import { type CallFacts, classifyBodyError, emptyAnswer } from '../../refusals/classify.js';
import { azureKey } from '../azure.js';
import { paidFailure } from '../counts.js';
import type { Wire } from '../wire.js';
import { responsesModel, responsesOptions } from './build.js';
import { finishOf, rawFinishOf } from './finish.js';
import { PARTS_OF } from './items.js';
import { responseIn } from './pieces.js';
import { type LooseResponse, readResponse } from './read.js';
import { meteredOf } from './usage.js';

/** The rules of an answer: errors inside it, endings, emptiness. */
function resultOf(call: ModelCall, facts: CallFacts, loose: LooseResponse): CallResult {
  const { answer, error, hasBegun } = loose;
  const text = answerText(answer);
  const metered = { servedModel: loose.model ?? call.model.model, ...meteredOf(loose.usage, text, facts.family) };
  const useless = (failure: CallFailure) => paidFailure(failure, metered);
  const finish = finishOf(loose);
  const rawFinish = rawFinishOf(loose);
  // An error beside a whole answer is none of the answer's.
  if (error !== null && (finish === 'error' || text === '')) {
    return useless(classifyBodyError(facts, 200, error, hasBegun || metered.usage !== null));
  }
  if (finish === 'error') return useless(classifyBodyError(facts, 200, { message: `status ${rawFinish}` }, true));
  if (text === '' && (finish === 'stop' || finish === 'unknown')) {
    return useless(emptyAnswer(facts, `no text in the answer (status ${rawFinish ?? 'absent'})`));
  }
  return { ok: true, answer, finish, rawFinish, ...metered, requestId: loose.id };
}

export const responsesWire: Wire = {
  partsOf: PARTS_OF,
  answers: { many: 'responses', one: 'a response' },
  key: { header: 'authorization', value: (apiKey) => `Bearer ${apiKey}` },
  keyAt: azureKey,
  model: responsesModel,
  options: responsesOptions,
  answerIn: responseIn,
  read(call, facts, value) {
    const loose = readResponse(value);
    return loose.isResponse || loose.error !== null ? resultOf(call, facts, loose) : null;
  },
};
