/** Reads an answer of Ollama's chat leniently: one that is paid for is not lost for an odd field. Never throws. */
import { type Answer, type AnswerPart, answerOf, type ToolCallPart } from '../../../core/conversation/message.js';
import { type Fields, fieldsOf, textOf } from '../../../core/fields.js';

/** What this wire keeps its parts under. */
export const PARTS_OF = 'ollama';

export interface LooseAnswer {
  answer: Answer;
  hasToolCalls: boolean;
  rawFinish: string | null;
  model: string | null;
}

/** Calls without an id are told apart by their place. */
function idOfPlace(place: number): string {
  return `c${place}`;
}

export function isIdOfPlace(id: string): boolean {
  return /^c\d+$/.test(id);
}

function toolCallsOf({ tool_calls: calls }: Fields): ToolCallPart[] {
  if (!Array.isArray(calls)) return [];
  return calls.map(fieldsOf).map((call, at): ToolCallPart => {
    const { name, arguments: input } = fieldsOf(call['function']);
    // An object; text at gateways.
    const text = typeof input === 'string' ? input : JSON.stringify(input ?? {});
    return { type: 'tool-call', id: textOf(call['id']) || idOfPlace(at), name: textOf(name), input: text };
  });
}

/** Thoughts are kept, and go back: models with tools go on from them, and templates leave out those that they do not want. */
function partsOf(message: Fields): AnswerPart[] {
  const thoughts = textOf(message['thinking']) || textOf(message['reasoning_content']);
  const text = textOf(message['content']);
  return [
    ...(thoughts === '' ? [] : [{ type: 'reasoning', text: thoughts, providerData: { [PARTS_OF]: {} } } as const]),
    ...(text === '' ? [] : [{ type: 'text', text } as const]),
    ...toolCallsOf(message),
  ];
}

export function readAnswer(body: Fields): LooseAnswer {
  const parts = partsOf(fieldsOf(body['message']));
  return {
    answer: answerOf(parts),
    hasToolCalls: parts.some(({ type }) => type === 'tool-call'),
    rawFinish: textOf(body['done_reason']) || null,
    model: textOf(body['model']) || null,
  };
}
