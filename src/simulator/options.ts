/** Options of the simulated provider, their defaults, and how `swarm simulate` flags become them. */
import { EXIT, SwarmError } from '../core/errors.js';
import { SIM_CONTEXT_TOKENS, SIM_PRICE, type TokenPrice } from '../core/money/price.js';
import { WIRE_NAMES, type WireName } from '../schema/wires.js';
import type { LimitChange, WindowForm } from './counters.js';
import { type Distribution, parseDistribution } from './draw.js';
import { FAULTS, type FaultShares, sharesOf } from './faults.js';
import { SIMULATOR_FLAGS } from './flags.js';
import { RETRY_AFTER_FORMS, type RetryAfterForm } from './retry-after.js';

/** A time of `forMs`, from `afterMs` after the start of the simulator on. */
export interface TimeWindow {
  forMs: number;
  afterMs: number;
}

export interface SimulatorOptions {
  /** On 127.0.0.1. @default 0, a free port */
  port?: number;
  /** The only wire that is spoken. @default all, each at its own path */
  wire?: WireName;
  /** Another seed gives other answers, latencies and faults. @default 'sim' */
  seed?: string;
  /** Ms from the last byte of the request to the first of the answer. @default 100 */
  latency?: Distribution;
  /** Visible tokens of an answer. @default lognormal, median 40, sigma 0.5 */
  answerTokens?: Distribution;
  /** Hidden tokens before each answer, counted as output. @default 0 */
  reasoningTokens?: number;
  /** True: answers are as long as they are, whatever `max_tokens` says. @default false */
  ignoreMaxTokens?: boolean;
  /** Share of prompt tokens reported as cached, 0..1. @default 0 */
  cachedShare?: number;
  /** Conversations end ("[DONE]") at a turn drawn from 1..doneTurns. @default 3 */
  doneTurns?: number;
  /** Requests per minute. @default none */
  rpm?: number;
  /** What `rpm` becomes later; the burst stays. @default none */
  rpmChanges?: readonly LimitChange[];
  /** Tokens per minute; a call takes prompt + max_tokens and gives back what it did not use. @default none */
  tpm?: number;
  /** Requests that may come at once under `rpm`. @default one second's worth */
  burst?: number;
  /** Counts the requests of `rpm` in windows, each of which takes its share of a minute. @default a bucket that fills evenly */
  window?: WindowForm;
  /** True: refused requests count against `rpm`, too. @default false */
  refusalsCount?: boolean;
  /** Calls under way at once; above it 429 without headers. @default none */
  maxInFlight?: number;
  /** True: limits are kept but not told (no x-ratelimit headers, and no wait but `namedWaitMs`). @default false */
  hiddenLimits?: boolean;
  /** Prompt + max_tokens above this is a 400 `context_length_exceeded`. @default 128,000 */
  contextWindow?: number;
  /** Only these models exist. @default any name */
  models?: readonly string[];
  /** For the log. @default the price of `sim/...` models, SIM_PRICE */
  price?: TokenPrice;
  /** @default none */
  faults?: FaultShares;
  /** Form of the wait on 429 and 503. @default 'both' */
  retryAfter?: RetryAfterForm;
  /** The wait that every refusal for a limit and every 429 and 503 names, whatever the true one is; also with `hiddenLimits`. @default the true one */
  namedWaitMs?: number;
  /** While one lasts every connection is reset and nothing is billed. Times from the start of the simulator. @default none */
  outages?: readonly TimeWindow[];
  /** While one lasts every call is a 429 that asks for 1 s. @default none */
  storms?: readonly TimeWindow[];
  /** Path of the append log (see billing-log.ts). @default none */
  log?: string;
}

type Optional = 'wire' | 'rpm' | 'tpm' | 'burst' | 'window' | 'maxInFlight' | 'models' | 'namedWaitMs' | 'log';
type Filled = Required<SimulatorOptions>;

/** Options with their defaults filled in; null = not set. */
export type SimulatorSettings = Omit<Filled, Optional> & { [K in Optional]: Filled[K] | null };

export function withDefaults(options: SimulatorOptions): SimulatorSettings {
  return {
    port: options.port ?? 0,
    wire: options.wire ?? null,
    seed: options.seed ?? 'sim',
    latency: options.latency ?? { kind: 'fixed', value: 100 },
    answerTokens: options.answerTokens ?? { kind: 'lognormal', median: 40, sigma: 0.5 },
    reasoningTokens: options.reasoningTokens ?? 0,
    ignoreMaxTokens: options.ignoreMaxTokens ?? false,
    cachedShare: options.cachedShare ?? 0,
    doneTurns: options.doneTurns ?? 3,
    rpm: options.rpm ?? null,
    rpmChanges: options.rpmChanges ?? [],
    tpm: options.tpm ?? null,
    burst: options.burst ?? null,
    window: options.window ?? null,
    refusalsCount: options.refusalsCount ?? false,
    maxInFlight: options.maxInFlight ?? null,
    hiddenLimits: options.hiddenLimits ?? false,
    contextWindow: options.contextWindow ?? SIM_CONTEXT_TOKENS,
    models: options.models ?? null,
    price: options.price ?? SIM_PRICE,
    faults: options.faults ?? [],
    retryAfter: options.retryAfter ?? 'both',
    namedWaitMs: options.namedWaitMs ?? null,
    outages: options.outages ?? [],
    storms: options.storms ?? [],
    log: options.log ?? null,
  };
}

/** Values of the flags, by their names in camelCase. */
export type SimulatorFlags = Readonly<Record<string, string | number | boolean | undefined>>;

function bad(flag: string, value: unknown, allowed: string, fix: string, code = 'E_CLI_VALUE'): SwarmError {
  return new SwarmError({ code, found: `${flag} is "${String(value)}"`, allowed, fix }, EXIT.badInput);
}

function number(flag: string, value: string | number | boolean, whole: boolean, from: number, to: number, code?: string): number {
  const text = String(value).trim();
  const parsed = Number(text);
  const fits = /^\d+(\.\d+)?$/.test(text) && parsed >= from && parsed <= to && (!whole || Number.isInteger(parsed));
  if (!fits) throw bad(flag, value, `a ${whole ? 'whole ' : ''}number from ${from} to ${to}`, `${flag} ${from}`, code);
  return parsed;
}

function parsePrice(text: string): TokenPrice {
  const parts = text.split(',');
  if (parts.length < 2 || parts.length > 3 || parts.some((part) => !/^\d+(\.\d+)?$/.test(part))) {
    throw bad('--price', text, 'INPUT,OUTPUT or INPUT,OUTPUT,CACHED in USD per 1M tokens', '--price 0.1,0.5');
  }
  const [input = 0, output = 0, cachedInput] = parts.map(Number);
  return cachedInput === undefined ? { input, output } : { input, output, cachedInput };
}

function parseFaults(text: string): FaultShares {
  const shares = text.split(',').map((entry) => {
    // The name of a model may have colons of its own.
    const [, what = '', share = ''] = /^(.*):([^:]*)$/.exec(entry.trim()) ?? ['', entry.trim()];
    const [name = '', ...model] = what.split('@');
    if (!Object.hasOwn(FAULTS, name))
      throw bad('--faults', entry, `one of: ${Object.keys(FAULTS).join(' ')}`, '--faults 500:0.05');
    if (!/^(0(\.\d+)?|1(\.0+)?|\.\d+)$/.test(share))
      throw bad('--faults', entry, 'NAME:SHARE or NAME@MODEL:SHARE with a share from 0 to 1', `--faults ${name}:0.05`);
    return { name, share: Number(share), ...(model.length > 0 && { model: model.join('@') }) };
  });
  const most = (model: string) => sharesOf(shares, model).reduce((total, { share }) => total + share, 0);
  if (shares.some(({ model = '' }) => most(model) > 1 + 1e-9))
    throw bad('--faults', text, 'shares that add up to at most 1', '--faults 500:0.05,reset:0.01');
  return shares;
}

const msOf = (value: string | undefined, unit: string | undefined) => Number(value) * (unit === 's' ? 1000 : 1);

function parseWindows(flag: string, text: string): TimeWindow[] {
  return text.split(',').map((entry) => {
    const match = /^(\d+(?:\.\d+)?)(ms|s)@(\d+(?:\.\d+)?)(ms|s)$/.exec(entry.trim());
    if (!match) throw bad(flag, entry, 'LENGTH@START with ms or s', `${flag} 10s@5s`);
    return { forMs: msOf(match[1], match[2]), afterMs: msOf(match[3], match[4]) };
  });
}

function parseWindow(flag: string, text: string): WindowForm {
  const match = /^(fixed|sliding):(\d+(?:\.\d+)?)(ms|s)$/.exec(text.trim());
  const ms = msOf(match?.[2], match?.[3]);
  if (!match || ms < 1) throw bad(flag, text, 'fixed:LENGTH or sliding:LENGTH with ms or s', `${flag} fixed:60s`);
  return { kind: match[1] as WindowForm['kind'], ms };
}

function parseChanges(text: string): LimitChange[] {
  return text.split(',').map((entry) => {
    const match = /^([1-9]\d{0,8})@(\d+(?:\.\d+)?)(ms|s)$/.exec(entry.trim());
    if (!match) throw bad('--rpm-changes', entry, 'REQUESTS@START with ms or s', '--rpm-changes 2400@40s');
    return { perMinute: Number(match[1]), afterMs: msOf(match[2], match[3]) };
  });
}

/** Pure. Throws a SwarmError (E_CLI_VALUE, E_CLI_PORT, E_CLI_UNKNOWN; exit 2) that names the flag. */
export function parseSimulatorOptions(flags: SimulatorFlags): SimulatorOptions {
  const options: SimulatorOptions = {};
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined) continue;
    const text = String(value);
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    switch (name) {
      case 'port':
        options.port = number(flag, value, true, 0, 65_535, 'E_CLI_PORT');
        break;
      case 'latency':
      case 'answerTokens':
        options[name] = parseDistribution(flag, text);
        break;
      case 'reasoningTokens':
        options.reasoningTokens = number(flag, value, true, 0, 1e6);
        break;
      case 'cachedShare':
        options.cachedShare = number(flag, value, false, 0, 1);
        break;
      case 'doneTurns':
      case 'rpm':
      case 'tpm':
      case 'burst':
      case 'maxInFlight':
      case 'contextWindow':
        options[name] = number(flag, value, true, 1, 1e9);
        break;
      case 'window':
        options.window = parseWindow(flag, text);
        break;
      case 'namedWait':
        options.namedWaitMs = number(flag, value, true, 0, 1e9);
        break;
      case 'hiddenLimits':
      case 'refusalsCount':
      case 'ignoreMaxTokens':
        options[name] = value === true || text === 'true';
        break;
      case 'models':
        options.models = text.split(',').map((model) => model.trim());
        break;
      case 'price':
        options.price = parsePrice(text);
        break;
      case 'faults':
        options.faults = parseFaults(text);
        break;
      case 'wire':
        if (!(WIRE_NAMES as readonly string[]).includes(text)) throw bad(flag, text, WIRE_NAMES.join(', '), `${flag} chat`);
        options.wire = text as WireName;
        break;
      case 'retryAfter':
        if (!(RETRY_AFTER_FORMS as readonly string[]).includes(text))
          throw bad(flag, text, RETRY_AFTER_FORMS.join(', '), `${flag} seconds`);
        options.retryAfter = text as RetryAfterForm;
        break;
      case 'outage':
        options.outages = parseWindows(flag, text);
        break;
      case 'storm':
        options.storms = parseWindows(flag, text);
        break;
      case 'rpmChanges':
        options.rpmChanges = parseChanges(text);
        break;
      case 'seed':
      case 'log':
        if (text === '' || value === true)
          throw bad(flag, value, 'a text that is not empty', `${flag} ${name === 'log' ? 'calls.jsonl' : 'a'}`);
        options[name] = text;
        break;
      default:
        throw bad(flag, value, SIMULATOR_FLAGS.map((entry) => entry.flag).join(', '), 'leave the flag out', 'E_CLI_UNKNOWN');
    }
  }
  if (options.window && options.burst !== undefined) {
    throw bad('--burst', options.burst, 'none beside --window: a window takes its whole share at once', 'leave --burst out');
  }
  return options;
}
