/** Caps that must hold where they are not easily kept: that of a command beside a host without it, one over a provider that ignores max_tokens. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Provider, SIM_TASK_PRICE, spentUsd } from '../support/provider.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';

let home: SwarmHome;
beforeAll(async () => {
  home = await SwarmHome.create();
});
afterAll(() => home.close());

const task = (name: string, provider: Provider, keys: object, count: number) =>
  home.task(
    name,
    { worker_model: 'm', worker_api_base: provider.url, workers: 40, price: SIM_TASK_PRICE, ...keys },
    Array.from({ length: count }, (_, index) => `Tell me about ${name} number ${index}.`),
  );

it("a command's cap of a day beside a host without one -> it holds, stays with the run, and goes by a higher one; what else differs is said", async () => {
  const provider = await home.provider(['--latency', '20', '--answer-tokens', '40']);
  const files = task('day', provider, { worker_max_tokens: 100 }, 60);
  await home.run(['start']);
  const cap = 0.001;
  const env = { SWARM_MAX_DAILY_COST: String(cap), NO_PROXY: 'somewhere.example' };
  const ended = await home.run(['run', files.path, '--json'], 3, env);
  const { run, state } = endEvent(ended);
  expect(state).toBe('capped');
  expect(ended.stderr).toContain('NO_PROXY is');
  expect(ended.stdout).toContain('SWARM_MAX_DAILY_COST of its command');
  expect(spentUsd(provider.billed())).toBeGreaterThan(0);
  expect(spentUsd(provider.billed())).toBeLessThanOrEqual(cap);
  // Without the variable nobody has said that it may cost more.
  await home.run(['run', files.path, '--json'], 3);
  expect(spentUsd(provider.billed())).toBeLessThanOrEqual(cap);
  const done = await home.run(['run', files.path, '--json'], 0, { SWARM_MAX_DAILY_COST: '1' });
  expect(endEvent(done)).toMatchObject({ run, state: 'completed', ok: 60 });
});

it('a provider that ignores max_tokens -> what passes the cap is one call at most, and the cap is used; other runs of the model go on', async () => {
  const provider = await home.provider(['--latency', '20', '--ignore-max-tokens', '--answer-tokens', 'lognormal:100,0.5']);
  const cap = 0.004;
  const files = task('long', provider, { worker_max_tokens: 20, max_cost: cap }, 200);
  const ended = await home.run(['run', files.path, '--json'], 3);
  const { run } = endEvent(ended);
  const bill = provider.billed();
  const dearest = Math.max(...bill.map(({ costNano }) => costNano)) * 1e-9;
  expect(spentUsd(bill)).toBeLessThanOrEqual(cap + dearest);
  expect(spentUsd(bill)).toBeGreaterThan(0.7 * cap);
  expect(ended.stdout).toContain('have cost more than they may');
  const { calls, money } = files.out.receipt();
  expect(calls.exceeding).toBeGreaterThan(0);
  expect(money.exceeding_usd).toBeGreaterThan(0);
  expect((await home.run(['receipt', run, '--verify'])).stdout).toContain('everything adds up');
  const other = task('wide', provider, { worker_max_tokens: 1_000, max_cost: 0.01 }, 5);
  expect(endEvent(await home.run(['run', other.path, '--json']))).toMatchObject({ state: 'completed', ok: 5 });
});
