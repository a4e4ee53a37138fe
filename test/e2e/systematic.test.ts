/** Faults that all rows share, through real processes: the run pauses before the rest is paid for, and says why. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Provider, paidTwice } from '../support/provider.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';

let home: SwarmHome;
let provider: Provider;
beforeAll(async () => {
  home = await SwarmHome.create();
  provider = await home.provider(['--latency', '100']);
});
afterAll(() => home.close());

const GOOD = 30;
const ROWS = 400;
const WIDE = 16;

it.each([
  ['filter', 'E_ROW_FILTERED', {}],
  ['length', 'E_ROW_TRUNCATED', { on_truncate: 'fail' as const }],
  ['finish_unknown', 'E_FINISH_UNKNOWN', {}],
  ['422', 'E_ROW_REFUSED', {}],
])(
  '%s for every row after good ones -> paused, exit 1, an example and what to do; resume counts from zero',
  async (fault, code, keys) => {
    provider.forget();
    const rows = Array.from({ length: ROWS }, (_, index) => `${index < GOOD ? '' : `[[sim fault=${fault}]] `}Row ${index}`);
    const files = home.task(`all-${fault}`, { worker_model: 'm', worker_api_base: provider.url, workers: WIDE, ...keys }, rows);
    const ended = await home.run(['run', files.path, '--json'], 1);
    const end = endEvent(ended);
    expect(end).toMatchObject({ state: 'paused', reason: 'systematic', exit_code: 1, ok: GOOD });
    expect(provider.calls().length).toBeLessThanOrEqual(GOOD + 20 + 2 * WIDE);
    const told = /\d+ rows in a row failed with (\w+) and none was ok, such as row [^:]+: .+; .+; pause_after: never/;
    expect(told.exec(ended.stderr)?.[1]).toBe(code);
    expect(ended.stderr).toContain(`swarm resume ${end.run}`);
    expect((await home.run(['status', end.run])).stdout).toMatch(told);

    const before = provider.calls().length;
    const again = await home.run(['run', files.path, '--json'], 1);
    expect(endEvent(again)).toMatchObject({ run: end.run, state: 'paused', reason: 'systematic', ok: GOOD });
    const more = provider.calls().length - before;
    expect(more).toBeGreaterThanOrEqual(20);
    expect(more).toBeLessThanOrEqual(20 + 2 * WIDE);
    expect(paidTwice(provider.billed())).toEqual([]);
  },
);

it('the model is retired under a run -> paused after the calls in flight, no row has failed; it is back -> the rest, nothing twice', async () => {
  provider.forget();
  const rows = Array.from({ length: 200 }, (_, index) => `${index === GOOD ? '[[sim fault=404*1]] ' : ''}Model ${index}`);
  const files = home.task('retired', { worker_model: 'm', worker_api_base: provider.url, workers: WIDE }, rows);
  const end = endEvent(await home.run(['run', files.path, '--json'], 2));
  expect(end).toMatchObject({ state: 'paused', reason: 'request', exit_code: 2, failed: 0 });
  expect(provider.calls().length).toBeLessThanOrEqual(GOOD + 3 * WIDE);
  expect(endEvent(await home.run(['run', files.path, '--json']))).toMatchObject({ run: end.run, state: 'completed', ok: 200 });
  expect(files.out.ok()).toHaveLength(200);
  expect(paidTwice(provider.billed())).toEqual([]);
});
