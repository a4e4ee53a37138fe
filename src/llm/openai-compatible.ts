/** The model port over the OpenAI chat completions wire, for any base URL that speaks it. One call is one request. */
import { setMaxListeners } from 'node:events';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import {
  APICallError,
  InvalidResponseDataError,
  type LanguageModelV3,
  type LanguageModelV3CallOptions,
  type LanguageModelV3GenerateResult,
} from '@ai-sdk/provider';
import { type Answer, answerOf, answerText } from '../core/conversation/message.js';
import { readLimits } from '../core/gate/limit-headers.js';
import {
  type CallFacts,
  classifyBodyError,
  classifyFault,
  classifyRefusal,
  classifyUnexpected,
  classifyUnreadable,
  emptyAnswer,
} from './classify.js';
import { type LooseCompletion, readCompletion } from './completion.js';
import { type Family, familyOf } from './family.js';
import { createTransport, EXCHANGE_HEADER, HttpRefusal, type Transport } from './fetch.js';
import { finishOf } from './finish.js';
import type { CallFailure, CallResult, ModelAdapter, ModelCall } from './port.js';
import { answerPartsOf, promptOf } from './sdk-parts.js';
import { convertUsage, reportedCost, usageOf } from './usage.js';
import { TransportFault } from './wire-request.js';

export interface OpenAiCompatibleOptions {
  /** Clock for Retry-After dates and daily quotas; `Date.now` by default. */
  now?: () => number;
}

/** Set by the transport or by us; from a task they would break the request or send the key elsewhere. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set<string>([
  'accept-encoding',
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  EXCHANGE_HEADER,
]);

function headersOf(call: ModelCall, exchangeId: string): Record<string, string> {
  const headers: Record<string, string> = { [EXCHANGE_HEADER]: exchangeId };
  if (call.callId !== undefined) headers['x-client-request-id'] = call.callId;
  for (const name in call.headers) {
    const lower = name.toLowerCase();
    if (!RESERVED_HEADERS.has(lower)) headers[lower] = call.headers[name] ?? '';
  }
  if (call.apiKey !== null) headers['authorization'] = `Bearer ${call.apiKey}`;
  return headers;
}

/** A longer timer would fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** OpenAI itself takes the output limit of its reasoning models only under the new name; other servers know the old one. */
function renameOutputLimit({ max_tokens, ...body }: Record<string, unknown>): Record<string, unknown> {
  return { ...body, max_completion_tokens: max_tokens };
}

/** Provider objects are costly to make and hold nothing of a call: one per base URL and model. */
function createModels(transport: Transport): (apiBase: string, model: string) => LanguageModelV3 {
  const models = new Map<string, LanguageModelV3>();
  return (apiBase, model) => {
    const key = `${apiBase} ${model}`;
    let found = models.get(key);
    if (!found) {
      const isOpenAi = new URL(apiBase).hostname === 'api.openai.com';
      const provider = createOpenAICompatible({
        name: 'openaiCompatible',
        baseURL: apiBase,
        headers: { 'user-agent': 'durable-swarm' },
        fetch: (input, init) => transport.fetch(input, init),
        convertUsage,
        ...(isOpenAi ? { transformRequestBody: renameOutputLimit } : {}),
      });
      found = provider.chatModel(model);
      if (models.size >= 256) models.clear();
      models.set(key, found);
    }
    return found;
  };
}

interface Completion {
  loose: LooseCompletion;
  answer: Answer;
  usage: LanguageModelV3GenerateResult['usage'];
  requestId: string | null;
}

/** The rules of an answer: errors inside it, endings, emptiness. */
function resultOf(call: ModelCall, facts: CallFacts, { loose, answer, usage, requestId }: Completion): CallResult {
  const text = answerText(answer);
  if (loose.error !== null && (loose.errorInChoice || text === ''))
    return classifyBodyError(facts, 200, loose.error, loose.hasChoice);
  if (!loose.hasChoice) return emptyAnswer(facts, 'no choice in the answer');
  let finish = finishOf(loose.rawFinish);
  if (finish === 'error') return classifyBodyError(facts, 200, { message: `finish_reason ${loose.rawFinish}` }, true);
  if (text === '' && loose.refusal !== '') finish = 'filter';
  else if (text === '' && loose.hasToolCalls) finish = 'tool';
  if (text === '' && (finish === 'stop' || finish === 'unknown')) {
    return emptyAnswer(facts, `no text in the answer (finish_reason ${loose.rawFinish ?? 'absent'})`);
  }
  return {
    ok: true,
    answer,
    finish,
    rawFinish: loose.rawFinish,
    servedModel: loose.model ?? call.model.model,
    usage: usageOf(usage, text),
    cacheWritten: usage.inputTokens.cacheWrite ?? 0,
    costUsd: reportedCost(usage, facts.family),
    requestId: requestId ?? loose.id,
  };
}

/** Thoughts go back only with the tool calls that came of them: elsewhere this wire does not want them, and they would be paid for again. */
function keptAnswer(content: LanguageModelV3GenerateResult['content']): Answer {
  const parts = answerPartsOf(content);
  if (parts.some(({ type }) => type === 'tool-call')) return answerOf(parts);
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

function completionOf(result: LanguageModelV3GenerateResult): Completion {
  const requestId = result.response?.headers?.['x-request-id'] ?? result.response?.headers?.['request-id'] ?? null;
  return { loose: readCompletion(result.response?.body), answer: keptAnswer(result.content), usage: result.usage, requestId };
}

/** A success that the provider package could not read: an error in the body, an odd field, or no JSON at all. */
function unreadResult(call: ModelCall, facts: CallFacts, status: number, body: string): CallResult {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return classifyUnreadable(facts, status, body);
  }
  const loose = readCompletion(parsed);
  if (!loose.hasChoice && loose.error === null) return classifyUnreadable(facts, status, body);
  // The answer is paid for: an odd field elsewhere must not cost the row its text. Usage stays unknown.
  return resultOf(call, facts, { loose, answer: loose.text, usage: convertUsage(null), requestId: null });
}

function failedResult(call: ModelCall, facts: CallFacts, error: unknown): CallResult {
  if (error instanceof TransportFault) return classifyFault(facts, error);
  if (error instanceof HttpRefusal) return classifyRefusal(facts, error);
  if (APICallError.isInstance(error) && error.responseBody !== undefined) {
    return unreadResult(call, facts, error.statusCode ?? 200, error.responseBody);
  }
  if (InvalidResponseDataError.isInstance(error)) {
    const loose = readCompletion(error.data);
    return resultOf(call, facts, { loose, answer: '', usage: convertUsage(null), requestId: null });
  }
  return classifyUnexpected(facts, error);
}

function refusedHere(failure: Pick<CallFailure, 'class' | 'code' | 'message'>): CallFailure {
  return { ok: false, ...failure, status: null, retryAfterMs: null, mayHaveBeenBilled: false };
}

/** What would make the request unbuildable; said here, because the text of a library's error would hold the value. */
function unsendable(call: ModelCall): CallFailure | null {
  if (call.apiKey !== null && !/^[\x21-\x7e]+$/.test(call.apiKey)) {
    const message = `the API key (${call.apiKey.length} characters) holds a blank, a line break or a non-ASCII character`;
    return refusedHere({ class: 'key', code: 'E_KEY_FORMAT', message });
  }
  for (const name in call.headers) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !/^[\t\x20-\x7e]*$/.test(call.headers[name] ?? '')) {
      const message = 'a header of the task has a name or a value that HTTP does not allow';
      return refusedHere({ class: 'request', code: 'E_REQUEST_REFUSED', message });
    }
  }
  if (!/^https?:/.test(call.apiBase) || !URL.canParse(call.apiBase)) {
    return refusedHere({ class: 'request', code: 'E_REQUEST_REFUSED', message: 'the base URL is not a http or https URL' });
  }
  return null;
}

/** `call()` never throws and never sends twice; `close()` lets calls under way finish. */
export function createOpenAiCompatible(options: OpenAiCompatibleOptions = {}): ModelAdapter {
  const now = options.now ?? Date.now;
  const transport = createTransport();
  const modelAt = createModels(transport);
  /** By provider and base: asked for at every call. */
  const families = new Map<string, Family>();

  async function call(call: ModelCall): Promise<CallResult> {
    const refused = unsendable(call);
    if (refused) return refused;
    const exchange = transport.open();
    const onCancel = () => exchange.end('abort');
    // One signal serves all calls of a run; many listeners are no leak.
    setMaxListeners(0, call.signal);
    call.signal.addEventListener('abort', onCancel);
    if (call.signal.aborted) onCancel();
    const deadline = setTimeout(() => exchange.end('timeout'), Math.min(call.timeoutMs, LONGEST_TIMER_MS));
    try {
      const request: LanguageModelV3CallOptions = {
        prompt: promptOf(call.messages),
        maxOutputTokens: call.maxTokens,
        headers: headersOf(call, exchange.id),
      };
      if (call.temperature !== null) request.temperature = call.temperature;
      if (call.topP !== null) request.topP = call.topP;
      const result = await modelAt(call.apiBase, call.model.model).doGenerate(request);
      const told = readLimits(result.response?.headers ?? {}, now());
      return { ...resultOf(call, factsOf(call), completionOf(result)), told };
    } catch (error) {
      return failedResult(call, factsOf(call), error);
    } finally {
      clearTimeout(deadline);
      call.signal.removeEventListener('abort', onCancel);
      exchange.close();
    }
  }

  function factsOf({ model, apiBase, apiKey }: ModelCall): CallFacts {
    const key = `${model.provider} ${apiBase}`;
    const family = families.get(key) ?? familyOf(model.provider, apiBase);
    families.set(key, family);
    return { family, now: now(), secrets: apiKey === null ? [] : [apiKey], address: apiBase };
  }

  return { call, close: () => transport.close() };
}
