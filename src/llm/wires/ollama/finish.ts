/**
 * How Ollama says that an answer ended (`done_reason`). Total: a word that is not here is `unknown`, never `stop`. So is no word: Ollama
 * leaves it out when the connection to its runner broke off (llm/llama_server.go, DoneReasonConnectionClosed), and versions before 0.1.38.
 */
import type { Finish } from '../../../core/model.js';

const FINISH: ReadonlyMap<string, Finish> = new Map<string, Finish>([
  ['stop', 'stop'],
  ['length', 'length'],
  // Nothing was asked: the model was loaded, or put away.
  ['load', 'error'],
  ['unload', 'error'],
  // Gateways that speak this API for other providers.
  ['error', 'error'],
  ['tool_calls', 'tool'],
  ['tool_use', 'tool'],
  ['content_filter', 'filter'],
  ['guardrail_intervened', 'filter'],
]);

/** `raw` as the server wrote it, in any case; null or '' when it gave none. */
export function finishOf(raw: string | null): Finish {
  return FINISH.get((raw ?? '').trim().toLowerCase()) ?? 'unknown';
}
