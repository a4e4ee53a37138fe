/** The completion in the text of a body, also one that comes in pieces (`chat.completion.chunk`), as an event stream or a list of them. */
import { type Fields, isFields } from '../../../core/fields.js';
import { bodyValues } from '../../transport/body-values.js';
import type { BodyAnswer } from '../wire.js';

function firstChoice(value: unknown): Fields | null {
  const choices = isFields(value) ? value['choices'] : null;
  return Array.isArray(choices) && isFields(choices[0]) ? choices[0] : null;
}

function isPiece(value: unknown): boolean {
  const choice = firstChoice(value);
  return choice !== null && isFields(choice['delta']) && !isFields(choice['message']);
}

/** Token counts of a piece, wherever providers put them. */
function usageOfPiece(piece: Fields): unknown {
  const groq = isFields(piece['x_groq']) ? piece['x_groq']['usage'] : null;
  return piece['usage'] ?? groq ?? firstChoice(piece)?.['usage'] ?? null;
}

/** Text, or parts (Mistral) and then text. */
function appended(before: unknown, more: unknown): unknown {
  if (typeof more === 'string' && !Array.isArray(before)) return `${before ?? ''}${more}`;
  const added = partsOf(more);
  if (added.length === 0) return before;
  // In place: a list that is copied for each of its pieces takes minutes.
  const parts = Array.isArray(before) ? before : partsOf(before);
  for (const part of added) parts.push(part);
  return parts;
}

function partsOf(content: unknown): unknown[] {
  if (Array.isArray(content)) return content;
  return typeof content === 'string' ? [{ type: 'text', text: content }] : [];
}

/** The completion that pieces make up; cut when they end before it does. */
function joined(pieces: readonly unknown[], done: boolean): BodyAnswer {
  const whole: Fields = {};
  const message: Fields = {};
  const choice: Fields = { index: 0, message, finish_reason: null };
  for (const piece of pieces.filter(isFields)) {
    for (const name of ['id', 'model', 'created', 'service_tier']) whole[name] ??= piece[name];
    whole['usage'] = usageOfPiece(piece) ?? whole['usage'];
    // An error in mid stream is one within the answer.
    if (piece['error'] !== undefined && piece['error'] !== null) choice['error'] = piece['error'];
    const own = firstChoice(piece);
    if (own === null || (own['index'] ?? 0) !== 0) continue;
    choice['finish_reason'] = own['finish_reason'] ?? choice['finish_reason'];
    if (own['error'] !== undefined && own['error'] !== null) choice['error'] = own['error'];
    const delta = isFields(own['delta']) ? own['delta'] : {};
    message['content'] = appended(message['content'], delta['content']);
    message['refusal'] = appended(message['refusal'], delta['refusal']);
    if (Array.isArray(delta['tool_calls']) && delta['tool_calls'].length > 0) message['tool_calls'] = delta['tool_calls'];
  }
  const ended = done || choice['finish_reason'] !== null || choice['error'] !== undefined;
  return ended ? { value: { ...whole, choices: [choice] }, cut: false } : { value: undefined, cut: true };
}

/** Of several values the one that is a completion, else the one with an error. */
export function completionIn(body: string): BodyAnswer {
  const { values, isStream, done } = bodyValues(body);
  if (values.length === 0) return { value: undefined, cut: isStream };
  if (values.some(isPiece)) return joined(values, done);
  const value = values.find((one) => firstChoice(one) !== null) ?? values.find((one) => isFields(one) && 'error' in one);
  return { value: value ?? values[0], cut: false };
}
