/** Reads a completion body leniently: an answer that is paid for is not lost for an odd field. Never throws. */
import { findError } from './error-facts.js';

type Fields = Record<string, unknown>;

export interface LooseCompletion {
  /** False when the body is no completion: it has no list of choices, not even an empty one. */
  isCompletion: boolean;
  /** False when the body has no choice at all. */
  hasChoice: boolean;
  text: string;
  rawFinish: string | null;
  model: string | null;
  id: string | null;
  refusal: string;
  hasToolCalls: boolean;
  /** Error object in the choice or at the top. */
  error: Fields | null;
  /** True when the error stands within a choice. */
  errorInChoice: boolean;
  /** The provider's token counts, as they came; see usage.ts. */
  usage: unknown;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function contentOf(content: unknown): string {
  if (!Array.isArray(content)) return textOf(content);
  const parts = content.map(fieldsOf).filter((part) => part['type'] === 'text' || part['type'] === 'output_text');
  return parts.map((part) => textOf(part['text'])).join('');
}

export function readCompletion(body: unknown): LooseCompletion {
  const root = fieldsOf(body);
  const choices = Array.isArray(root['choices']) ? root['choices'] : [];
  const choice = fieldsOf(choices[0]);
  const message = fieldsOf(choice['message']);
  const choiceError = findError({ error: choice['error'] });
  return {
    isCompletion: Array.isArray(root['choices']),
    hasChoice: choices.length > 0,
    text: contentOf(message['content']),
    rawFinish: textOf(choice['finish_reason']) || null,
    model: textOf(root['model']) || null,
    id: textOf(root['id']) || (typeof root['id'] === 'number' ? String(root['id']) : null),
    refusal: textOf(message['refusal']),
    hasToolCalls: Array.isArray(message['tool_calls'])
      ? message['tool_calls'].length > 0
      : 'function_call' in message && message['function_call'] !== null,
    error: choiceError ?? findError(body),
    errorInChoice: choiceError !== null,
    usage: root['usage'],
  };
}
