/**
 * What can go wrong with a call, by name. Three kinds:
 * - `refuse`: a status of 4xx or 5xx; not billed.
 * - `alter`: a 200 whose completion is unusual; billed.
 * - `break`: the model worked, but what arrives is not its completion; billed.
 */

import { uniform } from './draw.js';
import { type ChatRequest, type Completion, errorBody } from './exchange.js';

export type BreakKind =
  | 'error200'
  | 'malformed'
  | 'html'
  | 'truncated'
  | 'reset'
  | 'hang'
  | 'slow'
  | 'blanks'
  | 'gzip_bomb'
  | 'huge';

export type Fault =
  | { kind: 'refuse'; status: number; body: string; type?: 'html'; retryAfter?: boolean }
  | { kind: 'alter'; alter: (completion: Completion, request: ChatRequest) => void }
  | { kind: 'break'; how: BreakKind };

function refuse(status: number, message: string, type: string, code: string | null, retryAfter = false): Fault {
  return { kind: 'refuse', status, body: errorBody(message, type, code), retryAfter };
}

function gatewayPage(status: number, title: string): Fault {
  return {
    kind: 'refuse',
    status,
    type: 'html',
    body: `<html><head><title>${status} ${title}</title></head><body>${title}</body></html>`,
  };
}

/** An error in Google's shape; `details` as in its RPC error model. */
function google(status: number, message: string, details: object[]): Fault {
  return {
    kind: 'refuse',
    status,
    body: JSON.stringify({ error: { code: status, message, status: 'RESOURCE_EXHAUSTED', details } }),
  };
}

function money(code: string): Fault {
  return refuse(429, 'You exceeded your current quota, please check your plan and billing details.', 'insufficient_quota', code);
}

function alter(change: (choice: Completion['choices'][number], completion: Completion, request: ChatRequest) => void): Fault {
  return {
    kind: 'alter',
    alter: (completion, request) => {
      const choice = completion.choices[0];
      if (choice) change(choice, completion, request);
    },
  };
}

/** The first half of the answer, with another ending. */
function half(choice: Completion['choices'][number], ending: string): void {
  const text = choice.message.content ?? '';
  choice.message.content = text.slice(0, Math.ceil(text.length / 2));
  choice.finish_reason = ending;
}

/** No text, and this ending. */
function endsWith(ending: string): Fault {
  return alter((choice) => {
    choice.message.content = '';
    choice.finish_reason = ending;
  });
}

/** For one wire: an answer whose form alone is odd. */
function odd(name: string): Fault {
  return alter((_choice, completion) => {
    completion.oddity = name;
  });
}

/** The same answer in other words. */
function says(change: (text: string) => string): Fault {
  return alter((choice) => {
    choice.message.content = change(choice.message.content ?? '');
  });
}

/** Usage of a broken meter: every count is `value`. The log keeps the true counts. */
function meter(value: number): Fault {
  return alter((_choice, completion) => {
    completion.usage = {
      prompt_tokens: value,
      completion_tokens: value,
      total_tokens: value,
      prompt_tokens_details: { cached_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    };
  });
}

function breaks(how: BreakKind): Fault {
  return { kind: 'break', how };
}

export const FAULTS: Readonly<Record<string, Fault>> = {
  '400': refuse(400, 'Invalid request: this row is refused by the simulated provider.', 'invalid_request_error', 'invalid_value'),
  '401': refuse(401, 'Incorrect API key provided.', 'invalid_request_error', 'invalid_api_key'),
  '402': refuse(402, 'Insufficient Balance', 'unknown_error', 'invalid_request_error'),
  '403': refuse(403, 'You are not allowed to use this model.', 'permission_error', 'permission_denied'),
  '404': refuse(404, 'The model does not exist or you do not have access to it.', 'invalid_request_error', 'model_not_found'),
  '408': refuse(408, 'Request timed out.', 'timeout', null),
  '409': refuse(409, 'The request conflicted with another request.', 'conflict', null),
  '413': refuse(413, 'Request too large on tokens per minute: Limit 8000, Requested 20449.', 'tokens', 'rate_limit_exceeded'),
  '422': refuse(422, 'The request could not be processed.', 'invalid_request_error', null),
  '429': refuse(429, 'Rate limit reached. Please try again later.', 'requests', 'rate_limit_exceeded', true),
  '498': refuse(498, 'Flex tier capacity exceeded.', 'capacity', 'capacity_exceeded'),
  '499': refuse(499, 'The request was cancelled.', 'cancelled', null),
  '500': refuse(500, 'The server had an error while processing your request.', 'server_error', null),
  '502': gatewayPage(502, 'Bad Gateway'),
  '503': refuse(503, 'The server is overloaded. Please try again later.', 'server_error', 'server_is_overloaded', true),
  '504': gatewayPage(504, 'Gateway Time-out'),
  '529': refuse(529, 'Overloaded', 'overloaded_error', null),
  credit_balance_exhausted: money('credit_balance_exhausted'),
  organization_usage_limit_exceeded: money('organization_usage_limit_exceeded'),
  organization_spend_limit_exceeded: money('organization_spend_limit_exceeded'),
  project_spend_limit_exceeded: money('project_spend_limit_exceeded'),
  // Anthropic's monthly limit: a 429 without any wait.
  enforced_spend_limit: refuse(
    429,
    'Your organization reached its spend limit.',
    'rate_limit_error',
    'enforced_spend_limit_reached',
  ),
  // OpenRouter: money reserved by other calls in flight; retryable.
  in_flight_budget: refuse(
    402,
    'Too much is reserved by requests in flight.',
    'openrouter_in_flight_budget',
    'openrouter_in_flight_budget',
    true,
  ),
  // Gemini names its waits in the body only.
  retry_info: google(429, 'You exceeded your current quota. Please retry in 2s.', [
    { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '2s' },
  ]),
  daily_quota: google(429, 'You exceeded your current quota.', [
    {
      '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
      violations: [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier', quotaValue: '250' }],
    },
  ]),
  length: alter((choice) => half(choice, 'length')),
  filter: endsWith('content_filter'),
  refusal: alter((choice) => {
    choice.message.content = null;
    choice.message.refusal = 'I cannot help with that.';
  }),
  finish_unknown: alter((choice) => {
    choice.finish_reason = 'paused_for_tea';
  }),
  // Anthropic: the answer goes on when it comes back; the second never ends.
  pause_turn: alter((choice, _completion, { messages }) => {
    if (messages.at(-1)?.role !== 'assistant') half(choice, 'pause_turn');
  }),
  pause_always: alter((choice) => half(choice, 'pause_turn')),
  window_full: alter((choice) => half(choice, 'model_context_window_exceeded')),
  finish_error: alter((choice) => {
    choice.finish_reason = 'error';
  }),
  // Gemini's endings: refusals after the prompt was taken, faults of the model, and one that it wants to go on by itself.
  recitation: endsWith('recitation'),
  prohibited_content: endsWith('prohibited_content'),
  malformed_function_call: endsWith('malformed_function_call'),
  unexpected_tool_call: endsWith('unexpected_tool_call'),
  language: endsWith('language'),
  continuation: alter((choice) => half(choice, 'continuation')),
  // As of one that works in the background: nobody asked for that.
  unfinished: alter((choice) => {
    choice.message.content = '';
    choice.finish_reason = 'in_progress';
  }),
  empty: alter((_choice, completion) => {
    completion.choices = [];
  }),
  blank: alter((choice) => {
    choice.message.content = '';
  }),
  // Answers that are to be JSON, or a label: what some models make of it.
  schema_miss: says(() => '{"unexpected": true}'),
  schema_fenced: says((text) => `Here it is:\n\n\`\`\`json\n${text}\n\`\`\``),
  schema_think: says((text) => `<think>\nIs it {"draft": 1}? No.\n</think>\n\n${text}`),
  schema_slip: says((text) => text.replace(/([}\]])$/, ',$1')),
  schema_open: says((text) => text.slice(0, -1)),
  schema_twice: says((text) => `${text}\n${text}`),
  no_usage: alter((_choice, completion) => {
    delete completion.usage;
  }),
  zero_usage: meter(0),
  negative_usage: meter(-7),
  absurd_usage: meter(1e15),
  error_midway: alter((_choice, completion) => {
    completion.failure = 'an error was encountered while running the model';
  }),
  // Forms that several of them have: events that nobody asked for, an answer without its ending.
  unasked_stream: odd('unasked_stream'),
  no_finish: odd('no_finish'),
  // Anthropic's own forms: thoughts that cannot be read or have no text, a search that it ran, one that failed, text with its sources.
  redacted_thinking: odd('redacted_thinking'),
  hidden_thinking: odd('hidden_thinking'),
  web_search: odd('web_search'),
  web_search_error: odd('web_search_error'),
  citations: odd('citations'),
  // Gemini's own forms: calls without ids, a signature in a part of its own, no field at all, a list of pieces.
  calls: odd('calls'),
  loose_signature: odd('loose_signature'),
  no_fields: odd('no_fields'),
  unasked_list: odd('unasked_list'),
  // Ollama, where it does not know that it should refuse: half of a window of 4,096 tokens is left of the prompt.
  prompt_cut: alter((_choice, { usage }) => {
    if (usage) usage.prompt_tokens = Math.min(usage.prompt_tokens, 2_050);
  }),
  // Ollama, when it was asked nothing.
  load: endsWith('load'),
  other_model: alter((_choice, completion) => {
    completion.model = `${completion.model}-next`;
  }),
  error200: breaks('error200'),
  malformed: breaks('malformed'),
  html: breaks('html'),
  truncated: breaks('truncated'),
  reset: breaks('reset'),
  hang: breaks('hang'),
  slow: breaks('slow'),
  blanks: breaks('blanks'),
  gzip_bomb: breaks('gzip_bomb'),
  huge: breaks('huge'),
};

/** Shares of calls that get a fault, tried in this order; `model`: of the calls of that one alone. */
export type FaultShares = readonly { name: string; share: number; model?: string }[];

export function sharesOf(shares: FaultShares, model: string): FaultShares {
  return shares.filter((share) => share.model === undefined || share.model === model);
}

/** The fault of one attempt: a function of seed, key and attempt number, so that a retry may fare better. */
export function drawFault(shares: FaultShares, seed: string, key: string, attempt: number): string | null {
  if (shares.length === 0) return null;
  let left = uniform(`${seed}/${key}/${attempt}/fault`);
  for (const { name, share } of shares) {
    if (left < share) return name;
    left -= share;
  }
  return null;
}
