/** Ollama's own chat: what is read from a request, and how answers are written. After docs.ollama.com/api/chat and server/routes.go of ollama/ollama. */
import type { Completion } from '../exchange.js';
import { readFields } from './ollama-request.js';
import type { SimulatedWire } from './wire.js';

/** Fixed, so that the same request gives the same bytes. */
const CREATED = '2026-01-01T00:00:00Z';
/** Words of a chat completion that this API calls otherwise. */
const DONE_REASON: Readonly<Record<string, string>> = { content_filter: 'stop', tool_calls: 'stop' };

/** The end of an answer with its counts; the API leaves out what is 0. */
function last({ choices: [choice], usage }: Completion): object {
  const reason = choice?.finish_reason ?? 'load';
  const { prompt_tokens: prompt = 0, completion_tokens: output = 0 } = usage ?? {};
  const cached = usage?.prompt_tokens_details.cached_tokens ?? 0;
  return {
    done: true,
    done_reason: DONE_REASON[reason] ?? reason,
    total_duration: 1_000_000,
    load_duration: 1_000,
    ...(prompt === 0 ? {} : { prompt_eval_count: prompt }),
    ...(cached === 0 ? {} : { prompt_eval_cached_count: cached }),
    ...(output === 0 ? {} : { eval_count: output }),
  };
}

/** Hidden tokens are thoughts here, which anybody may read. */
function thoughtsOf({ usage }: Completion): string {
  const tokens = usage?.completion_tokens_details.reasoning_tokens ?? 0;
  return tokens <= 0 ? '' : Array.from({ length: tokens }, (_, at) => `thought-${at + 1}`).join(' ');
}

function messageOf(completion: Completion): { role: 'assistant'; content: string; thinking?: string } {
  const { content = '', refusal } = completion.choices[0]?.message ?? {};
  const thinking = thoughtsOf(completion);
  return { role: 'assistant', content: content ?? refusal ?? '', ...(thinking === '' ? {} : { thinking }) };
}

/** A JSON object a line: pieces of about 8 words, thoughts first, and the end. An error in mid stream takes the place of the rest. */
function lines(completion: Completion): string {
  const { content, thinking = '' } = messageOf(completion);
  const base = { model: completion.model, created_at: CREATED };
  const pieces = (text: string) => text.match(/(?:\S+\s*){1,8}/g) ?? [];
  const piece = (fields: object) => ({ ...base, message: { role: 'assistant', content: '', ...fields }, done: false });
  const begun = [
    ...pieces(thinking).map((each) => piece({ thinking: each })),
    ...pieces(content).map((each) => piece({ content: each })),
  ];
  const { failure } = completion;
  const events =
    failure === undefined
      ? [...begun, { ...base, message: { role: 'assistant', content: '' }, ...last(completion) }]
      : [...begun.slice(0, Math.ceil(begun.length / 2)), { error: failure }];
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}

/** Sentences of the other wire that this API has words of its own for. */
function ownWords(status: number, message: string): string {
  const [window, asked] = message.match(/\d+/g) ?? [];
  if (/maximum context length/.test(message)) {
    return `request (${asked} tokens) exceeds the available context size (${window} tokens), try increasing it`;
  }
  const model = /model `(.*?)`/.exec(message)?.[1];
  if (status === 404) return `model '${model ?? 'unknown'}' not found`;
  return status === 503 ? 'server busy, please try again.  maximum pending requests exceeded' : message;
}

function modelList(names: readonly string[]): string {
  const details = { format: 'gguf', family: 'sim', families: ['sim'], parameter_size: '1B', quantization_level: 'Q4_0' };
  const models = names.map((name) => ({ name, model: name, modified_at: CREATED, size: 1_000_000, digest: 'sim', details }));
  return JSON.stringify({ models });
}

export const ollamaWire: SimulatedWire = {
  takes: (path) => path === '/api/chat',
  read: readFields,
  answer(completion, request) {
    if (request.stream || completion.failure !== undefined) {
      return { type: 'application/x-ndjson', body: lines(completion) };
    }
    const body = { model: completion.model, created_at: CREATED, message: messageOf(completion), ...last(completion) };
    return { type: 'application/json; charset=utf-8', body: JSON.stringify(body) };
  },
  error(status, body) {
    const { error } = JSON.parse(body) as { error: { message: string } };
    return JSON.stringify({ error: ownWords(status, error.message) });
  },
  models: (path, names) => (path === '/api/tags' ? modelList(names) : null),
};
