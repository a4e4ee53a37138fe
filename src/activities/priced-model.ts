/** A run's model as the turn uses it: what a call may cost, the call, what it did cost. */
import type { Message, NanoUsd, Usage } from '../core/model.js';
import type { CallResult, PriceQuestion } from '../llm/port.js';
import type { ActivityDeps } from './deps.js';
import type { RunContext } from './run-context.js';

type ModelDeps = Pick<ActivityDeps, 'adapter' | 'prices' | 'tokens' | 'key' | 'now'>;

export class PricedModel {
  readonly #deps: ModelDeps;

  constructor(deps: ModelDeps) {
    this.#deps = deps;
  }

  /** Upper bound of what a call may cost; null when the price is unknown. */
  worstCase(context: RunContext, messages: readonly Message[]): NanoUsd | null {
    const tokens = { input: this.#deps.tokens.atMost(messages), maxOutput: context.run.task.maxTokens };
    return this.#deps.prices.worstCase(this.#question(context), tokens);
  }

  /** 0 when the price is unknown. */
  cost(context: RunContext, servedModel: string, usage: Usage): NanoUsd {
    return this.#deps.prices.cost({ ...this.#question(context), servedModel }, usage) ?? 0;
  }

  /** One call. The key is read now, and goes nowhere but into the request. */
  async call(context: RunContext, messages: Message[]): Promise<CallResult> {
    const { task } = context.run;
    const keyName = task.model.apiKeyEnv;
    const apiKey = keyName === null ? null : (this.#deps.key(keyName) ?? null);
    if (keyName !== null && apiKey === null) return keyMissing(keyName);
    return await this.#deps.adapter.call({
      model: task.model,
      apiBase: context.apiBase,
      apiKey,
      headers: task.headers,
      messages,
      maxTokens: task.maxTokens,
      temperature: task.temperature,
      topP: task.topP,
      timeoutMs: task.timeoutMs,
      signal: context.cancelSignal,
    });
  }

  #question({ run }: RunContext): PriceQuestion {
    return { model: run.task.model, override: run.task.price, at: this.#deps.now() };
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
