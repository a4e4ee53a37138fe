/**
 * Prices and context windows, from the data that ships with `@pydantic/genai-prices` (no network). A price that a task gives
 * holds over the data; a model that is in neither has no price: null, never 0.
 */
import { calcPrice, findProvider, type ModelPrice } from '@pydantic/genai-prices';
import type { EpochMs, NanoUsd, Usage } from '../core/model.js';
import { costOf, SIM_CONTEXT_TOKENS, SIM_PRICE, usdToNanoUp, worstCostOf } from '../core/money/price.js';
import type { Prices } from '../core/money/price-book.js';
import type { ModelRef, PriceOverride } from '../schema/task-types.js';

/** A call may cross into dearer hours: prices are looked up this often until its deadline. No dear hours are shorter. */
const STEP_MS = 600_000;

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

/**
 * The time whose prices hold at a time. DeepSeek's dear hours, 01:00 to 04:00 and 06:00 to 10:00 UTC, are those of Monday to Friday
 * (https://api-docs.deepseek.com/quick_start/pricing, read 2026-11-15); the data has them on every day, so on a weekend their price is that of
 * 05:00, between them. Chinese holidays are cheap, too, but no list of them is at hand: they count as dear, which no cap is passed by.
 */
function pricedAt(providerId: string, at: EpochMs): Date {
  const time = new Date(at);
  const [day, hour] = [time.getUTCDay(), time.getUTCHours()];
  if (providerId === 'deepseek' && (day === 0 || day === 6) && hour >= 1 && hour < 10) time.setUTCHours(5, 0, 0, 0);
  return time;
}

function lookUp(model: ModelRef, name: string, at: EpochMs): ReturnType<typeof calcPrice> {
  const providerId = dataProvider(model);
  if (providerId === null) return null;
  // Gemini's OpenAI-style endpoint answers with `models/...`.
  const found = calcPrice({}, name.replace(/^models\//, ''), { providerId, timestamp: pricedAt(providerId, at) });
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

/** Models that search the web at every call by themselves, whatever is asked of them. */
const SEARCHES = /(?:^|[-/])search(?:-|$)/;

/** Fees of a call beside its tokens. Tools that a task cannot ask for cost nothing. */
function fees(table: ModelPrice, name: string): NanoUsd {
  const search = SEARCHES.test(name) ? dearest(table['web_searches_kcount'], 0) : 0;
  return usdToNanoUp((dearest(table['requests_kcount'], 0) + search) / 1000);
}

/** Classes of input that a call may be billed for. One-hour cache writes are only made for those who ask for them; nobody does. */
const INPUTS = ['input_mtok', 'cache_read_mtok', 'cache_write_mtok'] as const;

/**
 * What writing to a cache costs where nobody says it, in prices of input: at Anthropic, whose cache is written where a request asks for it,
 * a quarter more (https://platform.claude.com/docs/en/about-claude/pricing, November 2026).
 */
function cacheWriteTimes(wire: ModelRef['wire']): number {
  return wire === 'anthropic' ? 1.25 : 1;
}

/** Hidden thinking counts as output, within the output limit that is sent. */
function worstOf(table: ModelPrice, wire: ModelRef['wire'], { input, maxOutput }: { input: number; maxOutput: number }): NanoUsd {
  const written = table['cache_write_mtok'] === undefined ? dearest(table['input_mtok'], input) * cacheWriteTimes(wire) : 0;
  const price = {
    input: Math.max(written, ...INPUTS.map((key) => dearest(table[key], input))),
    output: dearest(table['output_mtok'], input),
  };
  return worstCostOf(price, { input, maxOutput });
}

function settledOf(table: ModelPrice, wire: ModelRef['wire'], usage: Usage & { cacheWritten?: number }): NanoUsd {
  const input = rateAt(table['input_mtok'], usage.input) ?? 0;
  const cachedInput = rateAt(table['cache_read_mtok'], usage.input) ?? input;
  const cacheWrite = rateAt(table['cache_write_mtok'], usage.input) ?? input * cacheWriteTimes(wire);
  const output = rateAt(table['output_mtok'], usage.input) ?? 0;
  return costOf({ input, cachedInput, cacheWrite, output }, usage);
}

/** Different tables from now until a deadline, the first of them now's. Null: no price. */
type Tables = readonly (ModelPrice | null)[];

/** Price tables of a model, kept for a minute: they are asked for before and after every call. */
function createTables(): (model: ModelRef, name: string, at: EpochMs, untilMs: number) => Tables {
  const known = new Map<string, { start: EpochMs; tables: Tables }>();
  return (model, name, at, untilMs) => {
    const key = `${model.provider} ${model.apiBase ?? ''} ${name} ${untilMs}`;
    const start = Math.floor(at / FRESH_MS) * FRESH_MS;
    const held = known.get(key);
    if (held?.start === start) return held.tables;
    const times = [start];
    for (let after = STEP_MS; after < untilMs; after += STEP_MS) times.push(start + FRESH_MS + after);
    if (untilMs > 0) times.push(start + FRESH_MS + untilMs);
    const tables = [...new Set(times.map((time) => lookUp(model, name, time)?.model_price ?? null))];
    if (known.size >= 256) known.clear();
    known.set(key, { start, tables });
    return tables;
  };
}

function fixedPrice({ provider, wire }: ModelRef, override: PriceOverride | null): PriceOverride | null {
  if (override === null) return provider === 'sim' ? SIM_PRICE : null;
  if (wire !== 'anthropic') return override;
  return { ...override, cacheWrite: override.cacheWrite ?? override.input * cacheWriteTimes(wire) };
}

export function createPrices(): Prices {
  const tablesOf = createTables();
  return {
    worstCase({ model, override, at, timeoutMs = STEP_MS }, tokens) {
      const fixed = fixedPrice(model, override);
      if (fixed) return worstCostOf(fixed, tokens);
      let worst = 0;
      for (const table of tablesOf(model, model.model, at, timeoutMs)) {
        if (table === null) return null;
        worst = Math.max(worst, worstOf(table, model.wire, tokens) + fees(table, model.model));
      }
      return worst;
    },

    cost({ model, servedModel, override, at, sentAt = at }, usage) {
      const fixed = fixedPrice(model, override);
      if (fixed) return costOf(fixed, usage);
      const costAt = (time: EpochMs, name: string) => {
        const table = tablesOf(model, name, time, 0)[0] ?? null;
        return table === null ? null : settledOf(table, model.wire, usage) + fees(table, name);
      };
      const named = (name: string) => {
        const end = costAt(at, name);
        return end === null || sentAt === at ? end : Math.max(end, costAt(sentAt, name) ?? 0);
      };
      return (servedModel === undefined ? null : named(servedModel)) ?? named(model.model);
    },

    contextWindow(model) {
      if (model.provider === 'sim') return SIM_CONTEXT_TOKENS;
      return lookUp(model, model.model, Date.now())?.model.context_window ?? null;
    },
  };
}
