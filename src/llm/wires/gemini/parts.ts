/** The parts of a candidate, in their order, each with the signature that must go back with it. Never throws. */
import type { AnswerPart, ProviderData } from '../../../core/conversation/message.js';
import { type Fields, fieldsOf, isFields, textOf } from '../../../core/fields.js';
import { jsonOf } from './pieces.js';

/** Under which name the package has what this wire needs back. */
export const PARTS_OF = 'google';

/** A signature, and what else goes back beside it. */
function backWith(signature: string, more: Fields = {}): ProviderData {
  return { [PARTS_OF]: { ...more, ...(signature === '' ? {} : { thoughtSignature: signature }) } };
}

function signatureOf({ providerData }: AnswerPart): string {
  return textOf(providerData?.[PARTS_OF]?.['thoughtSignature']);
}

function signed(part: AnswerPart, signature: string): AnswerPart {
  return { ...part, providerData: backWith(signature, part.providerData?.[PARTS_OF]) };
}

/** Thoughts go back whether they are signed or not; texts and calls have data only when they are. */
function textPart(text: string, isThought: boolean, signature: string): AnswerPart {
  if (isThought) return { type: 'reasoning', text, providerData: backWith(signature) };
  return signature === '' ? { type: 'text', text } : { type: 'text', text, providerData: backWith(signature) };
}

/** Some servers write arguments as a text. */
function argumentsIn(args: unknown): string {
  return typeof args === 'string' ? args : (jsonOf(args) ?? '{}');
}

/** Ids are made where the wire has none, by position: a second reading of the same answer makes the same. */
function callPart(call: Fields, position: number, signature: string): AnswerPart {
  const id = textOf(call['id']) || `c${position}`;
  const part: AnswerPart = { type: 'tool-call', id, name: textOf(call['name']), input: argumentsIn(call['args']) };
  return signature === '' ? part : signed(part, signature);
}

/** A call of a tool that the provider runs itself, or its result. Its kind is its name, and goes back as such. */
function providerPart({ toolCall, toolResponse }: Fields, position: number, signature: string): AnswerPart {
  const isCall = isFields(toolCall);
  const wire = fieldsOf(isCall ? toolCall : toolResponse);
  const id = textOf(wire['id']) || `c${position}`;
  const name = textOf(wire['toolType']);
  const providerData = backWith(signature, { serverToolCallId: id, serverToolType: name });
  if (isCall) return { type: 'tool-call', id, name, input: argumentsIn(wire['args']), byProvider: true, providerData };
  const result = jsonOf(wire['response']) === undefined ? {} : wire['response'];
  return { type: 'provider-result', id, name, result, providerData };
}

/** A part of the wire, after so many calls; null for what holds nothing that people read or that could go back: pictures, code that ran. */
function partIn(wire: Fields, calls: number, signature: string): AnswerPart | null {
  if (isFields(wire['functionCall'])) return callPart(wire['functionCall'], calls, signature);
  if (isFields(wire['toolCall'])) return providerPart(wire, calls, signature);
  // A result without an id is that of the call before it.
  if (isFields(wire['toolResponse'])) return providerPart(wire, Math.max(0, calls - 1), signature);
  const text = textOf(wire['text']);
  return text === '' ? null : textPart(text, wire['thought'] === true, signature);
}

/** Pieces of one text, neither of them signed: signed ones stay as they are, for the signature is that of the piece. */
function joined(before: AnswerPart | undefined, part: AnswerPart): AnswerPart | null {
  if (before === undefined || before.type !== part.type) return null;
  if ((part.type !== 'text' && part.type !== 'reasoning') || (before.type !== 'text' && before.type !== 'reasoning')) return null;
  return signatureOf(before) === '' && signatureOf(part) === '' ? { ...before, text: before.text + part.text } : null;
}

/**
 * `parts`: of the candidate's content. A part without a text cannot go back, its signature can: that of a thought with what came of it, which
 * follows, any other with what stands before it; a stream ends with one.
 */
export function partsIn(parts: unknown): AnswerPart[] {
  const found: AnswerPart[] = [];
  /** Of a part without a text, for the next one. */
  let waiting = '';
  let calls = 0;
  for (const wire of (Array.isArray(parts) ? parts : [parts]).map(fieldsOf)) {
    const signature = textOf(wire['thoughtSignature']) || textOf(wire['thought_signature']);
    const part = partIn(wire, calls, signature);
    if (part?.type === 'tool-call') calls += 1;
    const before = found.at(-1);
    if (part !== null) {
      const next = waiting !== '' && signature === '' ? signed(part, waiting) : part;
      const whole = joined(before, next);
      found.splice(whole === null ? found.length : -1, 1, whole ?? next);
      waiting = '';
    } else if (signature !== '') {
      const isOfBefore = wire['thought'] !== true && before !== undefined && signatureOf(before) === '';
      if (isOfBefore) found.splice(-1, 1, signed(before, signature));
      else waiting = signature;
    }
  }
  const last = found.at(-1);
  if (waiting !== '' && last !== undefined && signatureOf(last) === '') found.splice(-1, 1, signed(last, waiting));
  return found;
}
