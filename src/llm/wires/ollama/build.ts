/** Requests of Ollama's own chat, without a package: those there are cannot say what keeps a prompt whole. */
import type { LanguageModelV3, LanguageModelV3CallOptions } from '@ai-sdk/provider';
import { messagesOf, toolsOf } from './messages.js';

/** A JSON schema, or any JSON. */
function formatOf({ responseFormat }: LanguageModelV3CallOptions): { format?: unknown } {
  return responseFormat?.type === 'json' ? { format: responseFormat.schema ?? 'json' } : {};
}

/**
 * `truncate` and `shift` are both true unless they are sent, and then an over-long prompt is answered from what is left of it, without its
 * beginning and without a word (ollama/ollama issues 17889, 17427, pull request 18399). Which of the two acts depends on the model's template.
 * Refused as false are prompts of both: HTTP 400. `num_ctx` is only what a task writes in extra_body: another one loads the model anew.
 */
function bodyOf(model: string, options: LanguageModelV3CallOptions): object {
  const tools = toolsOf(options);
  return {
    model,
    messages: messagesOf(options.prompt),
    stream: false,
    truncate: false,
    shift: false,
    // -1, its default, is no limit at all.
    options: { num_predict: options.maxOutputTokens },
    ...formatOf(options),
    ...(tools.length === 0 ? {} : { tools }),
  };
}

export function ollamaModel(apiBase: string, model: string, send: typeof fetch): Pick<LanguageModelV3, 'doGenerate'> {
  const url = new URL(apiBase);
  const address = `${url.origin}${url.pathname.replace(/\/+$/, '')}/api/chat${url.search}`;
  return {
    async doGenerate(options) {
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'durable-swarm',
        ...(options.headers as Record<string, string>),
      };
      await send(address, { method: 'POST', headers, body: JSON.stringify(bodyOf(model, options)) });
      throw new Error('the answer to a request goes past what built it');
    },
  };
}
