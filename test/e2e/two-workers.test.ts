/** Two worker processes share one rate: the provider never sees more than the limit. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore } from '../../src/store/open-store.js';
import { mostInWindow, type Provider } from '../support/provider.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';

const PER_MINUTE = 60;
/** Enough that the window of a minute slides. */
const ROWS = 64;

let home: SwarmHome;
let providers: Provider[];

beforeAll(async () => {
  home = await SwarmHome.create();
  providers = await Promise.all([home.provider(['--latency', '120']), home.provider(['--latency', '120'])]);
  await home.run(['start']);
  const worker = home.swarm(['worker']);
  await worker.says(/The worker polls/);
});
afterAll(() => home.close());

async function owners(run: string): Promise<Set<string>> {
  const store = await openStore({ file: `${home.home}/store.db` });
  try {
    return new Set((await store.calls(run, { from: 0, to: ROWS })).map(({ owner }) => owner));
  } finally {
    await store.close();
  }
}

it.concurrent.each([
  ['a child per seed', 1, 0],
  ['slices', 8, 1],
])('%s, requests_per_minute 60 -> never more than 60 in a minute, calls by both', { timeout: 120_000 }, async (_, slice, at) => {
  const provider = providers[at] as Provider;
  const keys = { worker_api_base: provider.url, requests_per_minute: PER_MINUTE, workers: 16, batch_size: slice };
  const seeds = Array.from({ length: ROWS }, (__, index) => `Short word ${index}`);
  const files = home.task(`rate-${slice}`, { worker_model: `model-${slice}`, ...keys }, seeds);
  const ended = await home.run(['run', files.path, '--json']);
  expect(endEvent(ended)).toMatchObject({ state: 'completed', ok: ROWS });

  const calls = provider.calls();
  expect(calls).toHaveLength(ROWS);
  expect(mostInWindow(calls, 60_000)).toBeLessThanOrEqual(PER_MINUTE);
  // One a second, so no ten seconds hold more than ten and a straggler.
  expect(mostInWindow(calls, 10_000)).toBeLessThanOrEqual(11);
  const tookMs = (calls.at(-1)?.t ?? 0) - (calls[0]?.t ?? 0);
  process.stdout.write(
    `  slices of ${slice}: ${ROWS} calls in ${(tookMs / 1000).toFixed(1)} s, most in 1 s: ${mostInWindow(calls, 1_000)}\n`,
  );
  expect((await owners(endEvent(ended).run)).size).toBe(2);
});
