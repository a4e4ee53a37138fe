/**
 * Prices and context windows, from the data that ships with `@pydantic/genai-prices` (no network). A price that a task gives
 * holds over the data; a model that is in neither has no price: null, never 0.
 */
import { calcPrice, findProvider, type ModelPrice } from '@pydantic/genai-prices';
import type { EpochMs, NanoUsd, Usage } from '../core/model.js';
import { costOf, SIM_CONTEXT_TOKENS, SIM_PRICE, usdToNanoUp, worstCostOf } from '../core/price.js';
import type { Prices } from '../llm/port.js';
import type { ModelRef, PriceOverride } from '../schema/task-types.js';

/** A call may cross into dearer hours: prices are also looked up this long after its start. */
const CROSSING_MS = 600_000;

/** How long a looked-up price is used; price changes fall on whole minutes. */
const FRESH_MS = 60_000;

/** Names in the price data where they differ from ours, and hosts that its patterns miss. */
const DATA_IDS: Readonly<Record<string, string>> = { gemini: 'google', xai: 'x-ai', 'api.together.ai': 'together' };

/**
 * Id in the price data: by our provider name, else by the base URL. Never by the model's name alone (a local copy has no list
 * price), and only by whole names (the data's own search takes `my-openai-proxy` for OpenAI).
 */
function dataProvider({ provider, apiBase }: ModelRef): string | null {
  const id = DATA_IDS[provider] ?? provider;
  if (findProvider({ providerId: id })?.id === id) return id;
  return (apiBase === null ? undefined : findProvider({ providerApiUrl: apiBase })?.id) ?? null;
}

function lookUp(model: ModelRef, name: string, at: EpochMs): ReturnType<typeof calcPrice> {
  const providerId = dataProvider(model);
  if (providerId === null) return null;
  // Gemini's OpenAI-style endpoint answers with `models/...`.
  const found = calcPrice({}, name.replace(/^models\//, ''), { providerId, timestamp: new Date(at) });
  // An entry without token prices (an image model, an empty row) would price text at nothing.
  return found && found.model_price['input_mtok'] !== undefined ? found : null;
}

type Rate = ModelPrice[string];

/** Long prompts are dearer at some providers, the whole request then: the last tier that the prompt's length passes. */
function rateAt(rate: Rate, inputTokens: number): number | undefined {
  if (rate === undefined || typeof rate === 'number') return rate;
  return rate.tiers.reduce((price, tier) => (inputTokens > tier.start ? tier.price : price), rate.base);
}

/** Dearest rate that a prompt of up to this length may meet. */
function dearest(rate: Rate, inputTokens: number): number {
  if (rate === undefined || typeof rate === 'number') return rate ?? 0;
  return Math.max(rate.base, ...rate.tiers.filter((tier) => inputTokens > tier.start).map((tier) => tier.price));
}

function perRequest(table: ModelPrice): NanoUsd {
  return usdToNanoUp(dearest(table['requests_kcount'], 0) / 1000);
}

function worstOf(table: ModelPrice, { input, maxOutput }: { input: number; maxOutput: number }): NanoUsd {
  const inputs = ['input_mtok', 'cache_read_mtok', 'cache_write_mtok'].map((key) => dearest(table[key], input));
  const price = { input: Math.max(...inputs), output: dearest(table['output_mtok'], input) };
  return worstCostOf(price, { input, maxOutput }) + perRequest(table);
}

function settledOf(table: ModelPrice, usage: Usage): NanoUsd {
  const input = rateAt(table['input_mtok'], usage.input) ?? 0;
  const cachedInput = rateAt(table['cache_read_mtok'], usage.input) ?? input;
  const output = rateAt(table['output_mtok'], usage.input) ?? 0;
  return costOf({ input, cachedInput, output }, usage) + perRequest(table);
}

interface Tables {
  /** Null: no price. */
  now: ModelPrice | null;
  /** At the end of the crossing time. */
  later: ModelPrice | null;
}

/** Price tables of a model, kept for a minute: they are asked for before and after every call. */
function createTables(): (model: ModelRef, name: string, at: EpochMs) => Tables {
  const known = new Map<string, { start: EpochMs; tables: Tables }>();
  return (model, name, at) => {
    const key = `${model.provider} ${model.apiBase ?? ''} ${name}`;
    const start = Math.floor(at / FRESH_MS) * FRESH_MS;
    const held = known.get(key);
    if (held?.start === start) return held.tables;
    const [now, later] = [start, start + FRESH_MS + CROSSING_MS].map((time) => lookUp(model, name, time)?.model_price ?? null);
    const tables: Tables = { now: now ?? null, later: later ?? null };
    if (known.size >= 256) known.clear();
    known.set(key, { start, tables });
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
      const { now, later } = tablesOf(model, model.model, at);
      if (now === null || later === null) return null;
      return now === later ? worstOf(now, tokens) : Math.max(worstOf(now, tokens), worstOf(later, tokens));
    },

    cost({ model, servedModel, override, at }, usage) {
      const fixed = fixedPrice(model, override);
      if (fixed) return costOf(fixed, usage);
      const served = servedModel === undefined ? null : tablesOf(model, servedModel, at).now;
      const table = served ?? tablesOf(model, model.model, at).now;
      return table === null ? null : settledOf(table, usage);
    },

    contextWindow(model) {
      if (model.provider === 'sim') return SIM_CONTEXT_TOKENS;
      return lookUp(model, model.model, Date.now())?.model.context_window ?? null;
    },
  };
}
