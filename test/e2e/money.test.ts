/** Money of real processes: a cap through a kill, what the provider's own log says of calls in doubt, refusals that pause a run. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { known } from '../support/known.js';
import { type Provider, paidTwice, SIM_TASK_PRICE, spentUsd } from '../support/provider.js';
import type { TaskFiles } from '../support/run-folder.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';
import { testRandom } from '../support/test-random.js';

const ROWS = 140;
const CAP = 0.0024;
const IN_FLIGHT = 40;

let home: SwarmHome;
let provider: Provider;
beforeAll(async () => {
  home = await SwarmHome.create();
  provider = await home.provider(['--latency', 'lognormal:60,0.5', '--answer-tokens', 'lognormal:60,0.8']);
});
afterAll(() => home.close());

const task = (name: string, keys: object, rows: readonly string[]): TaskFiles =>
  home.task(name, { worker_model: 'm', worker_api_base: provider.url, workers: IN_FLIGHT, price: SIM_TASK_PRICE, ...keys }, rows);

it('a cap, the host killed under it -> the bill is under the cap; a higher one -> every row once; the export settles what is in doubt', async () => {
  const rows = Array.from({ length: ROWS }, (_, index) => `Tell me about the number ${index}.`);
  const files = task('capped', { batch_size: 40, max_cost: CAP, worker_max_tokens: 500 }, rows);
  const cli = home.swarm(['run', files.path, '--json']);
  const run = await home.runId(cli);
  await provider.untilBilled(testRandom('killed under a cap').whole(10, 30));
  await home.killHost();
  const ended = await cli.ended;
  expect(ended.code).toBe(3);
  expect(endEvent(ended)).toMatchObject({ run, state: 'capped', exit_code: 3 });
  expect(spentUsd(provider.billed())).toBeLessThanOrEqual(CAP);
  const { money, calls } = files.out.receipt();
  expect(calls.doubtful).toBeGreaterThan(0);
  // A call of 500 tokens costs at most this.
  expect(CAP - known(money.settled_usd) - known(money.doubtful_usd)).toBeLessThan(0.00023);

  const higher = await home.run(['run', files.path, '--json', '--max-cost', '1']);
  expect(endEvent(higher)).toMatchObject({ run, state: 'completed', ok: ROWS });
  expect(files.out.ok().map(({ index }) => index)).toEqual(rows.map((_, index) => index));

  // Before and after the run the provider was asked by somebody else: so the export covers the time of all its calls.
  const log = readFileSync(join(home.folder, 'provider-1.jsonl'), 'utf8');
  const [first = ''] = log.split('\n');
  const edge = (t: number) => JSON.stringify({ ...JSON.parse(first), t, client_request_id: `edge-${t}` });
  const exported = join(home.folder, 'usage.jsonl');
  writeFileSync(exported, `${edge(Date.now() - 3_600_000)}\n${log}${edge(Date.now() + 3_600_000)}\n`);
  const look = await home.run(['receipt', run, '--reconcile', exported]);
  expect(look.stderr).toContain('Nothing was written');
  expect(files.out.receipt().calls.doubtful).toBe(calls.doubtful);
  await home.run(['receipt', run, '--reconcile', exported, '--yes']);
  const after = files.out.receipt();
  expect(after.calls.doubtful).toBe(0);
  expect(after.money.doubtful_usd).toBe(0);
  expect(after.money.settled_usd).toBe(spentUsd(provider.billed()));
  expect((await home.run(['receipt', run, '--verify'])).stdout).toContain('everything adds up');
});

/** DeepSeek's name with another address: its dialect, its pages. */
const deepseek = (url: string, sliceSize: number) => ({
  ...{ worker_model: 'deepseek/m', worker_api_base: url, worker_api_key_env: 'SOME_KEY' },
  ...{ workers: 6, batch_size: sliceSize },
});
const SOME_KEY = { SOME_KEY: 'abc' };
/** By row. */
const FAULTS = ['[[sim fault=402*1]] ', '[[sim fault=no_usage]] '];

it('refused to bill -> paused with exit 5 after the calls in flight, where to pay; paid -> the rest, nothing twice; no usage told -> in the receipt', async () => {
  provider.forget();
  const rows = Array.from({ length: 30 }, (_, index) => `${FAULTS[index] ?? ''}Debt ${index}`);
  const files = task('unpaid', deepseek(provider.url, 1), rows);
  const ended = await home.run(['run', files.path, '--json'], 5, SOME_KEY);
  const { run, state, reason, failed } = endEvent(ended);
  expect({ state, reason, failed }).toEqual({ state: 'paused', reason: 'billing', failed: 0 });
  expect(ended.stderr).toContain('https://platform.deepseek.com/top_up');
  expect(provider.calls().length).toBeLessThanOrEqual(6);
  expect(endEvent(await home.run(['run', files.path, '--json'], 0, SOME_KEY))).toMatchObject({ run, state: 'completed', ok: 30 });
  expect(paidTwice(provider.billed())).toEqual([]);
  const { calls, money } = files.out.receipt();
  expect(calls).toMatchObject({ answered: 30, unmetered: 1 });
  expect(money.unmetered_usd).toBeGreaterThan(0);
  expect(money.settled_usd).toBeGreaterThan(spentUsd(provider.billed()));
  expect((await home.run(['receipt', run, '--verify'])).stdout).toContain('everything adds up');
});

it('the key is refused -> paused with exit 5 after the calls in flight, where keys are made; no row has failed', async () => {
  const refusing = await home.provider(['--latency', '50', '--faults', '401:1']);
  const rows = Array.from({ length: 200 }, (_, index) => `Key ${index}`);
  const files = task('refused', deepseek(refusing.url, 20), rows);
  const ended = await home.run(['run', files.path, '--json'], 5, SOME_KEY);
  expect(endEvent(ended)).toMatchObject({ state: 'paused', reason: 'key', failed: 0 });
  expect(ended.stderr).toContain('https://platform.deepseek.com/api_keys');
  expect(refusing.calls().length).toBeLessThanOrEqual(6);
});
