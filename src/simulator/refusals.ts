/** Calls that the provider does not take: wrong requests and limits. */

import { type ChatRequest, errorBody } from './exchange.js';
import type { Limits } from './limits.js';
import type { SimulatorSettings } from './options.js';
import { retryAfterHeaders } from './retry-after.js';

export interface Refusal {
  status: number;
  body: string;
  /** @default json */
  type?: 'html';
  /** Flat list. */
  headers?: string[];
  /** It comes with headers that tell what is left of the limits. @default false */
  tellsLimits?: boolean;
  /** Name of the fault that asked for it. */
  fault?: string;
}

/** A body that is not a chat request. */
export function unreadable(message: string): Refusal {
  return { status: 400, body: errorBody(message, 'invalid_request_error', null) };
}

/** A request that no waiting would help; null when it fits. `tokens` = prompt + output limit. */
export function unfit(settings: SimulatorSettings, request: ChatRequest, tokens: number): Refusal | null {
  const { models, contextWindow } = settings;
  if (models && !models.includes(request.model)) {
    const text = `The model \`${request.model}\` does not exist or you do not have access to it.`;
    return { status: 404, body: errorBody(text, 'invalid_request_error', 'model_not_found', 'model') };
  }
  if (tokens > contextWindow) {
    const text = `This model's maximum context length is ${contextWindow} tokens. You requested ${tokens} tokens.`;
    return { status: 400, body: errorBody(text, 'invalid_request_error', 'context_length_exceeded', 'messages') };
  }
  return null;
}

/** Where the provider stands as a request comes. */
export interface Standing {
  limits: Limits;
  inFlight: number;
  /** Monotonic ms. */
  now: number;
}

/** Headers that ask for a wait: the one that every refusal names, when there is one. */
export function waitHeaders({ retryAfter, namedWaitMs }: SimulatorSettings, waitMs: number): string[] {
  return retryAfterHeaders(retryAfter, namedWaitMs ?? waitMs, Date.now());
}

/** Takes a place under the limits, or says why there is none. What is left of them is told by whoever sends it. */
export function overLimit(settings: SimulatorSettings, { limits, inFlight, now }: Standing, tokens: number): Refusal | null {
  // With hidden limits a wait is named only when it is the same for all.
  const named = settings.namedWaitMs === null ? [] : waitHeaders(settings, settings.namedWaitMs);
  if (settings.maxInFlight !== null && inFlight >= settings.maxInFlight) {
    const body = errorBody('Too many requests at once.', 'concurrency', 'rate_limit_exceeded');
    return { status: 429, body, headers: named };
  }
  const admission = limits.admit(tokens, now);
  if (admission.kind === 'admitted') return null;
  if (admission.kind === 'never') {
    const text = `Request too large on tokens per minute: Limit ${admission.limit}, Requested ${tokens}.`;
    return { status: 413, body: errorBody(text, 'tokens', 'rate_limit_exceeded'), tellsLimits: true };
  }
  if (settings.hiddenLimits) {
    return { status: 429, body: errorBody('Rate limit reached.', admission.what, 'rate_limit_exceeded'), headers: named };
  }
  const text = `Rate limit reached on ${admission.what} per minute: Limit ${admission.limit}. Please try again in ${admission.waitMs}ms.`;
  const headers = waitHeaders(settings, admission.waitMs);
  return { status: 429, body: errorBody(text, admission.what, 'rate_limit_exceeded'), headers, tellsLimits: true };
}
