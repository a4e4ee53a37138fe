/**
 * How Ollama says that an answer ended (`done_reason`). No word is `unknown`, too: Ollama leaves it out when the connection to its runner broke
 * off (llm/llama_server.go, DoneReasonConnectionClosed), and so did old versions.
 */
import type { Finish } from '../../../core/model.js';
import { finishOf as common } from '../finish.js';

/** Nothing was asked: the model was loaded, or put away. */
const NOT_ASKED: ReadonlySet<string> = new Set<string>(['load', 'unload']);

/** `raw` as the server wrote it, in any case; null or '' when it gave none. */
export function finishOf(raw: string | null): Finish {
  return NOT_ASKED.has((raw ?? '').trim().toLowerCase()) ? 'error' : common(raw);
}
