/** Google's generateContent: how answers, their stream, errors and the list of models are written. */
import { type Fields, fieldsOf } from '../../core/fields.js';
import { SIM_CONTEXT_TOKENS } from '../../core/money/price.js';
import type { Completion } from '../exchange.js';
import { readRequest } from './gemini-request.js';
import { turnSignature } from './gemini-signatures.js';
import type { SimulatedWire } from './wire.js';

/** Model and verb of a request; the version may be another, or none. */
const REQUEST_PATH = /^(?:\/v1(?:beta|alpha)?)?\/models\/([^/:]+):(generateContent|streamGenerateContent)$/;

const FINISH: Readonly<Record<string, string>> = {
  stop: 'STOP',
  length: 'MAX_TOKENS',
  content_filter: 'SAFETY',
  error: 'OTHER',
  tool_calls: 'STOP',
};

/** Its JSON has no counts of zero. */
function countsOf(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

function usageOf({ usage }: Completion): Fields {
  if (usage === undefined) return {};
  const reasoning = usage.completion_tokens_details.reasoning_tokens;
  const usageMetadata = countsOf({
    promptTokenCount: usage.prompt_tokens,
    cachedContentTokenCount: usage.prompt_tokens_details.cached_tokens,
    candidatesTokenCount: usage.completion_tokens - reasoning,
    thoughtsTokenCount: reasoning,
    totalTokenCount: usage.total_tokens,
  });
  return { usageMetadata };
}

/** Calls that an answer asks for, the first of them signed. */
const CALLS: readonly Fields[] = [
  { functionCall: { name: 'look', args: { at: 1 } } },
  { functionCall: { name: 'look', args: { at: 2 } } },
];

/** The signature stands with the last text, or with the first call: where the model thought, there is one. */
function partsOf(completion: Completion, thinks: boolean | null): Fields[] {
  const { oddity, usage, choices } = completion;
  const text = choices[0]?.message.content ?? '';
  const said: Fields[] = oddity === 'calls' ? CALLS.map((call) => ({ ...call })) : text === '' ? [] : [{ text }];
  const thought = (usage?.completion_tokens_details.reasoning_tokens ?? 0) > 0;
  const thoughts: Fields[] = thought && thinks === true ? [{ text: `Thinking about ${completion.id}.`, thought: true }] : [];
  const [first] = said;
  if (first === undefined || (!thought && oddity !== 'calls' && oddity !== 'loose_signature')) return [...thoughts, ...said];
  const signature = turnSignature(said);
  if (oddity === 'loose_signature') return [...thoughts, ...said, { text: '', thoughtSignature: signature }];
  return [...thoughts, { ...first, thoughtSignature: signature }, ...said.slice(1)];
}

function finishOf({ oddity, choices }: Completion): Fields {
  const raw = choices[0]?.finish_reason ?? 'stop';
  if (oddity === 'no_finish') return {};
  const finishReason = FINISH[raw] ?? raw.toUpperCase();
  return { finishReason, ...(finishReason === 'CONTINUATION' ? { continuationToken: 'more' } : {}) };
}

/** A refusal of the model is one of the prompt here: there is no candidate then. */
function isBlocked({ choices }: Completion): boolean {
  return choices[0]?.message.refusal !== undefined;
}

function answerOf(completion: Completion, thinks: boolean | null): Fields {
  if (completion.oddity === 'no_fields') return {};
  const rest = { ...usageOf(completion), modelVersion: completion.model, responseId: completion.id };
  if (isBlocked(completion)) return { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, ...rest };
  if (completion.choices.length === 0) return rest;
  const parts = partsOf(completion, thinks);
  const content = { ...(parts.length === 0 ? {} : { parts }), role: 'model' };
  return { candidates: [{ content, ...finishOf(completion), index: 0 }], ...rest };
}

/** The pieces of an answer: about 8 words of its text each, the ending and the counts in the last. */
function piecesOf(answer: Fields): Fields[] {
  const { candidates, usageMetadata, ...rest } = answer;
  const [candidate] = (candidates ?? []) as Fields[];
  if (candidate === undefined) return [answer];
  const parts = (fieldsOf(candidate['content'])['parts'] ?? []) as Fields[];
  const pieces = parts.flatMap((part) => {
    const { text, thoughtSignature, ...more } = part;
    const words = typeof text === 'string' ? (text.match(/(?:\S+\s*){1,8}/g) ?? []) : [];
    if (words.length < 2) return [part];
    const signature = thoughtSignature === undefined ? [] : [{ text: '', thoughtSignature }];
    return [...words.map((word) => ({ ...more, text: word })), ...signature];
  });
  const prompt = { usageMetadata: { promptTokenCount: fieldsOf(usageMetadata)['promptTokenCount'] } };
  const begun = pieces.map((part) => ({
    candidates: [{ content: { parts: [part], role: 'model' }, index: 0 }],
    ...prompt,
    ...rest,
  }));
  const { content: _, ...ending } = candidate;
  return [
    ...begun,
    {
      candidates: [{ ...ending, content: { role: 'model' } }],
      ...(usageMetadata === undefined ? {} : { usageMetadata }),
      ...rest,
    },
  ];
}

function eventsOf(pieces: readonly Fields[]): string {
  return pieces.map((piece) => `data: ${JSON.stringify(piece)}\r\n\r\n`).join('');
}

/** Names of its statuses (google.rpc.Code), as they stand beside the number. */
const STATUS: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  413: 'INVALID_ARGUMENT',
  422: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** What other wires have as a code is the reason in a detail here. */
function errorOf(status: number, body: string): string {
  const error = fieldsOf(fieldsOf(JSON.parse(body))['error']);
  if (typeof error['status'] === 'string') return body;
  const { message, code: reason } = error;
  const details = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'googleapis.com' }];
  const own = { code: status, message, status: STATUS[status] ?? 'UNKNOWN', ...(reason === null ? {} : { details }) };
  return JSON.stringify({ error: own });
}

function modelList(names: readonly string[]): string {
  const limits = { inputTokenLimit: SIM_CONTEXT_TOKENS, outputTokenLimit: SIM_CONTEXT_TOKENS };
  const supportedGenerationMethods = ['generateContent'];
  const models = names.map((name) => ({ name: `models/${name}`, displayName: name, ...limits, supportedGenerationMethods }));
  return JSON.stringify({ models });
}

export const geminiWire: SimulatedWire = {
  takes: (path) => REQUEST_PATH.test(path),
  read(body, path) {
    const [, model = '', verb] = REQUEST_PATH.exec(path) ?? [];
    return readRequest(body, model, verb === 'streamGenerateContent');
  },
  answer(completion, { stream, thinks = null }) {
    const answer = answerOf(completion, thinks);
    const { failure, oddity } = completion;
    if (failure !== undefined) {
      const begun = piecesOf(answer).slice(0, 1);
      const error = JSON.parse(errorOf(500, JSON.stringify({ error: { message: failure, code: null } }))) as Fields;
      return { type: 'text/event-stream', body: eventsOf([...begun, error]) };
    }
    if (oddity === 'unasked_list') return { type: 'application/json', body: JSON.stringify(piecesOf(answer)) };
    if (stream || oddity === 'unasked_stream') return { type: 'text/event-stream', body: eventsOf(piecesOf(answer)) };
    return { type: 'application/json', body: JSON.stringify(answer) };
  },
  error: errorOf,
  models: (path, names) => (path === '/v1beta/models' ? modelList(names) : null),
  // No header tells of its limits.
  limit: () => [],
};
