// @ts-check
/** Several runs at one limit: by weight in tokens, and a small one beside a large one. */
import { join } from 'node:path';
import { ProviderLog } from '../bed/provider-log.mjs';
import { atLeast, every, found } from './line.mjs';

/** @typedef {import('../bed/bed.mjs').Bed} Bed */
/** @typedef {import('./line.mjs').Line} Line */

const FLAGS = ['--rpm', '6000', '--burst', '100', '--hidden-limits'];
const LIMIT = { requests_per_minute: 6_000 };

/** @param {number[]} shares */
function jain(shares) {
  const sum = shares.reduce((total, share) => total + share, 0);
  return sum ** 2 / (shares.length * shares.reduce((total, share) => total + share ** 2, 0));
}

/** Weights 1:4, prompts of about 1,000 and 250 tokens: what each was served in tokens over its weight. @param {Bed} bed @returns {Promise<Line[]>} */
export async function weights(bed) {
  const forMs = 25_000;
  const rows = 6_000;
  const log = join(bed.folder, 'weights.log');
  const large = bed.rows('weights-large', rows, 40);
  const small = bed.rows('weights-small', rows, 10);
  await bed.provider('lognormal:180,0.4', [...FLAGS, '--log', log]);
  const job = (/** @type {string} */ name, /** @type {string} */ seeds, /** @type {number} */ weight) =>
    bed.engine({
      name,
      seeds,
      rows,
      concurrency: 200,
      batchSize: 100,
      task: { ...LIMIT, weight },
      cancelAfterMs: forMs,
    });
  await Promise.all([job('weights-one', large, 1), job('weights-four', small, 4)]);
  await bed.endProvider();
  const book = new ProviderLog(log);
  const isLarge = (/** @type {{prompt_tokens: number}} */ call) => call.prompt_tokens > 600;
  const both = Math.max(book.calls.find(isLarge)?.t ?? 0, book.calls.find((call) => !isLarge(call))?.t ?? 0);
  const tokens = [0, 0];
  for (const call of book.taken(both + 2_000, both + forMs - 3_000)) {
    const at = isLarge(call) ? 0 : 1;
    tokens[at] = (tokens[at] ?? 0) + call.prompt_tokens + call.completion_tokens;
  }
  return [atLeast('Jain index of tokens over weight', jain([tokens[0] ?? 0, (tokens[1] ?? 0) / 4]), 0.98)];
}

const SMALL_ROWS = 50;
const LARGE_ROWS = 100_000;
/** Half of the rate, and one latency. */
const FAIR_MS = (SMALL_ROWS / 50) * 1_000 + 200;

/** @param {Bed} bed @returns {Promise<Line[]>} */
export async function smallBesideLarge(bed) {
  const log = join(bed.folder, 'beside.log');
  const large = bed.rows('beside-large', LARGE_ROWS);
  const small = bed.rows('beside-small', SMALL_ROWS);
  await bed.provider(200, [...FLAGS, '--log', log]);
  const done = new Promise((resolve) => {
    void (async () => {
      while (!bed.sent(log, 800)) await new Promise((next) => setTimeout(next, 100));
      resolve(
        bed.engine({ name: 'beside-small', seeds: small, rows: SMALL_ROWS, concurrency: 50, batchSize: 'auto', task: LIMIT }),
      );
    })();
  });
  const job = {
    name: 'beside-large',
    seeds: large,
    rows: LARGE_ROWS,
    concurrency: 200,
    batchSize: /** @type {const} */ ('auto'),
  };
  await bed.engine({ ...job, task: LIMIT, until: done });
  const run = await done;
  await bed.endProvider();
  const slowed = run.wallMs / FAIR_MS;
  return [
    every('rows answered', run.ok, SMALL_ROWS),
    found('times its fair time', slowed.toFixed(2), 'at most 1.3', slowed <= 1.3),
  ];
}
