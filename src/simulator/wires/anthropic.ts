/** The Anthropic Messages wire: how answers, errors and limits are written (platform.claude.com/docs/en/api, November 2026). */
import { type Fields, fieldsOf } from '../../core/fields.js';
import { digest } from '../draw.js';
import type { Completion } from '../exchange.js';
import type { NamesLimit } from '../limits.js';
import { messageEvents } from './anthropic-events.js';
import { readMessagesRequest } from './anthropic-request.js';
import { sealed } from './anthropic-seals.js';
import type { SimulatedWire } from './wire.js';

/** Endings of the chat wire in this one's words; others are written as they are. */
const STOP_REASONS: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  content_filter: 'refusal',
  tool_calls: 'tool_use',
};

function thoughtsOf({ id, usage, oddity }: Completion): Fields[] {
  const tokens = usage?.completion_tokens_details.reasoning_tokens ?? 0;
  if (!(tokens > 0) && oddity !== 'redacted_thinking' && oddity !== 'hidden_thinking') return [];
  if (oddity === 'redacted_thinking') return [{ type: 'redacted_thinking', data: sealed('redacted', id) }];
  const thinking = `The request ${id.slice(-8)} is thought about.`;
  const signature = sealed('thinking', thinking);
  return [{ type: 'thinking', thinking: oddity === 'hidden_thinking' ? '' : thinking, signature }];
}

/** A search that the provider ran, and what it found. */
function searchesOf({ id, oddity }: Completion): Fields[] {
  if (oddity !== 'web_search' && oddity !== 'web_search_error') return [];
  const use = `srvtoolu_${digest([id]).slice(0, 12)}`;
  const page = { type: 'web_search_result', url: 'https://example.org/a', title: 'A page', page_age: 'May 1, 2026' };
  const found = [{ ...page, encrypted_content: sealed('page', id) }];
  const failed = { type: 'web_search_tool_result_error', error_code: 'max_uses_exceeded' };
  return [
    { type: 'server_tool_use', id: use, name: 'web_search', input: { query: 'a page' } },
    { type: 'web_search_tool_result', tool_use_id: use, content: oddity === 'web_search' ? found : failed },
  ];
}

function textOf({ id, oddity }: Completion, text: string): Fields[] {
  if (text === '') return [];
  if (oddity !== 'citations' && oddity !== 'web_search') return [{ type: 'text', text }];
  const source = { url: 'https://example.org/a', title: 'A page', cited_text: 'words of it' };
  const citations = [{ type: 'web_search_result_location', ...source, encrypted_index: sealed('index', id) }];
  return [{ type: 'text', text, citations }];
}

function usageOf({ usage }: Completion): Fields | undefined {
  if (usage === undefined) return undefined;
  const { prompt_tokens: prompt, completion_tokens: output, prompt_tokens_details: details } = usage;
  const thoughts = usage.completion_tokens_details.reasoning_tokens;
  return {
    input_tokens: prompt - details.cached_tokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: details.cached_tokens,
    output_tokens: output,
    ...(thoughts > 0 ? { output_tokens_details: { thinking_tokens: thoughts } } : {}),
  };
}

function messageOf(completion: Completion): Fields {
  const { id, model, choices, oddity } = completion;
  const [choice] = choices;
  const { content = null, refusal } = choice?.message ?? {};
  const blocks = [...thoughtsOf(completion), ...searchesOf(completion), ...textOf(completion, content ?? refusal ?? '')];
  const ending = refusal === undefined ? (choice?.finish_reason ?? 'stop') : 'content_filter';
  const usage = usageOf(completion);
  return {
    id: `msg_${id.replace(/^chatcmpl-/, '')}`,
    type: 'message',
    role: 'assistant',
    model,
    content: choice === undefined ? [] : blocks,
    stop_reason: oddity === 'no_finish' ? null : Object.hasOwn(STOP_REASONS, ending) ? STOP_REASONS[ending] : ending,
    stop_sequence: null,
    ...(usage === undefined ? {} : { usage }),
  };
}

const ERROR_TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** Words that say more than the status go where this API has them. */
function errorOf(status: number, body: string): string {
  const error = fieldsOf(fieldsOf(JSON.parse(body))['error']);
  const { code, type: chatType } = error;
  const isMoney = chatType === 'insufficient_quota';
  const general = status >= 500 ? 'api_error' : 'invalid_request_error';
  const type = isMoney ? 'billing_error' : (ERROR_TYPES[status] ?? general);
  const details = code === 'enforced_spend_limit_reached' ? { details: { error_code: code } } : {};
  const message = String(error['message'] ?? '');
  const sentence = code === 'context_length_exceeded' ? `prompt is too long: ${message}` : message;
  return JSON.stringify({ type: 'error', error: { type, message: sentence, ...details }, request_id: `req_${digest([body])}` });
}

/** By the wall clock, as the API tells it. */
function timeIn(ms: number): string {
  const time = new Date();
  time.setTime(time.getTime() + ms);
  return time.toISOString();
}

const limit: NamesLimit = ({ unit, limit: most, remaining, resetMs }) => [
  `anthropic-ratelimit-${unit}-limit`,
  String(most),
  `anthropic-ratelimit-${unit}-remaining`,
  String(remaining),
  `anthropic-ratelimit-${unit}-reset`,
  timeIn(resetMs),
];

function modelList(names: readonly string[]): string {
  const data = names.map((id) => ({ type: 'model', id, display_name: id, created_at: '2026-01-01T00:00:00Z' }));
  return JSON.stringify({ data, has_more: false, first_id: names[0] ?? null, last_id: names.at(-1) ?? null });
}

const pathOf = (path: string) => path.replace(/^\/v1(?=\/)/, '');

export const anthropicWire: SimulatedWire = {
  takes: (path) => pathOf(path) === '/messages',
  read: (body, _path, headers) => readMessagesRequest(body, headers),
  answer(completion, request) {
    const message = messageOf(completion);
    const { failure, oddity } = completion;
    if (!request.stream && failure === undefined && oddity !== 'unasked_stream') {
      return { type: 'application/json', body: JSON.stringify(message) };
    }
    return { type: 'text/event-stream', body: messageEvents(message, failure) };
  },
  error: errorOf,
  models: (path, names, headers) =>
    pathOf(path) === '/models' && headers['anthropic-version'] !== undefined ? modelList(names) : null,
  limit,
};
