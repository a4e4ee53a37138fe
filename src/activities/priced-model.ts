/** A run's model as the turn uses it: what a call may cost, the call, what it did cost. */
import type { Message } from '../core/conversation/message.js';
import type { EpochMs, NanoUsd } from '../core/model.js';
import { callId } from '../core/names.js';
import { usdToNanoUp } from '../core/price.js';
import type { CallResult, ModelReply } from '../llm/port.js';
import type { Attempt } from '../store/port.js';
import type { ActivityDeps } from './deps.js';
import type { RunContext } from './run-context.js';

type ModelDeps = Pick<ActivityDeps, 'adapter' | 'prices' | 'tokens' | 'key' | 'now' | 'log'>;

/** How many models one process remembers. */
const KEPT = 256;

function nameOf({ run }: RunContext): string {
  const { provider, model, apiBase } = run.task.model;
  return `${provider} ${apiBase ?? ''} ${model}`;
}

export class PricedModel {
  readonly #deps: ModelDeps;
  /**
   * By how much an answer has cost more than its worst case at most: another model was served, tokens were billed that no list
   * knows of. From then on calls of the model reserve as much more.
   */
  readonly #dearer = new Map<string, number>();

  constructor(deps: ModelDeps) {
    this.#deps = deps;
  }

  /** Upper bound of what a call may cost; null when the price is unknown. */
  worstCase(context: RunContext, messages: readonly Message[]): NanoUsd | null {
    const { model, price: override, maxTokens, timeoutMs } = context.run.task;
    const tokens = { input: this.#deps.tokens.atMost(messages), maxOutput: maxTokens };
    const worst = this.#deps.prices.worstCase({ model, override, at: this.#deps.now(), timeoutMs }, tokens);
    return worst === null ? null : Math.ceil(worst * (this.#dearer.get(nameOf(context)) ?? 1));
  }

  /**
   * What an answered call cost: as the provider says, else by its usage; without either it is its reservation, as far as anyone can
   * prove. 0 when the price is unknown.
   */
  cost(context: RunContext, reply: ModelReply, { reservedNano, sentAt }: { reservedNano: NanoUsd; sentAt: EpochMs }): NanoUsd {
    const costNano = this.#costOf(context, reply, reservedNano, sentAt);
    if (reservedNano > 0 && costNano > reservedNano) this.#learn(context, reply, costNano / reservedNano);
    return costNano;
  }

  #costOf(context: RunContext, reply: ModelReply, reservedNano: NanoUsd, sentAt: EpochMs): NanoUsd {
    const { usage, servedModel, costUsd = null, cacheWritten = 0 } = reply;
    if (costUsd !== null) return usdToNanoUp(costUsd);
    if (usage === null) return reservedNano;
    const { model, price: override } = context.run.task;
    const question = { model, override, servedModel, at: this.#deps.now(), sentAt };
    return this.#deps.prices.cost(question, { ...usage, cacheWritten }) ?? 0;
  }

  #learn(context: RunContext, { servedModel }: ModelReply, times: number): void {
    const name = nameOf(context);
    if (this.#dearer.size >= KEPT) this.#dearer.clear();
    this.#dearer.set(name, (this.#dearer.get(name) ?? 1) * times);
    const facts = { run: context.run.id, model: context.run.task.model.model, servedModel, times };
    this.#deps.log.warn(facts, 'a call cost more than its worst case: from now on calls of this model reserve as much more');
  }

  /** One call. The key is read now, and goes nowhere but into the request. */
  async call(context: RunContext, messages: Message[], attempt: Attempt): Promise<CallResult> {
    const { task } = context.run;
    const keyName = task.model.apiKeyEnv;
    const apiKey = keyName === null ? null : (this.#deps.key(keyName) ?? null);
    if (keyName !== null && apiKey === null) return keyMissing(keyName);
    return await this.#deps.adapter.call({
      model: task.model,
      apiBase: context.apiBase,
      apiKey,
      headers: task.headers,
      callId: callId(attempt),
      messages,
      maxTokens: task.maxTokens,
      temperature: task.temperature,
      topP: task.topP,
      timeoutMs: task.timeoutMs,
      signal: context.cancelSignal,
    });
  }
}

function keyMissing(name: string): CallResult {
  return {
    ok: false,
    class: 'key',
    code: 'E_KEY_MISSING',
    status: null,
    message: `${name} is not set where the calls are made`,
    retryAfterMs: null,
    mayHaveBeenBilled: false,
  };
}
