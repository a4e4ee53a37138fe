/** Messages of the Anthropic API, and calls over its wire, for its tests. */
import type { ModelCall } from '../../../../src/llm/port.js';
import { modelCall } from '../../model-call.js';

/** A call over this wire; fields may be replaced. */
export function anthropicCall(base: string, more: Partial<ModelCall> = {}): ModelCall {
  const model = {
    provider: 'anthropic',
    model: 'claude-haiku-4-5',
    wire: 'anthropic' as const,
    apiBase: base,
    apiKeyEnv: 'A_KEY',
  };
  return modelCall(base, { model, ...more });
}

/** A message with some fields replaced. */
export function message(
  content: unknown = [{ type: 'text', text: 'four' }],
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-haiku-4-5-20251001',
    content,
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 11, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 3 },
    ...more,
  };
}

/** Events of a stream. */
export function stream(...events: ({ type: string } & Record<string, unknown>)[]): string {
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}
