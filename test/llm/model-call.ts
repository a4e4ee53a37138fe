import { userMessage } from '../../src/core/conversation/message.js';
import type { ModelCall } from '../../src/llm/port.js';

export const KEY = 'canary-key-0123456789';

/** A call to `base` with everything set; fields may be replaced. */
export function modelCall(base: string, more: Partial<ModelCall> = {}): ModelCall {
  return {
    model: { provider: 'openai', model: 'asked-1', apiBase: base, apiKeyEnv: 'A_KEY' },
    apiBase: base,
    apiKey: KEY,
    headers: {},
    messages: [userMessage('two and two?')],
    maxTokens: 50,
    settings: { temperature: null, topP: null },
    timeoutMs: 10_000,
    signal: new AbortController().signal,
    ...more,
  };
}
