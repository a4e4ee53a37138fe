/** The model port over provider packages, which build requests, and our transport, which sends them. One call is one request. */
import { setMaxListeners } from 'node:events';
import type { LanguageModelV3CallOptions } from '@ai-sdk/provider';
import type { CallFailure } from '../core/call-failure.js';
import type { Message } from '../core/conversation/message.js';
import { NO_PROXIES, type ProxySettings } from '../core/proxy.js';
import { safeName } from '../core/redact.js';
import { formatOptions, withoutFormatTool } from './answer-format.js';
import type { CallResult, ModelAdapter, ModelCall } from './port.js';
import { type CallFacts, classifyRefusal, classifyUnreadable } from './refusals/classify.js';
import { classifyFault, classifyUnexpected } from './refusals/classify-fault.js';
import { type Family, familyOf } from './refusals/family.js';
import { bodyFinisher, sentFields } from './request-body.js';
import { promptOf } from './sdk-prompt.js';
import { taskHeaders } from './task-headers.js';
import { createTransport, EXCHANGE_HEADER, HttpAnswer } from './transport/fetch.js';
import { readLimits } from './transport/limit-headers.js';
import { TransportFault } from './transport/wire-request.js';
import type { Wires } from './wires/all-wires.js';
import type { Wire } from './wires/wire.js';

export interface SdkAdapterOptions {
  /** Clock for Retry-After dates and daily quotas; `Date.now` by default. */
  now?: () => number;
  /** Proxies of the environment; none by default. */
  proxies?: ProxySettings;
}

function headersOf(call: ModelCall, wire: Wire, exchangeId: string): Record<string, string> {
  const key = wire.keyAt?.(call) ?? wire.key;
  const headers: Record<string, string> = { [EXCHANGE_HEADER]: exchangeId };
  if (call.callId !== undefined) headers['x-client-request-id'] = call.callId;
  Object.assign(headers, taskHeaders(call.headers, key.header));
  if (call.apiKey !== null) headers[key.header] = key.value(call.apiKey);
  return headers;
}

/** A longer timer would fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** What was built before is kept under a key: those are few, and asked for at every call. */
function kept<T>(most: number): (key: string, build: () => T) => T {
  const known = new Map<string, T>();
  return (key, build) => {
    let found = known.get(key);
    if (found === undefined) {
      found = build();
      if (known.size >= most) known.clear();
      known.set(key, found);
    }
    return found;
  };
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

/** All that the request says, as texts: a provider may repeat any of it. */
function textsOf(messages: readonly Message[]): string[] {
  return messages.flatMap((message) => {
    if (message.role === 'system') return message.text;
    if (message.role === 'tool') return message.results.map(({ text }) => text);
    return message.parts.map((part) => ('text' in part ? part.text : 'input' in part ? part.input : ''));
  });
}

/** The package of the wire is missing or broken: no row can be asked. */
function notLoaded({ model: { wire = 'chat' } }: ModelCall, error: unknown): CallFailure {
  const why = error instanceof Error ? error.message.split('\n', 1)[0] : 'unknown';
  const message = `the ${wire} wire cannot be loaded, install durable-swarm again: ${why}`;
  return refusedHere({ class: 'request', code: 'E_REQUEST_REFUSED', message });
}

/** The name of the model in an answer goes into rows, receipts and logs. `safe`: makes it fit for that. */
function withSafeModel(result: CallResult, safe: (name: string) => string): CallResult {
  if (result.ok) return { ...result, servedModel: safe(result.servedModel) };
  const { metered } = result;
  return metered ? { ...result, metered: { ...metered, servedModel: safe(metered.servedModel) } } : result;
}

/** Whatever came back over HTTP. What a reader stumbles over, such as values nested too deep for it, was paid for all the same. */
function resultOf(wire: Wire, call: ModelCall, facts: CallFacts, came: HttpAnswer): CallResult {
  try {
    return readBy(wire, call, facts, came);
  } catch (error) {
    return classifyUnexpected(facts, error);
  }
}

function readBy(wire: Wire, call: ModelCall, facts: CallFacts, { status, headers, body }: HttpAnswer): CallResult {
  const { value, cut } = wire.answerIn(body);
  if (status < 200 || status > 299) {
    const refused = classifyRefusal(facts, { status, headers, body, value });
    return wire.refused?.(refused, call) ?? refused;
  }
  const result = wire.read(call, facts, value);
  if (result === null) return classifyUnreadable(facts, { status, headers, body, value, cut });
  const told = readLimits(headers, facts.now);
  if (!result.ok) return { ...result, told };
  const requestId = headers['x-request-id'] ?? headers['request-id'] ?? result.requestId;
  return { ...withoutFormatTool(result, call), told, requestId };
}

/** `call()` never throws and never sends twice; `close()` lets calls under way finish. */
export function createSdkAdapter(wires: Wires, options: SdkAdapterOptions = {}): ModelAdapter {
  const now = options.now ?? Date.now;
  const transport = createTransport(options.proxies ?? NO_PROXIES);
  /** Provider objects are costly to make. */
  const models = kept<ReturnType<Wire['model']>>(256);
  const families = kept<Family>(256);
  const loaded = kept<Promise<Wire>>(8);
  const served = kept<string>(256);

  /** A server may repeat the key as the name of its model, too. */
  function servedName({ apiKey, model: { model } }: ModelCall, name: string): string {
    if (name === model) return name;
    return served(`${apiKey} ${name}`, () => safeName(name, apiKey === null ? [] : [apiKey]) || model);
  }

  function wireOf({ model: { wire: name = 'chat' } }: ModelCall): Promise<Wire> {
    return loaded(name, () => wires[name]?.() ?? Promise.reject(new Error(`the wire ${name} is not spoken here`)));
  }

  async function call(call: ModelCall): Promise<CallResult> {
    const refused = unsendable(call);
    if (refused) return refused;
    const wire = await wireOf(call).catch((error: unknown) => notLoaded(call, error));
    if ('ok' in wire) return wire;
    const exchange = transport.open((body) => wire.answerIn(body).value !== undefined, bodyFinisher(wire, call));
    const onCancel = () => exchange.end('abort');
    // One signal serves all calls of a run; many listeners are no leak.
    setMaxListeners(0, call.signal);
    call.signal.addEventListener('abort', onCancel);
    if (call.signal.aborted) onCancel();
    const deadline = setTimeout(() => exchange.end('timeout'), Math.min(call.timeoutMs, LONGEST_TIMER_MS));
    try {
      const request: LanguageModelV3CallOptions = {
        prompt: promptOf(call.messages, wire.partsOf),
        maxOutputTokens: call.maxTokens,
        headers: headersOf(call, wire, exchange.id),
      };
      const { temperature, topP } = call.settings;
      if (temperature !== null) request.temperature = temperature;
      if (topP !== null) request.topP = topP;
      Object.assign(request, formatOptions(wire, call));
      await modelOf(wire, call).doGenerate(request);
      throw new Error('the provider package answered without a request');
    } catch (thrown) {
      const facts = factsOf(wire, call);
      if (thrown instanceof TransportFault) return classifyFault(facts, thrown);
      if (!(thrown instanceof HttpAnswer)) return classifyUnexpected(facts, thrown);
      return withSafeModel(resultOf(wire, call, facts, thrown), (name) => servedName(call, name));
    } finally {
      clearTimeout(deadline);
      call.signal.removeEventListener('abort', onCancel);
      exchange.close();
    }
  }

  function modelOf(wire: Wire, { apiBase, model: { wire: name = 'chat', model } }: ModelCall) {
    return models(`${name} ${apiBase} ${model}`, () => wire.model(apiBase, model, (input, init) => transport.fetch(input, init)));
  }

  function factsOf({ answers }: Wire, call: ModelCall): CallFacts {
    const { model, apiBase, apiKey, messages } = call;
    const family = families(`${model.provider} ${apiBase}`, () => familyOf(model.provider, apiBase));
    const secrets = apiKey === null ? [] : [apiKey];
    return { family, answers, now: now(), secrets, address: apiBase, sentFields: sentFields(call), asked: textsOf(messages) };
  }

  return { call, close: () => transport.close() };
}
