/**
 * Prices and context windows, from the data that ships with `@pydantic/genai-prices` (no network). A price that a task gives
 * holds over the data; a model that is in neither has no price: null, never 0.
 */
import { calcPrice, findProvider, type ModelPrice } from '@pydantic/genai-prices';
import type { EpochMs, NanoUsd, Usage } from '../core/model.js';
import { costOf, SIM_CONTEXT_TOKENS, SIM_PRICE, usdToNanoUp, worstCostOf } from '../core/price.js';
import type { ModelRef, PriceOverride } from '../schema/task-types.js';
import type { PriceQuestion, Prices } from './port.js';

/** A call may cross into dearer hours: prices are also looked up this long after its start. */
const CROSSING_MS = 600_000;

/** How long a looked-up price is used; price changes fall on whole minutes. */
const FRESH_MS = 60_000;

/** Names in the price data where they differ from ours, and hosts that its patterns miss. */
const DATA_IDS: Readonly<Record<string, string>> = { gemini: 'google', xai: 'x-ai', 'api.together.ai': 'together' };

/** Id in the price data: by our provider name, else by the base URL. Never by the model's name alone: a local copy has no list price. */
function dataProvider({ provider, apiBase }: ModelRef): string | null {
  const byName = findProvider({ providerId: DATA_IDS[provider] ?? provider });
  if (byName) return byName.id;
  const byUrl = apiBase === null ? undefined : findProvider({ providerApiUrl: apiBase });
  return byUrl?.id ?? null;
}

/** Gemini's OpenAI-style endpoint answers with `models/...`. */
function dataModel(model: string): string {
  return model.startsWith('models/') ? model.slice('models/'.length) : model;
}

type Tokens = Parameters<typeof calcPrice>[0];

function lookUp(model: ModelRef, name: string, tokens: Tokens, at: EpochMs): ReturnType<typeof calcPrice> {
  const providerId = dataProvider(model);
  if (providerId === null) return null;
  const found = calcPrice(tokens, dataModel(name), { providerId, timestamp: new Date(at) });
  // An entry without token prices (an image model, an empty row) would price text at nothing.
  return found && found.model_price['input_mtok'] !== undefined ? found : null;
}

/** Dearest rate of a tiered price that a prompt of this length may meet. */
function dearest(price: ModelPrice[string], inputTokens: number): number {
  if (price === undefined) return 0;
  if (typeof price === 'number') return price;
  const met = price.tiers.filter((tier) => inputTokens > tier.start).map((tier) => tier.price);
  return Math.max(price.base, ...met);
}

function worstOf(price: ModelPrice, { input, maxOutput }: { input: number; maxOutput: number }): NanoUsd {
  const inputs = ['input_mtok', 'cache_read_mtok', 'cache_write_mtok'].map((key) => dearest(price[key], input));
  const perRequest = usdToNanoUp(dearest(price['requests_kcount'], input) / 1000);
  return (
    worstCostOf({ input: Math.max(...inputs), output: dearest(price['output_mtok'], input) }, { input, maxOutput }) + perRequest
  );
}

/** Price tables of a model now and at the end of the crossing time, kept for a minute: asked before every call. */
function createTables(): (model: ModelRef, at: EpochMs) => readonly ModelPrice[] {
  const known = new Map<string, { until: EpochMs; tables: readonly ModelPrice[] }>();
  return (model, at) => {
    const key = `${model.provider} ${model.apiBase ?? ''} ${model.model}`;
    const held = known.get(key);
    if (held && at < held.until && at >= held.until - FRESH_MS) return held.tables;
    const start = Math.floor(at / FRESH_MS) * FRESH_MS;
    const found = [start, start + FRESH_MS + CROSSING_MS].map((time) => lookUp(model, model.model, {}, time)?.model_price);
    const tables = found.filter((table) => table !== undefined);
    if (known.size >= 256) known.clear();
    known.set(key, { until: start + FRESH_MS, tables });
    return tables;
  };
}

function fixedPrice(model: ModelRef, override: PriceOverride | null): PriceOverride | null {
  return override ?? (model.provider === 'sim' ? SIM_PRICE : null);
}

export function createPrices(): Prices {
  const tablesOf = createTables();
  return {
    worstCase({ model, override, at }, tokens) {
      const fixed = fixedPrice(model, override);
      if (fixed) return worstCostOf(fixed, tokens);
      const costs = tablesOf(model, at).map((table) => worstOf(table, tokens));
      return costs.length === 0 ? null : Math.max(...costs);
    },

    cost({ model, servedModel, override, at }: PriceQuestion, usage: Usage) {
      const fixed = fixedPrice(model, override);
      if (fixed) return costOf(fixed, usage);
      const tokens = {
        input_tokens: usage.input,
        cache_read_tokens: Math.min(usage.cached, usage.input),
        output_tokens: usage.output,
      };
      const served = servedModel === undefined ? null : lookUp(model, servedModel, tokens, at);
      const found = served ?? lookUp(model, model.model, tokens, at);
      return found ? usdToNanoUp(found.total_price) : null;
    },

    contextWindow(model) {
      if (model.provider === 'sim') return SIM_CONTEXT_TOKENS;
      return lookUp(model, model.model, {}, Date.now())?.model.context_window ?? null;
    },
  };
}
