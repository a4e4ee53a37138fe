/** Limits that change while a run goes on: obeyed within a second, and seen by whoever looks. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../host/host-support.js';
import { type Provider, type ProviderCall, paidTwice, SIM_TASK_PRICE } from '../support/provider.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';

/** A second, and as much again for the noise of a busy machine. */
const SEEN_MS = 2_000;
const LATENCY_MS = 150;
/** Calls in flight in the end. */
const WIDE = 12;
const ROWS = 2_000;
const seeds = Array.from({ length: ROWS }, (_, index) => `A fact about year ${index}`);

/** Calls that arrived between two times. */
const between = (calls: readonly ProviderCall[], from: number, to: number) => calls.filter(({ t }) => t > from && t <= to);

/** Looks until this has held for `ms`: the provider's log says what became of calls. */
async function afterwards(ms: number): Promise<number> {
  const from = Date.now();
  await until(`${ms} ms are over`, () => Date.now() - from >= ms, 60_000);
  return from;
}

let home: SwarmHome;
let provider: Provider;
beforeAll(async () => {
  home = await SwarmHome.create();
  provider = await home.provider(['--latency', String(LATENCY_MS)]);
});
afterAll(() => home.close());

it('resize of rates, concurrency and caps of a day and a row -> the provider sees each within a second or two; status tells what holds', async () => {
  const keys = { worker_model: 'm', worker_api_base: provider.url, workers: 4, batch_size: 50, price: SIM_TASK_PRICE };
  const files = home.task('limits', { ...keys, worker_max_tokens: 200 }, seeds);
  const run = (await home.run(['run', files.path, '--detach', '--yes'])).stdout.trim();
  await provider.untilBilled(12);
  await until('status names the workers', async () => (await home.status(run)).waits_for === 'concurrency', 20_000);

  // One call a second.
  await home.run(['resize', run, '--requests-per-minute', '60']);
  const rated = await afterwards(3_000);
  expect(between(provider.calls(), rated + SEEN_MS, rated + 3_000).length).toBeLessThanOrEqual(3);
  const waits = await home.status(run);
  expect(waits).toMatchObject({ waits_for: 'requests/min', requests_per_minute: 60 });
  expect(waits.waits_since).toBeLessThanOrEqual(Date.now());
  expect(waits.rest).toMatchObject({ sample_rows: expect.any(Number), cost_usd: { expected: expect.any(Number) } });

  // No rate, but hardly any tokens.
  await home.run(['resize', run, '--requests-per-minute', 'none', '--tokens-per-minute', '600']);
  await until('status names the tokens', async () => (await home.status(run)).waits_for === 'tokens/min', 20_000);

  // Free again, and wide.
  await home.run(['resize', run, '--tokens-per-minute', 'none', '--concurrency', String(WIDE)]);
  const wide = Date.now();
  const before = provider.calls().length;
  await until('many more calls', () => provider.calls().length >= before + 2 * WIDE, 20_000);
  const open = (at: number) => provider.calls().filter(({ t, endedAt }) => t <= at && (endedAt ?? at + 1) > at).length;
  expect(Math.max(...between(provider.calls(), wide, Date.now()).map(({ t }) => open(t)))).toBeGreaterThan(4);

  // A cap of the day that is used up already: not one call more than those that were admitted.
  await home.run(['resize', run, '--max-daily-cost', String((await home.status(run)).cost_usd)]);
  const capped = Date.now();
  await until('the run is capped', async () => (await home.status(run)).state === 'capped', 30_000);
  const late = between(provider.calls(), capped, Date.now());
  expect(late.length).toBeLessThanOrEqual(WIDE);

  // None: it goes on.
  const stopped = provider.calls().length;
  await home.run(['resize', run, '--max-daily-cost', 'none']);
  await until('calls are made again', () => provider.calls().length >= stopped + WIDE, 20_000);

  // A cap of each row under the cost of any call: the rows that are left fail, without a call.
  await home.run(['resize', run, '--max-cost-per-row', '0.000000001']);
  const tight = Date.now();
  const ended = endEvent(await home.run(['watch', run, '--json'], 1));
  expect(between(provider.calls(), tight, Date.now()).length).toBeLessThanOrEqual(WIDE);
  expect(ended).toMatchObject({ state: 'completed', failed: ROWS - ended.ok });
  expect(files.out.failed().every(({ cause, attempts }) => cause === 'capped' && attempts === 0)).toBe(true);
  expect(ended.ok).toBe(provider.billed().length);
  expect(paidTwice(provider.billed())).toEqual([]);
});
