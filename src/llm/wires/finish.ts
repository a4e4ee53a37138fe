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
  // Gemini's further words (ai.google.dev/api/generate-content). The limit of one request, not of the answer, whose rest would be a second paid call:
  ['continuation', 'length'],
  ['image_safety', 'filter'],
  ['image_recitation', 'filter'],
  ['image_prohibited_content', 'filter'],
  ['model_armor', 'filter'], // Vertex AI
  // What the model made is of no use, and may come out better next time.
  ['other', 'error'], // cause unknown
  ['malformed_function_call', 'error'],
  ['malformed_response', 'error'],
  ['unexpected_tool_call', 'error'],
  ['too_many_tool_calls', 'error'],
  ['missing_thought_signature', 'error'],
  ['language', 'error'],
  ['no_image', 'error'],
  ['image_other', 'error'],
]);

/** `raw` as the provider wrote it, in any case; null or '' when it gave none. */
export function finishOf(raw: string | null | undefined): Finish {
  return FINISH.get((raw ?? '').trim().toLowerCase()) ?? 'unknown';
}
