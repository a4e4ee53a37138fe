// @ts-check
/** Faults that have nothing to do with load, outages, and storms of refusals. */
import { join } from 'node:path';
import { ProviderLog } from '../bed/provider-log.mjs';
import { every, found } from './line.mjs';

/** @typedef {import('../bed/bed.mjs').Bed} Bed */
/** @typedef {import('./line.mjs').Line} Line */

/** 2,000 rows of 200 ms, 200 wide: 5 % random 500s and 10 % random 429s with Retry-After 1. @param {Bed} bed @returns {Promise<Line[]>} */
export async function noise(bed) {
  const rows = 2_000;
  const log = join(bed.folder, 'noise.log');
  const seeds = bed.rows('noise', rows);
  const faults = ['--faults', '500:0.05,429:0.1', '--retry-after', 'seconds'];
  await bed.provider(200, [...faults, '--log', log]);
  const run = await bed.engine({ name: 'noise', seeds, rows, concurrency: 200, batchSize: 'auto' });
  await bed.endProvider();
  const book = new ProviderLog(log);
  await bed.provider(200, faults);
  const plain = await bed.plain({ name: 'noise', seeds, concurrency: 200 });
  await bed.endProvider();
  // Seconds in which more rows than places are left.
  const busy = book.inFlightBySecond(book.begin).slice(1, -3);
  const least = Math.min(...busy);
  return [
    { ...every('rows answered', run.ok, rows), plain: `${plain.ok} in ${(plain.wallMs / 1_000).toFixed(1)} s` },
    found('seconds', (run.wallMs / 1_000).toFixed(1), 'at most 8', run.wallMs <= 8_000),
    found('least of the calls under way, by second', least, 'at least 100', least >= 100),
  ];
}

/** 10 s without the provider in mid run of 200 rows, 16 at once. @param {Bed} bed @returns {Promise<Line[]>} */
export async function outage(bed) {
  const rows = 200;
  const log = join(bed.folder, 'outage.log');
  const seeds = bed.rows('outage', rows);
  await bed.provider('lognormal:500,0.2', ['--outage', '10s@4s', '--log', log]);
  const run = await bed.engine({ name: 'outage', seeds, rows, concurrency: 16, batchSize: 'auto' });
  await bed.endProvider();
  const book = new ProviderLog(log);
  const perRow = (book.calls.length + book.resets.length) / rows;
  const after = (book.calls.find(({ t }) => t > (book.resets.at(-1) ?? Number.POSITIVE_INFINITY))?.t ?? Number.NaN) - book.begin;
  return [
    every('rows answered', run.ok, rows),
    found('calls a row', perRow.toFixed(3), 'at most 1.05', perRow <= 1.05),
    found('requests in the outage', book.resets.length, 'more than none', book.resets.length > 0 && after > 0),
  ];
}

const STORM_S = 60;

/** 60 s in which every call is a 429 with Retry-After 1; 100 at once. @param {Bed} bed @returns {Promise<Line[]>} */
export async function storm(bed) {
  const rows = 2_000;
  const concurrency = 100;
  const log = join(bed.folder, 'storm.log');
  const seeds = bed.rows('storm', rows);
  const started = await bed.provider(200, ['--storm', `${STORM_S}s@3s`, '--retry-after', 'seconds', '--log', log]);
  const run = await bed.engine({ name: 'storm', seeds, rows, concurrency, batchSize: 'auto' });
  await bed.endProvider();
  const book = new ProviderLog(log);
  const refused = book.calls.filter(({ status }) => status === 429).length;
  const most = concurrency + 2 * (STORM_S + 1);
  const over = started + (STORM_S + 3) * 1_000;
  const back = ((book.calls.find(({ t, billed }) => billed && t > over)?.t ?? Number.NaN) - over) / 1_000;
  return [
    every('rows answered', run.ok, rows),
    found('calls in the storm', refused, `at most ${most}`, refused > 0 && refused <= most),
    found('seconds after it to the first answered call', back.toFixed(1), 'at most 20', back <= 20),
  ];
}
