/** The answer in the text of a body, also one that comes in pieces: a JSON object a line (Ollama's stream), events, or a list of them. */
import { type Fields, fieldsOf, isFields, textOf } from '../../../core/fields.js';
import { bodyValues } from '../../transport/body-values.js';
import type { BodyAnswer } from '../wire.js';

function hasError(value: Fields): boolean {
  return value['error'] !== undefined && value['error'] !== null && value['error'] !== '';
}

/** An answer or a piece of one. */
export function isAnswer(value: unknown): value is Fields {
  return isFields(value) && (isFields(value['message']) || typeof value['done'] === 'boolean');
}

/** A piece says of itself that more is to come; the last one has the counts. An error in mid stream ends it. */
function joined(values: readonly Fields[]): BodyAnswer {
  const last = values.findLast(isAnswer) ?? {};
  const error = values.find(hasError);
  const messages = values.map((value) => fieldsOf(value['message']));
  const message: Fields = { ...messages.at(-1), role: 'assistant' };
  for (const name of ['content', 'thinking', 'reasoning_content'])
    message[name] = messages.map((each) => textOf(each[name])).join('');
  const calls = messages.flatMap((each) => (Array.isArray(each['tool_calls']) ? each['tool_calls'] : []));
  if (calls.length > 0) message['tool_calls'] = calls;
  if (error !== undefined) return { value: { ...last, message, error: error['error'], status: error['status'] }, cut: false };
  return last['done'] === true ? { value: { ...last, message }, cut: false } : { value: undefined, cut: true };
}

export function answerIn(body: string): BodyAnswer {
  const { values, isStream } = bodyValues(body);
  const pieces = values.filter((value): value is Fields => isAnswer(value) || (isFields(value) && hasError(value)));
  const [first] = pieces;
  // Whatever stands behind a whole one.
  if (isAnswer(first) && first['done'] !== false) return { value: first, cut: false };
  if (pieces.some(isAnswer)) return joined(pieces);
  const value = first ?? values[0];
  return { value, cut: value === undefined && isStream };
}
