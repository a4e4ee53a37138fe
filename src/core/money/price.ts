/** Money arithmetic in whole nano-dollars. Pure; rounds up, so that a sum of costs is never below the true one. */
import type { PriceOverride } from '../../schema/task-types.js';
import type { NanoUsd, Usage } from '../model.js';

/** USD per 1M tokens. Without `cachedInput` and `cacheWrite` those tokens cost as much as others. */
export type TokenPrice = Readonly<PriceOverride>;

/** Price of every model of the simulated provider; its own log uses the same figures. */
export const SIM_PRICE: TokenPrice & { cachedInput: number } = { input: 0.1, output: 0.4, cachedInput: 0.01 };

/** True for models whose money is none: it is in no sum and under no cap of a day. */
export function isSimulated({ provider, apiBase }: { provider: string; apiBase: string | null }): boolean {
  return provider === 'sim' && apiBase === null;
}

/** Context window of every model of the simulated provider, in tokens. */
export const SIM_CONTEXT_TOKENS = 128_000;

const NANO_PER_USD = 1_000_000_000;

/** Price units: 1 USD per 1M tokens = 1e6 units a token; 1,000 units = 1 nano-dollar. */
const UNITS_PER_USD_PER_MILLION = 1_000_000;
const UNITS_PER_NANO = 1_000;

/** USD to nano-dollars, to the nearest. Infinite or too large amounts end at the largest safe integer ($9,007,199). */
export function usdToNano(usd: number): NanoUsd {
  return Math.max(Math.min(Math.round(usd * NANO_PER_USD), Number.MAX_SAFE_INTEGER), -Number.MAX_SAFE_INTEGER);
}

/** A cap in USD; null = there is none. */
export function capToNano(usd: number | null): NanoUsd | null {
  return usd === null ? null : usdToNano(usd);
}

/** A cap for all runs of a day, as an environment gives it. */
export function dayCap({ maxDailyCost }: { maxDailyCost: { usd: number; timeZone: string } | null }) {
  return maxDailyCost && { capNano: usdToNano(maxDailyCost.usd), timeZone: maxDailyCost.timeZone };
}

/** USD to nano-dollars, rounded up; noise of float sums below a millionth of a nano-dollar is not rounded up. */
export function usdToNanoUp(usd: number): NanoUsd {
  return Math.min(Math.ceil(Number((usd * NANO_PER_USD).toFixed(6))), Number.MAX_SAFE_INTEGER);
}

/** A sum with an amount that nobody knows is not known. */
export function sumOf(a: NanoUsd | null, b: NanoUsd | null): NanoUsd | null {
  return a === null || b === null ? null : a + b;
}

/** What answered calls cost: null when nobody knows it of one of them. */
export function spentOf({ settledNano, unpriced }: { settledNano: NanoUsd; unpriced: number }): NanoUsd | null {
  return unpriced > 0 ? null : settledNano;
}

/** As nanoToUsd; null stays null: unknown is never 0. */
export function knownUsd(nano: NanoUsd | null): number | null {
  return nano === null ? null : nanoToUsd(nano);
}

/** The double nearest to the exact amount, so that it prints as that amount below 1e6 USD. */
export function nanoToUsd(nano: NanoUsd): number {
  return nano / NANO_PER_USD;
}

function unitsPerToken(usdPerMillion: number): number {
  return Math.ceil(Number((usdPerMillion * UNITS_PER_USD_PER_MILLION).toFixed(3)));
}

function unitsToNano(terms: readonly (readonly [tokens: number, unitsEach: number])[]): NanoUsd {
  let units = 0;
  for (const [tokens, each] of terms) units += tokens * each;
  if (units <= Number.MAX_SAFE_INTEGER) return Math.ceil(units / UNITS_PER_NANO);
  let exact = 0n;
  for (const [tokens, each] of terms) exact += BigInt(tokens) * BigInt(each);
  const nano = (exact + BigInt(UNITS_PER_NANO - 1)) / BigInt(UNITS_PER_NANO);
  return nano > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(nano);
}

/**
 * Cost of whole tokens at a price, in nano-dollars, rounded up. Cached tokens and those written to a cache are part of the input;
 * reasoning of the output.
 */
export function costOf(
  price: TokenPrice,
  usage: Pick<Usage, 'input' | 'cached' | 'output'> & { cacheWritten?: number },
): NanoUsd {
  const cached = Math.min(usage.cached, usage.input);
  const written = Math.min(usage.cacheWritten ?? 0, usage.input - cached);
  return unitsToNano([
    [usage.input - cached - written, unitsPerToken(price.input)],
    [cached, unitsPerToken(price.cachedInput ?? price.input)],
    [written, unitsPerToken(price.cacheWrite ?? price.input)],
    [usage.output, unitsPerToken(price.output)],
  ]);
}

/** Upper bound of a call's cost: every input token at the dearest input price, the whole output limit used. */
export function worstCostOf(price: TokenPrice, tokens: { input: number; maxOutput: number }): NanoUsd {
  const input = Math.max(price.input, price.cachedInput ?? 0, price.cacheWrite ?? 0);
  return unitsToNano([
    [tokens.input, unitsPerToken(input)],
    [tokens.maxOutput, unitsPerToken(price.output)],
  ]);
}
