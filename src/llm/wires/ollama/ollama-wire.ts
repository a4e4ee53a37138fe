/**
 * Ollama's own chat (`POST <base>/api/chat`), as docs.ollama.com/api/chat describes it, November 2026. It wants no key; hosted ones, such as
 * https://ollama.com, take `Authorization: Bearer` with the key of worker_api_key_env.
 */
import type { CallFailure } from '../../../core/call-failure.js';
import { answerText } from '../../../core/conversation/message.js';
import { type Fields, isFields } from '../../../core/fields.js';
import type { CallResult, ModelCall } from '../../port.js';
import { type CallFacts, classifyBodyError, emptyAnswer } from '../../refusals/classify.js';
import { paidFailure } from '../counts.js';
import type { Wire } from '../wire.js';
import { ollamaModel } from './build.js';
import { finishOf } from './finish.js';
import { answerIn, isAnswer } from './pieces.js';
import { promptCut } from './prompt-cut.js';
import { PARTS_OF, readAnswer } from './read.js';
import { bodyFailure, cutFailure, withPull } from './refusal.js';
import { usageOf } from './usage.js';

/** The rules of an answer: errors beside it, prompts that were cut, endings, emptiness. */
function resultOf(call: ModelCall, facts: CallFacts, body: Fields): CallResult {
  const { answer, hasToolCalls, rawFinish, model } = readAnswer(body);
  const text = answerText(answer);
  const metered = { servedModel: model ?? call.model.model, usage: usageOf(body, text), cacheWritten: 0, costUsd: null };
  const useless = (failure: CallFailure) => paidFailure(failure, metered);
  if (body['done'] !== true || text === '') {
    const failure = bodyFailure(facts, body, answer !== '');
    if (failure !== null) return useless(withPull(failure, call));
  }
  const cut = promptCut(call, body);
  if (cut !== null) return useless(cutFailure(cut, call));
  const finish = finishOf(rawFinish);
  const ending = `done_reason ${rawFinish ?? 'absent'}`;
  if (finish === 'error') return useless(classifyBodyError(facts, 200, { message: ending }, true));
  if (hasToolCalls && finish === 'stop') return { ok: true, answer, finish: 'tool', rawFinish, ...metered, requestId: null };
  if (text === '' && !hasToolCalls && (finish === 'stop' || finish === 'unknown')) {
    return useless(emptyAnswer(facts, `no text in the answer (${ending})`));
  }
  return { ok: true, answer, finish, rawFinish, ...metered, requestId: null };
}

export const ollamaWire: Wire = {
  partsOf: PARTS_OF,
  answers: { many: "answers of Ollama's chat", one: "an answer of Ollama's chat" },
  key: { header: 'authorization', value: (apiKey) => `Bearer ${apiKey}` },
  model: ollamaModel,
  finish(body) {
    // Levels are texts of the model's own; no thinking is false (docs.ollama.com/capabilities/thinking).
    if (body['think'] === 'none') body['think'] = false;
  },
  answerIn,
  read: (call, facts, value) => (isAnswer(value) || (isFields(value) && 'error' in value) ? resultOf(call, facts, value) : null),
  refused: withPull,
};
