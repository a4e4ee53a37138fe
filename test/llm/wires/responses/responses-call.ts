/** Calls and answers of the Responses wire. */
import type { ModelCall } from '../../../../src/llm/port.js';
import { modelCall } from '../../model-call.js';

/** A call over this wire; fields may be replaced. */
export function responsesCall(base: string, more: Partial<ModelCall> = {}): ModelCall {
  const call = modelCall(base, more);
  return { ...call, model: { ...call.model, wire: 'responses' } };
}

/** A message of the model. */
export function message(text: string, more: object = {}): object {
  const content = [{ type: 'output_text', text, annotations: [] }];
  return { id: 'msg_1', type: 'message', role: 'assistant', status: 'completed', content, ...more };
}

/** A response with some fields replaced. */
export function response(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'resp_1',
    object: 'response',
    created_at: 1_790_000_000,
    status: 'completed',
    error: null,
    incomplete_details: null,
    model: 'served-1',
    output: [message('four')],
    usage: {
      input_tokens: 11,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 3,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 14,
    },
    ...more,
  };
}
