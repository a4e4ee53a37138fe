/** Options of the simulated provider and their defaults. */
import type { Distribution } from './draw.js';
import type { FaultShares } from './faults.js';
import type { RetryAfterForm } from './retry-after.js';

export interface SimulatorOptions {
  /** On 127.0.0.1. @default 0, a free port */
  port?: number;
  /** Another seed gives other answers, latencies and faults. @default 'sim' */
  seed?: string;
  /** Ms from the last byte of the request to the first of the answer. @default 100 */
  latency?: Distribution;
  /** Visible tokens of an answer. @default lognormal, median 40, sigma 0.5 */
  answerTokens?: Distribution;
  /** Hidden tokens before each answer, counted as output. @default 0 */
  reasoningTokens?: number;
  /** Share of prompt tokens reported as cached, 0..1. @default 0 */
  cachedShare?: number;
  /** Conversations end ("[DONE]") at a turn drawn from 1..doneTurns. @default 3 */
  doneTurns?: number;
  /** Requests per minute. @default none */
  rpm?: number;
  /** Tokens per minute; a call takes prompt + max_tokens and gives back what it did not use. @default none */
  tpm?: number;
  /** Requests that may come at once under `rpm`. @default one second's worth */
  burst?: number;
  /** Calls under way at once; above it 429 without headers. @default none */
  maxInFlight?: number;
  /** True: limits are kept but not told (no x-ratelimit headers, no retry-after). @default false */
  hiddenLimits?: boolean;
  /** Prompt + max_tokens above this is a 400 `context_length_exceeded`. @default none */
  contextWindow?: number;
  /** Only these models exist. @default any name */
  models?: readonly string[];
  /** USD per 1M tokens, for the log. @default 0.10 in, 0.50 out */
  price?: { input: number; output: number; cachedInput?: number };
  /** @default none */
  faults?: FaultShares;
  /** Form of the wait on 429 and 503. @default 'both' */
  retryAfter?: RetryAfterForm;
  /** While one lasts every connection is reset and nothing is billed. Times from the start of the simulator. @default none */
  outages?: readonly { forMs: number; afterMs: number }[];
  /** Path of the append log (see billing-log.ts). @default none */
  log?: string;
}

type Optional = 'rpm' | 'tpm' | 'burst' | 'maxInFlight' | 'contextWindow' | 'models' | 'log';
type Filled = Required<SimulatorOptions>;

/** Options with their defaults filled in; null = not set. */
export type SimulatorSettings = Omit<Filled, Optional> & { [K in Optional]: Filled[K] | null };

export function withDefaults(options: SimulatorOptions): SimulatorSettings {
  return {
    port: options.port ?? 0,
    seed: options.seed ?? 'sim',
    latency: options.latency ?? { kind: 'fixed', value: 100 },
    answerTokens: options.answerTokens ?? { kind: 'lognormal', median: 40, sigma: 0.5 },
    reasoningTokens: options.reasoningTokens ?? 0,
    cachedShare: options.cachedShare ?? 0,
    doneTurns: options.doneTurns ?? 3,
    rpm: options.rpm ?? null,
    tpm: options.tpm ?? null,
    burst: options.burst ?? null,
    maxInFlight: options.maxInFlight ?? null,
    hiddenLimits: options.hiddenLimits ?? false,
    contextWindow: options.contextWindow ?? null,
    models: options.models ?? null,
    price: options.price ?? { input: 0.1, output: 0.5 },
    faults: options.faults ?? [],
    retryAfter: options.retryAfter ?? 'both',
    outages: options.outages ?? [],
    log: options.log ?? null,
  };
}
