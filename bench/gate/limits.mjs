// @ts-check
/** Limits on requests and tokens: told in the task, by headers, wrongly, not at all, and changing midway. */
import { join } from 'node:path';
import { ProviderLog } from '../bed/provider-log.mjs';
import { atLeast, below, every, found } from './line.mjs';
import { tokenIdeal } from './token-ideal.mjs';

/** @typedef {import('../bed/bed.mjs').Bed} Bed */
/** @typedef {import('./line.mjs').Line} Line */

const ROWS = 2_000;
const LATENCY = 200;
/** (2,000 rows - burst) / rate + one latency, ms. */
const IDEAL = 19_200;
const SIX_THOUSAND = ['--rpm', '6000', '--burst', '100'];

/**
 * @param {Bed} bed @param {string} name
 * @param {{flags: string[], task: Record<string, unknown>, concurrency: number | 'auto', goal: number, refused: number, plain?: boolean}} how
 * @returns {Promise<Line[]>}
 */
async function sixThousand(bed, name, { flags, task, concurrency, goal, refused, plain }) {
  const log = join(bed.folder, `${name}.log`);
  const seeds = bed.rows(name, ROWS);
  await bed.provider(LATENCY, [...SIX_THOUSAND, ...flags, '--log', log]);
  const run = await bed.engine({ name, seeds, rows: ROWS, concurrency, batchSize: 'auto', task });
  await bed.endProvider();
  const share = new ProviderLog(log).refusedShare();
  const lines = [
    every('rows answered', run.ok, ROWS),
    atLeast('efficiency', IDEAL / run.wallMs, goal),
    below('refused of all calls', share, refused),
  ];
  if (!plain) return lines;
  await bed.provider(LATENCY, [...SIX_THOUSAND, ...flags]);
  const peer = await bed.plain({ name, seeds, concurrency: 200 });
  await bed.endProvider();
  return lines.map((line, at) => (at === 0 ? { ...line, plain: `${peer.ok} in ${(peer.wallMs / 1_000).toFixed(1)} s` } : line));
}

/** @param {Bed} bed */
export const told = (bed) =>
  sixThousand(bed, 'told', {
    flags: [],
    task: { requests_per_minute: 6_000 },
    concurrency: 200,
    goal: 0.97,
    refused: 0.01,
    plain: true,
  });

/** @param {Bed} bed */
export const headers = (bed) =>
  sixThousand(bed, 'headers', { flags: [], task: {}, concurrency: 'auto', goal: 0.9, refused: 0.02 });

/** @param {Bed} bed */
export const hidden = (bed) =>
  sixThousand(bed, 'hidden', { flags: ['--hidden-limits'], task: {}, concurrency: 'auto', goal: 0.9, refused: 0.02 });

/** @param {Bed} bed */
export const wrong = (bed) =>
  sixThousand(bed, 'wrong', {
    flags: ['--hidden-limits'],
    task: { requests_per_minute: 60_000 },
    concurrency: 200,
    goal: 0.9,
    refused: 0.02,
  });

const PHASE_S = 30;
const STEPS = [100, 40, 120];
const SETTLED_S = 15;

/** Hidden limits of 100, 40 and 120 calls/s, 30 s each. @param {Bed} bed @returns {Promise<Line[]>} */
export async function steps(bed) {
  const log = join(bed.folder, 'steps.log');
  const rows = 12_000;
  const seeds = bed.rows('steps', rows);
  const changes = STEPS.slice(1).map((rate, at) => `${rate * 60}@${(at + 1) * PHASE_S}s`);
  const limits = ['--rpm', String((STEPS[0] ?? 0) * 60), '--burst', '100', '--hidden-limits', '--rpm-changes', changes.join(',')];
  const started = await bed.provider(LATENCY, [...limits, '--log', log]);
  const end = started + STEPS.length * PHASE_S * 1_000;
  const cancelAfterMs = end - Date.now() + 500;
  await bed.engine({ name: 'steps', seeds, rows, concurrency: 'auto', batchSize: 'auto', cancelAfterMs });
  await bed.endProvider();
  const book = new ProviderLog(log);
  const begin = book.begin;
  // The start of the run is a little after that of the provider.
  const late = (begin - started) / 1_000;
  const ideal = STEPS.reduce((sum, rate) => sum + rate * PHASE_S, 0) - late * (STEPS[0] ?? 0);
  let settled = 0;
  let refused = 0;
  let steady = 0;
  STEPS.forEach((rate, at) => {
    const from = Math.max(begin, started + at * PHASE_S * 1_000);
    const to = started + (at + 1) * PHASE_S * 1_000;
    for (let second = 0; from + (second + 5) * 1_000 <= to; second += 1) {
      const answers = book.answered(from + second * 1_000, from + (second + 5) * 1_000);
      if (answers < 0.9 * 5 * rate) settled = Math.max(settled, second + 1);
    }
    const calls = book.calls.filter(({ t }) => t >= from + SETTLED_S * 1_000 && t < to);
    steady += calls.length;
    refused += calls.filter(({ status }) => status === 429).length;
  });
  return [
    atLeast('share of the ideal goodput', book.answered(begin, end) / ideal, 0.95),
    found('seconds until settled', settled, `at most ${SETTLED_S}`, settled <= SETTLED_S),
    below('refused in steady state', refused / steady, 0.01),
  ];
}

const TOKENS_PER_S = 20_000;
const MAX_TOKENS = 4_096;
const AT_ONCE = 200;

/**
 * Prompts of about 200 tokens, answers of about 50, max_tokens of 4,096: requests are no limit.
 * @param {Bed} bed @param {string} name
 * @param {{rows: number, flags: string[], task: Record<string, unknown>, ideal: (book: ProviderLog) => number}} how `ideal` in ms
 * @returns {Promise<Line[]>}
 */
async function tokenBound(bed, name, { rows, flags, task, ideal }) {
  const log = join(bed.folder, `${name}.log`);
  const seeds = bed.rows(name, rows, 8);
  const answers = ['--answer-tokens', 'lognormal:50,0.7', '--tpm', String(60 * TOKENS_PER_S)];
  await bed.provider('lognormal:500,0.4', [...answers, ...flags, '--log', log]);
  const max = { worker_max_tokens: MAX_TOKENS, ...task };
  const run = await bed.engine({ name, seeds, rows, concurrency: AT_ONCE, batchSize: 'auto', task: max });
  await bed.endProvider();
  const book = new ProviderLog(log);
  return [
    every('rows answered', run.ok, rows),
    atLeast('efficiency', ideal(book) / run.wallMs, 0.95),
    below('refused of all calls', book.refusedShare(), 0.02),
  ];
}

/** Those that were billed, in the order of their arrival. @param {ProviderLog} book */
const callsOf = (book) =>
  book.calls
    .filter(({ billed }) => billed)
    .map(({ n, t, prompt_tokens, completion_tokens }) => ({
      longest: prompt_tokens + MAX_TOKENS,
      used: prompt_tokens + completion_tokens,
      ms: (book.ends.get(n) ?? t) - t,
    }));

/** One second's worth may go at once; the rest comes at the rate, and the last call takes one latency. @param {Bed} bed */
export const tokensTold = (bed) =>
  tokenBound(bed, 'tokens-told', {
    rows: 2_400,
    flags: ['--hidden-limits'],
    task: { tokens_per_minute: 60 * TOKENS_PER_S },
    ideal: (book) => {
      const used = callsOf(book).reduce((sum, call) => sum + call.used, 0);
      return (used / TOKENS_PER_S - 1) * 1_000 + 500;
    },
  });

/** A minute's worth may go at once, of which calls under way hold their longest answers. @param {Bed} bed */
export const tokensByHeaders = (bed) =>
  tokenBound(bed, 'tokens-headers', {
    rows: 6_000,
    flags: [],
    task: {},
    ideal: (book) => tokenIdeal(callsOf(book), { perMinute: 60 * TOKENS_PER_S, atOnce: AT_ONCE }),
  });
