/** The OpenAI Responses wire: how answers are written. */
import type { ChatRequest, Completion } from '../exchange.js';
import { openAiModels } from './openai-models.js';
import { readResponsesRequest } from './responses-request.js';
import { encrypted, messageId, thoughtsId } from './responses-thoughts.js';
import type { SimulatedWire } from './wire.js';

type Item = Record<string, unknown>;
interface Response extends Item {
  status: string;
  output: Item[];
}

/** How a response stands, by the ending of the chat wire; any other word is a reason that nobody knows. */
function endingOf({ choices, failure }: Completion): Pick<Response, 'status' | 'error' | 'incomplete_details'> {
  const finish = choices[0]?.finish_reason ?? 'stop';
  const whole = { error: null, incomplete_details: null };
  if (failure !== undefined || finish === 'error') {
    const message = failure ?? 'The model failed to generate a response.';
    return { ...whole, status: 'failed', error: { code: 'server_error', message } };
  }
  if (finish === 'stop') return { ...whole, status: 'completed' };
  if (finish === 'in_progress') return { ...whole, status: finish };
  const reason = finish === 'length' ? 'max_output_tokens' : finish;
  return { ...whole, status: 'incomplete', incomplete_details: { reason } };
}

function usageOf({ usage }: Completion): Item | undefined {
  return (
    usage && {
      input_tokens: usage.prompt_tokens,
      input_tokens_details: usage.prompt_tokens_details,
      output_tokens: usage.completion_tokens,
      output_tokens_details: usage.completion_tokens_details,
      total_tokens: usage.total_tokens,
    }
  );
}

function thoughtsOf(key: string, { thoughts }: ChatRequest): Item {
  const summary = thoughts?.summary ? [`About ${key.slice(0, 4)}.`, `Then ${key.slice(4, 8)}.`] : [];
  return {
    id: thoughtsId(key),
    type: 'reasoning',
    summary: summary.map((text) => ({ type: 'summary_text', text })),
    encrypted_content: thoughts?.encrypted ? encrypted(key) : null,
  };
}

function outputOf(completion: Completion, request: ChatRequest): Item[] {
  const [choice] = completion.choices;
  if (choice === undefined || choice.finish_reason === 'in_progress') return [];
  const key = completion.id.replace('chatcmpl-', '');
  const hasThoughts = (completion.usage?.completion_tokens_details.reasoning_tokens ?? 0) > 0;
  const { content, refusal } = choice.message;
  const part =
    refusal === undefined ? { type: 'output_text', text: content ?? '', annotations: [] } : { type: 'refusal', refusal };
  const status = choice.finish_reason === 'length' ? 'incomplete' : 'completed';
  const message = { id: messageId(key, hasThoughts), type: 'message', role: 'assistant', status, content: [part] };
  // All of the limit went into thoughts.
  const isThere = content !== '' || choice.finish_reason !== 'length';
  return [...(hasThoughts ? [thoughtsOf(key, request)] : []), ...(isThere ? [message] : [])];
}

function responseOf(completion: Completion, request: ChatRequest): Response {
  return {
    id: completion.id.replace('chatcmpl-', 'resp_'),
    object: 'response',
    created_at: completion.created,
    ...endingOf(completion),
    model: completion.model,
    output: outputOf(completion, request),
    store: false,
    usage: usageOf(completion),
  };
}

/** As server-sent events: the items one after the other, their text in pieces of about 8 words, and the whole at the end. */
function eventStream(response: Response): string {
  const events: Item[] = [];
  const begun = { ...response, status: 'in_progress', output: [], usage: null };
  events.push({ type: 'response.created', response: begun }, { type: 'response.in_progress', response: begun });
  for (const [at, item] of response.output.entries()) {
    events.push({ type: 'response.output_item.added', output_index: at, item: { ...item, status: 'in_progress', content: [] } });
    const [part] = (item['content'] ?? []) as { text?: string }[];
    for (const delta of part?.text?.match(/(?:\S+\s*){1,8}/g) ?? [])
      events.push({ type: 'response.output_text.delta', item_id: item['id'], output_index: at, content_index: 0, delta });
    events.push({ type: 'response.output_item.done', output_index: at, item });
  }
  events.push({ type: `response.${response.status}`, response });
  return events
    .map((event, at) => `event: ${event['type']}\ndata: ${JSON.stringify({ ...event, sequence_number: at })}\n\n`)
    .join('');
}

export const responsesWire: SimulatedWire = {
  takes: (path) => path.replace(/^\/v1(?=\/)/, '') === '/responses',
  read: readResponsesRequest,
  answer: (completion, request) => {
    const response = responseOf(completion, request);
    return request.stream || completion.oddity === 'unasked_stream'
      ? { type: 'text/event-stream', body: eventStream(response) }
      : { type: 'application/json', body: JSON.stringify(response) };
  },
  error: (_status, body) => body,
  models: openAiModels,
};
