/** Google's generateContent wire: the Gemini API, Vertex AI, and all that speak as they do. */
import type { CallFailure } from '../../../core/call-failure.js';
import { answerText } from '../../../core/conversation/message.js';
import type { CallResult, ModelCall } from '../../port.js';
import { type CallFacts, classifyBodyError, emptyAnswer } from '../../refusals/classify.js';
import { findError } from '../../refusals/error-facts.js';
import { paidFailure } from '../counts.js';
import { finishOf } from '../finish.js';
import type { Wire } from '../wire.js';
import { geminiModel, KEY_HEADER } from './build.js';
import { PARTS_OF } from './parts.js';
import { answerIn, isAnswer, isBlock } from './pieces.js';
import { type LooseAnswer, readAnswer } from './read.js';
import { usageOf } from './usage.js';

/** The rules of an answer: errors inside it, a prompt that was refused, endings, emptiness. */
function resultOf(call: ModelCall, facts: CallFacts, loose: LooseAnswer): CallResult {
  const { answer, rawFinish, blockReason, hasCandidate, hasToolCalls, error } = loose;
  const text = answerText(answer);
  const metered = { servedModel: loose.model ?? call.model.model, usage: usageOf(loose.usage, text) };
  const useless = (failure: CallFailure) => paidFailure(failure, metered);
  const reply = { ok: true, answer, ...metered, requestId: loose.id } as const;
  // Counts before the end of a stream are those of its pieces, not of the call; but they say that something was done.
  if (error !== null && (text === '' || rawFinish === null))
    return classifyBodyError(facts, 200, error, hasCandidate || metered.usage !== null);
  // The prompt is paid for also where nothing came of it.
  if (isBlock(blockReason) && rawFinish === null) return { ...reply, finish: 'filter', rawFinish: blockReason };
  if (!hasCandidate) return useless(emptyAnswer(facts, 'no candidate in the answer'));
  const finish = finishOf(rawFinish);
  if (finish === 'error') return useless(classifyBodyError(facts, 200, { message: `finishReason ${rawFinish}` }, true));
  if (hasToolCalls && finish === 'stop') return { ...reply, finish: 'tool', rawFinish };
  if (text === '' && !hasToolCalls && (finish === 'stop' || finish === 'unknown')) {
    return useless(emptyAnswer(facts, `no text in the answer (finishReason ${rawFinish ?? 'absent'})`));
  }
  return { ...reply, finish, rawFinish };
}

export const geminiWire: Wire = {
  partsOf: PARTS_OF,
  answers: { many: 'answers of generateContent', one: 'an answer of generateContent' },
  key: { header: KEY_HEADER, value: (apiKey) => apiKey },
  model: geminiModel,
  answerIn,
  read(call, facts, value) {
    if (isAnswer(value)) return resultOf(call, facts, readAnswer(value));
    const error = findError(value);
    return error === null ? null : classifyBodyError(facts, 200, error, false);
  },
};
