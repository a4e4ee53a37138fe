/** Where an answer of Ollama refuses after all, and what helps. */
import type { CallFailure } from '../../../core/call-failure.js';
import { type Fields, isFields } from '../../../core/fields.js';
import type { ModelCall } from '../../port.js';
import { type CallFacts, classifyBodyError } from '../../refusals/classify.js';
import { findError } from '../../refusals/error-facts.js';
import { type PromptCut, windowFor } from './prompt-cut.js';

/** Errors in a 200 have no status beside them: these sentences have one where they come alone (server/routes.go, llm/llama_server.go). */
const STATUS_OF: readonly [RegExp, number][] = [
  [/context (?:length|size|window)/i, 400],
  [/try pulling it first|model .{0,200} not found/i, 404],
  [/server (?:busy|overloaded)|maximum pending requests/i, 503],
];

/** An error beside or instead of the answer; `begun`: some of it was there. Null for none. */
export function bodyFailure(facts: CallFacts, body: Fields, begun: boolean): CallFailure | null {
  const found = findError({ error: body['error'], status: body['status'] });
  if (found === null) return null;
  const { message } = found;
  const status = typeof message === 'string' ? STATUS_OF.find(([words]) => words.test(message))?.[1] : undefined;
  const named =
    isFields(body['error']) || typeof body['status'] === 'number' || status === undefined ? found : { ...found, status };
  return classifyBodyError(facts, 200, named, begun);
}

/** Hosted: nobody but Ollama gets models there. */
const HOSTED = 'ollama.com';

/** The command that brings a model that the server does not have. In front, so that the cut of long messages never takes it. */
export function withPull(failure: CallFailure, { apiBase, model: { model } }: ModelCall): CallFailure {
  if (failure.code !== 'E_MODEL_UNKNOWN' || new URL(apiBase).hostname === HOSTED) return failure;
  return { ...failure, message: `type where Ollama runs: ollama pull ${model} (${failure.message})`.slice(0, 200) };
}

/** The row fails as one that does not fit: what was asked was not answered. What the server did is booked as it says; a local one costs nothing. */
export function cutFailure({ counted, tokens }: PromptCut, { maxTokens }: ModelCall): CallFailure {
  const window = windowFor(tokens, maxTokens);
  const remedy = `write extra_body: {options: {num_ctx: ${window}}}, or update Ollama, which then refuses such prompts`;
  return {
    ...{ ok: false, class: 'row', code: 'E_ROW_TOO_LONG', refusal: { kind: 'row' }, status: 200 },
    message: `the server cut the prompt and read ${counted} of about ${tokens} tokens: ${remedy}`,
    ...{ retryAfterMs: null, mayHaveBeenBilled: true },
  };
}
