/** Requests of the Messages API, for any base that speaks it. */

import { AnthropicMessagesLanguageModel } from '@ai-sdk/anthropic/internal';
import type { LanguageModelV3, LanguageModelV3CallOptions } from '@ai-sdk/provider';
import { isFields } from '../../../core/fields.js';
import { marked, repeatedIn } from './cache.js';

/** The only version that there is (platform.claude.com/docs/en/api/versioning, November 2026); a header of the task holds over it. */
const VERSION = '2023-06-01';

type Body = Record<string, unknown>;

export function messagesModel(apiBase: string, model: string, send: typeof fetch): Pick<LanguageModelV3, 'doGenerate'> {
  const { origin, pathname, search } = new URL(apiBase);
  // A base may have a query: it goes behind the path of the request.
  const url = `${origin}${pathname.replace(/\/+$/, '')}/messages${search}`;
  const settings = {
    provider: 'anthropic.messages',
    baseURL: origin,
    headers: { 'anthropic-version': VERSION, 'user-agent': 'durable-swarm' },
    fetch: send,
    buildRequestUrl: () => url,
  };
  return {
    doGenerate: (options: LanguageModelV3CallOptions) => {
      const { maxOutputTokens, prompt, providerOptions } = options;
      const transformRequestBody = (body: Body) => asAsked(body, maxOutputTokens);
      // Nothing but names is made of it, so each call has its own.
      const built = new AnthropicMessagesLanguageModel(model, { ...settings, transformRequestBody });
      return built.doGenerate({ ...options, prompt: marked(prompt, model, repeatedIn(providerOptions)) });
    },
  };
}

/** The package lowers the limit to what it thinks a model can, and adds a budget of thinking to it; what was reserved is this one. */
function asAsked(body: Body, maxTokens: number | undefined): Body {
  const messages = Array.isArray(body['messages']) ? body['messages'].map(withoutBlanks).filter(hasContent) : [];
  return { ...body, max_tokens: maxTokens, messages };
}

/** The API answers with text of blanks alone, and refuses it when it comes back (`text content blocks must contain non-whitespace text`). */
function withoutBlanks(message: unknown): unknown {
  if (!isFields(message) || message['role'] !== 'assistant' || !Array.isArray(message['content'])) return message;
  return { ...message, content: message['content'].filter((block) => !isBlank(block)) };
}

function isBlank(block: unknown): boolean {
  return isFields(block) && block['type'] === 'text' && typeof block['text'] === 'string' && block['text'].trim() === '';
}

function hasContent(message: unknown): boolean {
  return isFields(message) && (!Array.isArray(message['content']) || message['content'].length > 0);
}
