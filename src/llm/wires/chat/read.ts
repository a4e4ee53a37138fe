/** Reads a completion body leniently: an answer that is paid for is not lost for an odd field. Never throws. */
import { type Answer, answerOf, type ToolCallPart } from '../../../core/conversation/message.js';
import { type Fields, fieldsOf, textOf } from '../../../core/fields.js';
import { type BodyRefusal, refusalIn } from './refusal.js';

export interface LooseCompletion {
  /** False when the body is no completion: it has no list of choices, not even an empty one. */
  isCompletion: boolean;
  /** False when the body has no choice at all. */
  hasChoice: boolean;
  /** Thoughts only beside the tool calls that came of them: elsewhere this wire does not want them back, and they would be paid for again. */
  answer: Answer;
  rawFinish: string | null;
  model: string | null;
  id: string | null;
  refusal: BodyRefusal;
  hasToolCalls: boolean;
  /** The provider's token counts, as they came; see usage.ts. */
  usage: unknown;
}

function contentOf(content: unknown): string {
  if (!Array.isArray(content)) return textOf(content);
  const parts = content.map(fieldsOf).filter((part) => part['type'] === 'text' || part['type'] === 'output_text');
  return parts.map((part) => textOf(part['text'])).join('');
}

/** Calls of the list that every server sends, and of the single one that some older ones do. */
function toolCallsOf(message: Fields): ToolCallPart[] {
  const list = Array.isArray(message['tool_calls']) ? message['tool_calls'].map(fieldsOf) : [];
  const single = fieldsOf(message['function_call']);
  const calls = list.length === 0 && 'name' in single ? [{ function: single }] : list;
  return calls.map((call, at): ToolCallPart => {
    const { name, arguments: input } = fieldsOf(call['function']);
    // Some servers send arguments as an object, and no id.
    const text = typeof input === 'object' && input !== null ? JSON.stringify(input) : textOf(input);
    return { type: 'tool-call', id: textOf(call['id']) || `call_${at + 1}`, name: textOf(name), input: text };
  });
}

function answerIn(message: Fields): Answer {
  const text = contentOf(message['content']);
  const calls = toolCallsOf(message);
  if (calls.length === 0) return text;
  const thoughts = textOf(message['reasoning_content']) || textOf(message['reasoning']);
  return answerOf([
    ...(thoughts === '' ? [] : [{ type: 'reasoning', text: thoughts } as const]),
    ...(text === '' ? [] : [{ type: 'text', text } as const]),
    ...calls,
  ]);
}

export function readCompletion(body: unknown): LooseCompletion {
  const root = fieldsOf(body);
  const choices = Array.isArray(root['choices']) ? root['choices'] : [];
  const choice = fieldsOf(choices[0]);
  const message = fieldsOf(choice['message']);
  return {
    isCompletion: Array.isArray(root['choices']),
    hasChoice: choices.length > 0,
    answer: answerIn(message),
    rawFinish: textOf(choice['finish_reason']) || null,
    model: textOf(root['model']) || null,
    id: textOf(root['id']) || (typeof root['id'] === 'number' ? String(root['id']) : null),
    refusal: refusalIn(body, choice),
    hasToolCalls: Array.isArray(message['tool_calls'])
      ? message['tool_calls'].length > 0
      : 'function_call' in message && message['function_call'] !== null,
    usage: root['usage'],
  };
}
