/** One vocabulary for the endings of all providers. Total: a word that is not here is `unknown`, never `stop`. */
import type { Finish } from '../../core/model.js';

const FINISH: ReadonlyMap<string, Finish> = new Map<string, Finish>([
  ['stop', 'stop'],
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['eos', 'stop'], // Together
  ['eos_token', 'stop'],
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['max_output_tokens', 'length'],
  ['model_length', 'length'], // Mistral
  ['model_context_window_exceeded', 'length'],
  ['content_filter', 'filter'],
  ['refusal', 'filter'],
  ['safety', 'filter'],
  ['recitation', 'filter'],
  ['blocklist', 'filter'],
  ['prohibited_content', 'filter'],
  ['spii', 'filter'],
  ['sensitive', 'filter'],
  ['tool_calls', 'tool'],
  ['function_call', 'tool'],
  ['tool_use', 'tool'],
  ['pause_turn', 'pause'], // Anthropic, through gateways
  ['error', 'error'], // OpenRouter, Mistral
  ['insufficient_system_resource', 'error'], // DeepSeek
  ['network_error', 'error'],
  ['other', 'error'], // Gemini: cause unknown
  ['malformed_function_call', 'error'],
]);

/** `raw` as the provider wrote it, in any case; null or '' when it gave none. */
export function finishOf(raw: string | null | undefined): Finish {
  return FINISH.get((raw ?? '').trim().toLowerCase()) ?? 'unknown';
}
