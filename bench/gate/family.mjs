// @ts-check
/**
 * A limit that nobody tells, in the ways in which real providers differ: bucket or window, waits that are true, fixed or not named, refusals
 * that count. The same family in simulated time: test/support/gate-simulation/family.ts.
 */
import { join } from 'node:path';
import { ProviderLog } from '../bed/provider-log.mjs';
import { every, found } from './line.mjs';

/** @typedef {import('../bed/bed.mjs').Bed} Bed */
/** @typedef {import('./line.mjs').Line} Line */

const LATENCY_MS = 200;
const AT_ONCE = 200;
const SIX_THOUSAND = ['--rpm', '6000', '--hidden-limits'];
const BUCKET = [...SIX_THOUSAND, '--burst', '100'];
/** A wait in ms, as providers write it. */
const wait = (/** @type {number} */ ms) => ['--named-wait', String(ms), '--retry-after', ms < 1_000 ? 'ms' : 'seconds'];

/** 2,000 rows: (rows - 100) / 100 per second and one latency. */
const SECONDS = { rows: 2_000, ideal: () => 19.2 };
/** 1,800 rows, 1,200 of them in the first minute of the provider. @type {{rows: number, ideal: (ageMs: number) => number}} */
const MINUTES = { rows: 1_800, ideal: (ageMs) => (60_000 - ageMs + LATENCY_MS) / 1_000 };

/** `refused`: fewer than so many; `overS`: so many seconds beyond the ideal at most. */
const MEMBERS = [
  { name: 'bucket, each wait 1 s', flags: [...BUCKET, ...wait(1_000)], ...SECONDS, refused: 40, overS: 1.8 },
  { name: 'bucket, no wait named', flags: BUCKET, ...SECONDS, refused: 40, overS: 1.8 },
  { name: 'bucket, each wait 5 s', flags: [...BUCKET, ...wait(5_000)], ...SECONDS, refused: 40, overS: 7 },
  { name: 'bucket, each wait 20 ms', flags: [...BUCKET, ...wait(20)], ...SECONDS, refused: 40, overS: 1.8 },
  {
    name: 'windows of a second, each wait 1 s',
    flags: [...SIX_THOUSAND, '--window', 'fixed:1s', ...wait(1_000)],
    ...SECONDS,
    refused: 80,
    overS: 6,
  },
  {
    name: 'sliding second, refusals count, each wait 20 ms',
    flags: [...SIX_THOUSAND, '--window', 'sliding:1s', '--refusals-count', ...wait(20)],
    ...SECONDS,
    refused: 80,
    overS: 9,
  },
  {
    name: 'windows of a minute, 1,200 in each, each wait 1 s',
    flags: ['--rpm', '1200', '--hidden-limits', '--window', 'fixed:60s', ...wait(1_000)],
    ...MINUTES,
    refused: 60,
    overS: 16,
  },
];

/** @param {Bed} bed @returns {Promise<Line[]>} */
export async function family(bed) {
  /** @type {Line[]} */
  const lines = [];
  for (const [at, { name, flags, rows, ideal, refused, overS }] of MEMBERS.entries()) {
    const log = join(bed.folder, `family-${at}.log`);
    const seeds = bed.rows(`family-${at}`, rows);
    const started = await bed.provider(LATENCY_MS, [...flags, '--log', log]);
    const submitted = Date.now();
    const run = await bed.engine({ name: `family-${at}`, seeds, rows, concurrency: AT_ONCE, batchSize: 'auto' });
    await bed.endProvider();
    const refusals = new ProviderLog(log).calls.filter(({ status }) => status === 429).length;
    const bestS = ideal(submitted - started);
    const mostS = bestS + overS;
    const seconds = run.wallMs / 1_000;
    lines.push(
      every(`${name}: rows answered`, run.ok, rows),
      found(`${name}: calls refused`, refusals, `under ${refused}`, refusals < refused),
      found(`${name}: seconds`, seconds.toFixed(1), `at most ${mostS.toFixed(1)} (ideal ${bestS.toFixed(1)})`, seconds <= mostS),
    );
  }
  return lines;
}
