/** kill -9 of the host at random moments: every row once, and what may have been paid twice is listed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Provider, type ProviderCall, paidTwice, rowOf, SIM_TASK_PRICE, spentUsd } from '../support/provider.js';
import type { RunFolder, TaskFiles } from '../support/run-folder.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';
import { testRandom } from '../support/test-random.js';

const ROWS = 200;
const IN_FLIGHT = 24;
/** An answer is stored this long after the provider sent it, at most, also on busy cores. */
const STORING_MS = 300;
/** Calls that are answered and being stored make room for others already. */
const BEING_STORED = 8;
const KILLS = [1, 2, 3, 4, 5];
const seeds = Array.from({ length: ROWS }, (_, index) => `Say something about number ${index}.`);

let home: SwarmHome;
/** Same answers; a child per seed needs longer calls to have as many of them in flight. */
let quick: Provider;
let slow: Provider;
let undisturbed: Buffer;

beforeAll(async () => {
  home = await SwarmHome.create();
  [quick, slow] = await Promise.all([
    home.provider(['--latency', 'lognormal:170,0.35']),
    home.provider(['--latency', 'lognormal:500,0.35']),
  ]);
  const reference = task('undisturbed', 25);
  await home.run(['run', reference.path]);
  undisturbed = reference.out.bytes();
});
afterAll(() => home.close());

function providerOf(sliceSize: number): Provider {
  return sliceSize === 1 ? slow : quick;
}

function task(name: string, sliceSize: number): TaskFiles {
  const provider = providerOf(sliceSize);
  const keys = { worker_model: 'any-model', worker_api_base: provider.url, workers: IN_FLIGHT, batch_size: sliceSize };
  return home.task(name, { ...keys, price: SIM_TASK_PRICE }, seeds);
}

/** Calls under way at a moment by the provider's book; one whose answer had just left counts too, it was not stored yet. */
function inFlightAt(calls: readonly ProviderCall[], moment: number): ProviderCall[] {
  const stored = moment - STORING_MS;
  return calls.filter(({ t, end, endedAt }) => t <= moment && (end !== 'sent' || (endedAt ?? moment) > stored));
}

function sumUsd(amounts: readonly number[]): number {
  return Math.round(amounts.reduce((sum, amount) => sum + amount * 1e9, 0)) / 1e9;
}

function expectNothingLost(folder: RunFolder, provider: Provider, killedAt: number): void {
  const rows = folder.ok();
  expect(rows.map(({ index }) => index)).toEqual(seeds.map((_, index) => index));
  expect(folder.failed()).toEqual([]);
  expect(folder.bytes().equals(undisturbed)).toBe(true);

  const billed = provider.billed();
  const twice = paidTwice(billed);
  const open = inFlightAt(billed, killedAt);
  expect(new Set(billed.map(({ row }) => row)).size).toBe(ROWS);
  expect(twice.length).toBeLessThanOrEqual(open.length);

  const { counts, calls, money, doubtful_calls } = folder.receipt();
  expect(counts).toEqual({ total: ROWS, ok: ROWS, failed: 0, filtered: 0, pending: 0 });
  expect(calls).toEqual({ answered: ROWS, failed: 0, limited: 0, doubtful: doubtful_calls.length, open: 0 });
  expect(doubtful_calls.length).toBeLessThanOrEqual(IN_FLIGHT + BEING_STORED);
  const doubtful = new Set(doubtful_calls.map(({ index, turn }) => `${rowOf(seeds[index] as string)}/${turn}`));
  expect(twice.filter(({ row, turn }) => !doubtful.has(`${row}/${turn}`))).toEqual([]);
  expect(money.settled_usd).toBe(sumUsd(rows.map((row) => row.cost_usd)));
  expect(money.doubtful_usd).toBe(sumUsd(doubtful_calls.map((call) => call.reserved_usd)));
  expect(money).toMatchObject({ reserved_usd: 0, total_usd: sumUsd([money.settled_usd, money.doubtful_usd]) });
  expect(spentUsd(billed)).toBeLessThanOrEqual(money.total_usd);
  process.stdout.write(`  ${doubtful_calls.length} doubtful, ${twice.length} paid twice\n`);
}

/** Waits for a moment of the run that the random chooses; early, late and in between. */
async function randomMoment(name: string, provider: Provider): Promise<void> {
  const random = testRandom(name);
  const calls = random.whole(1, ROWS - 5);
  const afterMs = random.whole(0, 80);
  await provider.untilBilled(calls);
  await sleep(afterMs);
}

describe.each([
  ['slices of 25', 25],
  ['a child per seed', 1],
])('host killed, %s', (grain, sliceSize) => {
  it.each(KILLS)('and its starter, kill %i: `swarm run` again -> every row once, doubtful calls listed', async (kill) => {
    const name = `kill-${sliceSize}-${kill}`;
    const provider = providerOf(sliceSize);
    provider.forget();
    const files = task(name, sliceSize);
    const first = home.swarm(['run', files.path]);
    await randomMoment(`host killed, ${grain}, ${kill}`, provider);
    first.kill('SIGKILL');
    const killedAt = Date.now();
    await home.killHost();
    expect(files.out.has('output.jsonl')).toBe(false);
    await home.run(['run', files.path]);
    expectNothingLost(files.out, provider, killedAt);
  });

  it('but not its starter: it starts another host and goes on by itself', async () => {
    const name = `alive-${sliceSize}`;
    const provider = providerOf(sliceSize);
    provider.forget();
    const files = task(name, sliceSize);
    const cli = home.swarm(['run', files.path, '--json']);
    await randomMoment(`starter lives, ${grain}`, provider);
    const dead = home.hostPid();
    const killedAt = Date.now();
    await home.killHost();
    const ended = await cli.ended;
    expect({ code: ended.code, ...endEvent(ended) }).toMatchObject({ code: 0, state: 'completed', ok: ROWS });
    expect(home.hostPid()).not.toBe(dead);
    expectNothingLost(files.out, provider, killedAt);
  });
});
