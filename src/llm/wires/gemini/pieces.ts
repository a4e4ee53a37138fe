/** The answer in the text of a body, also one that comes in pieces (streamGenerateContent): each has the shape of a whole one. */
import { type Fields, fieldsOf, isFields } from '../../../core/fields.js';
import { bodyValues } from '../../transport/body-values.js';
import type { BodyAnswer } from '../wire.js';

/** Undefined for nothing, and for what is nested deeper than the runtime can write. */
export function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value ?? undefined);
  } catch {
    return undefined;
  }
}

/** Fields of which every answer has one, also one without a candidate. */
const OWN_FIELDS = ['candidates', 'promptFeedback', 'usageMetadata', 'modelVersion', 'responseId'];

/** Nothing at all is an answer, too: fields without a value are left out of its JSON. */
export function isAnswer(value: unknown): value is Fields {
  return isFields(value) && (OWN_FIELDS.some((name) => name in value) || Object.keys(value).length === 0);
}

export function firstCandidate(answer: Fields): Fields | null {
  const { candidates } = answer;
  return Array.isArray(candidates) && isFields(candidates[0]) ? candidates[0] : null;
}

export function blockReason(answer: Fields): string | null {
  const reason = fieldsOf(answer['promptFeedback'])['blockReason'];
  return typeof reason === 'string' && reason !== '' ? reason : null;
}

/** A prompt that was refused before anything was made of it: any reason but the word for none. */
export function isBlock(reason: string | null): reason is string {
  return reason !== null && !/^BLOCK(?:ED)?_REASON_UNSPECIFIED$/.test(reason);
}

function hasEnded(answer: Fields): boolean {
  const candidate = firstCandidate(answer);
  return typeof candidate?.['finishReason'] === 'string' || isBlock(blockReason(answer)) || isFields(answer['error']);
}

/** Without those that repeat the first one, when that is whole. */
function withoutTwins(pieces: readonly Fields[]): readonly Fields[] {
  const [first] = pieces;
  const text = first !== undefined && hasEnded(first) ? jsonOf(first) : undefined;
  return text === undefined ? pieces : pieces.filter((piece, at) => at === 0 || jsonOf(piece) !== text);
}

/** The answer that pieces make up; cut when they end before it does. Token counts are those up to the piece: the last ones hold. */
function joined(pieces: readonly Fields[]): BodyAnswer {
  const whole: Fields = {};
  const parts: unknown[] = [];
  const candidate: Fields = { content: { parts } };
  for (const piece of withoutTwins(pieces)) {
    for (const name of ['modelVersion', 'responseId', 'promptFeedback']) whole[name] ??= piece[name];
    if (isFields(piece['usageMetadata']))
      whole['usageMetadata'] = { ...fieldsOf(whole['usageMetadata']), ...piece['usageMetadata'] };
    // An error in mid stream is one within the answer.
    if (isFields(piece['error'])) whole['error'] = piece['error'];
    const own = firstCandidate(piece);
    if (own === null) continue;
    const { parts: more } = fieldsOf(own['content']);
    for (const part of Array.isArray(more) ? more : [more]) parts.push(part);
    candidate['finishReason'] = own['finishReason'] ?? candidate['finishReason'];
    whole['candidates'] = [candidate];
  }
  return hasEnded(whole) ? { value: whole, cut: false } : { value: undefined, cut: true };
}

/** Of several values those of an answer, else the one with an error. */
export function answerIn(body: string): BodyAnswer {
  const { values, isStream } = bodyValues(body);
  if (values.length === 0) return { value: undefined, cut: isStream };
  const pieces = values.filter((value): value is Fields => isAnswer(value) || (isFields(value) && isFields(value['error'])));
  if (pieces.some(isAnswer) && (isStream || pieces.length > 1)) return joined(pieces);
  return { value: pieces[0] ?? values[0], cut: false };
}
