/** The OpenAI Chat Completions wire: what is read from a request, and how answers are written. */
import type { ChatRequest, Completion } from '../exchange.js';
import { openAiModels } from './openai-models.js';
import type { SimulatedWire } from './wire.js';

function textOf(content: unknown): string | null {
  if (typeof content === 'string') return content;
  if (content === null || content === undefined) return '';
  if (!Array.isArray(content)) return null;
  return content.map((part: { text?: unknown }) => (typeof part?.text === 'string' ? part.text : '')).join('');
}

function wholePositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0;
}

/** The request in a body, or the text of an error 400. */
export function readChatRequest(body: string): ChatRequest | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return 'We could not parse the JSON body of your request.';
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return 'The body must be a JSON object.';
  const raw = parsed as Record<string, unknown>;
  if (typeof raw['model'] !== 'string' || raw['model'] === '') return 'you must provide a model parameter';
  const list = raw['messages'];
  if (!Array.isArray(list) || list.length === 0) return "Invalid 'messages': a list with at least one message is required.";
  const messages: ChatRequest['messages'] = [];
  for (const [position, message] of (list as { role?: unknown; content?: unknown }[]).entries()) {
    const content = textOf(message?.content);
    if (typeof message?.role !== 'string' || content === null)
      return `Invalid 'messages[${position}]': role and content are required.`;
    messages.push({ role: message.role, content });
  }
  const limit = raw['max_completion_tokens'] ?? raw['max_tokens'] ?? null;
  if (limit !== null && !wholePositive(limit)) return "Invalid 'max_tokens': a whole number of at least 1 is required.";
  return {
    model: raw['model'],
    messages,
    maxTokens: limit,
    stream: raw['stream'] === true,
    schema: (raw['response_format'] as { json_schema?: { schema?: unknown } } | null | undefined)?.json_schema?.schema,
    includeUsage: (raw['stream_options'] as { include_usage?: unknown } | undefined)?.include_usage === true,
  };
}

/** A completion as server-sent events: pieces of about 8 words, the ending, usage when asked for, and the end mark. */
export function eventStream(completion: Completion, includeUsage: boolean): string {
  const { usage, choices, ...head } = completion;
  const base = { ...head, object: 'chat.completion.chunk' };
  const events: unknown[] = [];
  for (const { index, message, finish_reason } of choices) {
    const pieces = message.content?.match(/(?:\S+\s*){1,8}/g) ?? [];
    events.push({ ...base, choices: [{ index, delta: { role: message.role, content: '' }, finish_reason: null }] });
    for (const content of pieces) events.push({ ...base, choices: [{ index, delta: { content }, finish_reason: null }] });
    events.push({ ...base, choices: [{ index, delta: {}, finish_reason }] });
  }
  if (includeUsage) events.push({ ...base, choices: [], usage });
  return `${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`;
}

/** As OpenRouter says it. */
function withFailure({ failure, oddity: _, ...completion }: Completion): Completion {
  if (failure === undefined) return completion;
  const error = { code: 502, message: failure };
  return { ...completion, choices: completion.choices.map((choice) => ({ ...choice, finish_reason: 'error', error })) };
}

export const chatWire: SimulatedWire = {
  // Also where Gemini has it.
  takes: (path) => path.replace(/^\/v1(?:beta\/openai)?(?=\/)/, '') === '/chat/completions',
  read: readChatRequest,
  answer(completion, request) {
    const sent = withFailure(completion);
    return request.stream
      ? { type: 'text/event-stream', body: eventStream(sent, request.includeUsage) }
      : { type: 'application/json', body: JSON.stringify(sent) };
  },
  error: (_status, body) => body,
  models: openAiModels,
};
