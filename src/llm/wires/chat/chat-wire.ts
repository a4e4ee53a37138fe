/** The model port over the OpenAI chat completions wire, for any base URL that speaks it. One call is one request. */
import { setMaxListeners } from 'node:events';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { LanguageModelV3, LanguageModelV3CallOptions } from '@ai-sdk/provider';
import type { CallFailure } from '../../../core/call-failure.js';
import { answerText } from '../../../core/conversation/message.js';
import { NO_PROXIES, type ProxySettings } from '../../../core/proxy.js';
import type { CallResult, ModelAdapter, ModelCall } from '../../port.js';
import {
  type CallFacts,
  classifyBodyError,
  classifyFault,
  classifyRefusal,
  classifyUnexpected,
  classifyUnreadable,
  emptyAnswer,
} from '../../refusals/classify.js';
import { promptOf } from '../../sdk-prompt.js';
import { bodyValue } from '../../transport/body-value.js';
import { createTransport, EXCHANGE_HEADER, HttpAnswer, type Transport } from '../../transport/fetch.js';
import { readLimits } from '../../transport/limit-headers.js';
import { TransportFault } from '../../transport/wire-request.js';
import { type LooseCompletion, readCompletion } from './completion.js';
import { type Family, familyOf } from './family.js';
import { finishOf } from './finish.js';
import { meteredOf } from './usage.js';

export interface OpenAiCompatibleOptions {
  /** Clock for Retry-After dates and daily quotas; `Date.now` by default. */
  now?: () => number;
  /** Proxies of the environment; none by default. */
  proxies?: ProxySettings;
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
      const url = new URL(apiBase);
      const isOpenAi = url.hostname === 'api.openai.com';
      const provider = createOpenAICompatible({
        name: 'openaiCompatible',
        baseURL: `${url.origin}${url.pathname}`,
        // A base may have one (`?api-version=...`): it goes behind the path of the request.
        queryParams: Object.fromEntries(url.searchParams),
        headers: { 'user-agent': 'durable-swarm' },
        fetch: (input, init) => transport.fetch(input, init),
        ...(isOpenAi ? { transformRequestBody: renameOutputLimit } : {}),
      });
      found = provider.chatModel(model);
      if (models.size >= 256) models.clear();
      models.set(key, found);
    }
    return found;
  };
}

/** The rules of an answer: errors inside it, endings, emptiness. */
function resultOf(call: ModelCall, facts: CallFacts, loose: LooseCompletion, requestId: string | null): CallResult {
  const { answer, rawFinish } = loose;
  const text = answerText(answer);
  const metered = { servedModel: loose.model ?? call.model.model, ...meteredOf(loose.usage, text, facts.family) };
  // An answer that is of no use was made all the same: where it says what it took, that is known.
  const useless = (failure: CallFailure): CallFailure =>
    metered.usage !== null || metered.costUsd !== null ? { ...failure, metered } : failure;
  if (loose.error !== null && (loose.errorInChoice || text === ''))
    return useless(classifyBodyError(facts, 200, loose.error, loose.hasChoice));
  if (!loose.hasChoice) return useless(emptyAnswer(facts, 'no choice in the answer'));
  let finish = finishOf(rawFinish);
  if (finish === 'error') return useless(classifyBodyError(facts, 200, { message: `finish_reason ${rawFinish}` }, true));
  if (text === '' && loose.refusal !== '') finish = 'filter';
  else if (text === '' && loose.hasToolCalls) finish = 'tool';
  if (text === '' && (finish === 'stop' || finish === 'unknown')) {
    return useless(emptyAnswer(facts, `no text in the answer (finish_reason ${rawFinish ?? 'absent'})`));
  }
  return { ok: true, answer, finish, rawFinish, ...metered, requestId: requestId ?? loose.id };
}

/** Whatever came back over HTTP. */
function answerResult(call: ModelCall, facts: CallFacts, { status, headers, body }: HttpAnswer): CallResult {
  if (status < 200 || status > 299) return classifyRefusal(facts, { status, headers, body });
  const { value, cut } = bodyValue(body);
  const loose = readCompletion(value);
  if (!loose.isCompletion && loose.error === null) return classifyUnreadable(facts, status, { body, cut });
  const result = resultOf(call, facts, loose, headers['x-request-id'] ?? headers['request-id'] ?? null);
  return { ...result, told: readLimits(headers, facts.now) };
}

function refusedHere(failure: Pick<CallFailure, 'class' | 'code' | 'message' | 'refusal'>): CallFailure {
  return { ok: false, ...failure, status: null, retryAfterMs: null, mayHaveBeenBilled: false };
}

/** What would make the request unbuildable; said here, because the text of a library's error would hold the value. */
function unsendable(call: ModelCall): CallFailure | null {
  if (call.apiKey !== null && !/^[\x21-\x7e]+$/.test(call.apiKey)) {
    const message = `the API key (${call.apiKey.length} characters) holds a blank, a line break or a non-ASCII character`;
    return refusedHere({ class: 'key', code: 'E_KEY_FORMAT', refusal: { kind: 'key' }, message });
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
  const transport = createTransport(options.proxies ?? NO_PROXIES);
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
      await modelAt(call.apiBase, call.model.model).doGenerate(request);
      throw new Error('the provider package answered without a request');
    } catch (thrown) {
      const facts = factsOf(call);
      if (thrown instanceof TransportFault) return classifyFault(facts, thrown);
      if (!(thrown instanceof HttpAnswer)) return classifyUnexpected(facts, thrown);
      return answerResult(call, facts, thrown);
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
