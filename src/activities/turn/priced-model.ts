/** A role's model as the turn uses it: what a call may cost, the call, what it did cost. */

import type { Metered } from '../../core/call-failure.js';
import { countedAtMost } from '../../core/conversation/answer-form.js';
import type { EpochMs, NanoUsd } from '../../core/model.js';
import { isTooLong, mostOutput } from '../../core/money/excess.js';
import { isSimulated, usdToNanoUp } from '../../core/money/price.js';
import { callId } from '../../core/names.js';
import type { ModelUse } from '../../core/phases.js';
import { repeatedOf } from '../../core/repeated.js';
import type { CallResult } from '../../llm/port.js';
import type { Attempt } from '../../store/port/store.js';
import type { ActivityDeps } from '../deps.js';
import { Excesses } from './excesses.js';
import type { PhaseContext } from './phase-context.js';
import type { Question } from './take-turn.js';

type ModelDeps = Pick<ActivityDeps, 'adapter' | 'prices' | 'tokens' | 'key' | 'clock' | 'log' | 'store' | 'gates'>;

/** What a call is reserved with. */
export interface Worth {
  /** Upper bound of what it may cost, with what answers of its model cost beyond theirs; null when the price is unknown. */
  reservedNano: NanoUsd | null;
  /** Answers of its model have cost more than they may. */
  wary: boolean;
  /** No money is spent. */
  simulated: boolean;
  /** Tokens of its prompt at most. */
  inputTokens: number;
}

/** What a model costs under one price. */
function keyOf({ model: { provider, model, apiBase }, price }: ModelUse): string {
  return JSON.stringify([provider, apiBase, model, price]);
}

export class PricedModel {
  readonly #deps: ModelDeps;
  readonly #excesses: Excesses;

  constructor(deps: ModelDeps) {
    this.#deps = deps;
    this.#excesses = new Excesses(deps);
  }

  async worth({ use }: PhaseContext, { messages, schema }: Question): Promise<Worth> {
    const { model, maxTokens, settings } = use;
    const inputTokens = this.#deps.tokens.atMost(countedAtMost(schema, settings, messages));
    const excess = await this.#excesses.of(keyOf(use));
    const worst = this.#worstCase(use, inputTokens, mostOutput(excess, maxTokens));
    const reservedNano = worst === null ? null : Math.ceil(worst * (excess?.times ?? 1));
    return { reservedNano, wary: excess !== null, simulated: isSimulated(model), inputTokens };
  }

  #worstCase({ model, price: override, timeoutMs }: ModelUse, input: number, maxOutput: number): NanoUsd | null {
    return this.#deps.prices.worstCase({ model, override, at: this.#deps.clock.wall(), timeoutMs }, { input, maxOutput });
  }

  /**
   * What an answered call cost: as the provider says, else by its usage; without either it is its reservation, as far as anyone can
   * prove. Null when the price is unknown.
   */
  cost(context: PhaseContext, reply: Metered, sent: { worth: Worth; sentAt: EpochMs }): NanoUsd | null {
    const costNano = this.#costOf(context.use, reply, sent);
    if (costNano !== null) this.#learn(context, reply, sent.worth, costNano);
    return costNano;
  }

  #costOf(use: ModelUse, reply: Metered, { worth, sentAt }: { worth: Worth; sentAt: EpochMs }): NanoUsd | null {
    const { usage, servedModel, costUsd = null, cacheWritten = 0 } = reply;
    if (costUsd !== null) return usdToNanoUp(costUsd);
    if (usage === null) return worth.reservedNano;
    const { model, price: override } = use;
    const question = { model, override, servedModel, at: this.#deps.clock.wall(), sentAt };
    return this.#deps.prices.cost(question, { ...usage, cacheWritten });
  }

  /** From what calls cost at most when none costs more than it may: what was learned before is no part of it, so it never compounds. */
  #learn({ run, use }: PhaseContext, reply: Metered, { inputTokens }: Worth, costNano: NanoUsd): void {
    const { usage, servedModel, costUsd = null } = reply;
    // Booked at its reservation: nobody saw what it cost.
    if (usage === null && costUsd === null) return;
    const { maxTokens } = use;
    const asked = this.#worstCase(use, inputTokens, maxTokens);
    if (asked === null || asked === 0) return;
    const longer = usage !== null && isTooLong(usage.output, maxTokens);
    if (costNano <= asked && !longer) return;
    const key = keyOf(use);
    const outputTokens = Math.max(longer ? usage.output : 0, this.#excesses.at(key)?.outputTokens ?? 0);
    const worst = this.#worstCase(use, inputTokens, Math.max(maxTokens, outputTokens)) ?? asked;
    const times = Math.max(1, costNano / worst);
    const seen = { outputTokens: longer ? usage.output : 0, times, at: this.#deps.clock.wall() };
    if (!this.#excesses.saw(key, seen)) return;
    const facts = { run: run.id, model: use.model.model, servedModel, costNano, asked, outputTokens: usage?.output ?? null };
    this.#deps.log.warn(facts, 'a call cost more than its worst case: from now on calls of this model reserve as much more');
  }

  /** One call. The key is read now, and goes nowhere but into the request. */
  async call(context: PhaseContext, { messages, schema }: Question, attempt: Attempt): Promise<CallResult> {
    const { model, headers, maxTokens, settings, timeoutMs } = context.use;
    const keyName = model.apiKeyEnv;
    const apiKey = keyName === null ? null : (this.#deps.key(keyName) ?? null);
    if (keyName !== null && apiKey === null) return keyMissing(keyName);
    return await this.#deps.adapter.call({
      model,
      apiBase: context.apiBase,
      apiKey,
      headers,
      callId: callId(attempt),
      messages,
      ...(context.use.role === 'worker' && { repeated: repeatedOf(context.run.task, context.run.total, messages) }),
      answerSchema: schema,
      maxTokens,
      settings,
      timeoutMs,
      signal: context.of.cancelSignal,
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
