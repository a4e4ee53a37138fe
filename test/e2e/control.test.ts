/** Pause, resume, resize, cancel, Ctrl-C and the cap, from the command, on runs under way. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mostOpen } from '../chaos/team.js';
import { until } from '../host/host-support.js';
import { expectPaidOnce } from '../support/paid-once.js';
import { type Provider, paidTwice, SIM_TASK_PRICE, spentUsd } from '../support/provider.js';
import type { TaskFiles } from '../support/run-folder.js';
import { type EndEvent, endEvent, SwarmHome } from '../support/swarm-home.js';

const ROWS = 60;
const LATENCY_MS = 500;
/** So few that the rows take a quarter of a minute: commands on a busy machine come before the end. What is to end soon is made wide. */
const IN_FLIGHT = 2;
/** Calls in flight of a run that was given more. */
const MORE = 16;
const WIDE = ['--concurrency', String(ROWS)];
const seeds = Array.from({ length: ROWS }, (_, index) => `A fact about year ${1900 + index}`);

let home: SwarmHome;
let provider: Provider;

beforeAll(async () => {
  home = await SwarmHome.create();
  provider = await home.provider(['--latency', String(LATENCY_MS)]);
});
afterAll(() => home.close());
beforeEach(() => provider.forget());

interface Keys {
  workers?: number;
  max_cost?: number;
  worker_max_tokens?: number;
}

function task(name: string, sliceSize: number, keys: Keys = {}): TaskFiles {
  const base = { worker_model: 'm', worker_api_base: provider.url, workers: IN_FLIGHT, batch_size: sliceSize };
  return home.task(name, { ...base, price: SIM_TASK_PRICE, ...keys }, seeds);
}

/** A detached run with some calls done. */
async function underWay(files: TaskFiles, calls = 2 * IN_FLIGHT): Promise<string> {
  const run = (await home.run(['run', files.path, '--detach'])).stdout.trim();
  await provider.untilBilled(calls);
  return run;
}

/** Follows the run to its end. */
async function ended(run: string): Promise<EndEvent> {
  return endEvent(await home.swarm(['watch', run, '--json']).ended);
}

describe.each([
  { grain: 'slices', sliceSize: 15, key: 'Ctrl-C', signal: 'SIGINT', code: 130 },
  { grain: 'a child per seed', sliceSize: 1, key: 'SIGTERM', signal: 'SIGTERM', code: 143 },
] as const)('$grain', ({ sliceSize, key, signal, code }) => {
  it('pause -> no call starts any more; resume, resize -> fewer calls in flight, then more than at the start; each paid once', async () => {
    const files = task(`control-${sliceSize}`, sliceSize);
    const run = await underWay(files);
    await home.run(['pause', run]);
    const calls = provider.calls().length;
    await sleep(2 * LATENCY_MS);
    expect(provider.calls()).toHaveLength(calls);
    expect(provider.calls().every(({ end }) => end === 'sent')).toBe(true);
    expect(await home.status(run)).toMatchObject({ state: 'paused', reason: 'user', in_flight: 0 });

    await home.run(['resume', run]);
    await provider.untilBilled(calls + IN_FLIGHT);
    await home.run(['resize', run, '--concurrency', '1']);
    await until('calls are made one at a time', () => mostOpen(provider.calls().slice(-3)) === 1);
    const few = provider.calls().length;
    await home.run(['resize', run, '--concurrency', String(MORE)]);
    expect(await ended(run)).toMatchObject({ state: 'completed', ok: ROWS });
    const together = mostOpen(provider.calls().slice(few));
    expect(together).toBeGreaterThan(IN_FLIGHT);
    expect(together).toBeLessThanOrEqual(MORE);
    expectPaidOnce(provider, files, ROWS);
  });

  it('cancel -> what is done is published, the rest is not called; `swarm run` -> only the rest is paid for', async () => {
    const files = task(`cancel-${sliceSize}`, sliceSize);
    const run = await underWay(files);
    await home.run(['cancel', run]);
    expect((await ended(run)).state).toBe('cancelled');
    const calls = provider.calls().length;
    expect(calls).toBeLessThan(ROWS);
    expect((await home.status(run)).state).toBe('cancelled');
    const rows = files.out.ok();
    expect(rows.length).toBeGreaterThan(0);
    const { counts } = files.out.receipt();
    expect(counts).toMatchObject({ ok: rows.length, pending: ROWS - rows.length });
    await sleep(2 * LATENCY_MS);
    expect(provider.calls()).toHaveLength(calls);

    const again = endEvent(await home.run(['run', files.path, ...WIDE, '--json']));
    expect(again).toMatchObject({ run, state: 'completed', ok: ROWS });
    // Calls that the cancel cut off were paid for without an answer.
    const cut = files.out.receipt().calls.doubtful;
    expect(cut).toBeLessThanOrEqual(IN_FLIGHT);
    expect(paidTwice(provider.billed()).length).toBeLessThanOrEqual(cut);
  });

  it(`${key} -> calls under way finish, exit ${code}, paused; swarm run goes on, 0 calls paid twice`, async () => {
    const files = task(`signal-${sliceSize}`, sliceSize);
    const cli = home.swarm(['run', files.path, '--json']);
    const run = await home.runId(cli);
    await provider.untilBilled(3 * IN_FLIGHT);
    cli.kill(signal);
    expect((await cli.ended).code).toBe(code);
    const calls = provider.calls();
    expect(calls.length).toBeLessThan(ROWS);
    expect(calls.map(({ end }) => end)).toEqual(calls.map(() => 'sent'));
    expect(await home.status(run)).toMatchObject({ state: 'paused', in_flight: 0, ok: calls.length });
    expect(endEvent(await home.run(['run', files.path, ...WIDE, '--json']))).toMatchObject({ run, ok: ROWS });
    expectPaidOnce(provider, files, ROWS);
  });
});

it('max_cost -> exit 3, the provider billed no more than the cap; resize --max-cost -> the rest', async () => {
  const cap = 0.0006;
  const files = task('cap', 1, { workers: 6, max_cost: cap, worker_max_tokens: 200 });
  const stopped = await home.run(['run', files.path, '--json'], 3);
  const { run, state, ok } = endEvent(stopped);
  expect(state).toBe('capped');
  expect(ok).toBeGreaterThan(0);
  expect(ok).toBeLessThan(ROWS);
  expect(spentUsd(provider.billed())).toBeLessThanOrEqual(cap);
  expect(files.out.receipt().money.total_usd).toBeLessThanOrEqual(cap);
  expect(files.out.ok()).toHaveLength(ok);
  await home.run(['resize', run, '--max-cost', '1', ...WIDE]);
  expect(endEvent(await home.run(['watch', run, '--json']))).toMatchObject({ state: 'completed', ok: ROWS });
  expectPaidOnce(provider, files, ROWS);
  expect(files.out.receipt().money.settled_usd).toBe(spentUsd(provider.billed()));
});

it('Ctrl-C twice -> the command leaves at once; the run is paused all the same, nothing is paid twice', async () => {
  const files = task('twice', 15);
  const cli = home.swarm(['run', files.path]);
  await provider.untilBilled(3 * IN_FLIGHT);
  cli.kill('SIGINT');
  await sleep(20);
  cli.kill('SIGINT');
  expect((await cli.ended).code).toBe(130);
  await home.run(['run', files.path, ...WIDE]);
  expectPaidOnce(provider, files, ROWS);
});

it('swarm stop under an attached run -> the run is interrupted, its command ends with 4 and starts no other host', async () => {
  const files = task('stopped', 15);
  const cli = home.swarm(['run', files.path]);
  await provider.untilBilled(3 * IN_FLIGHT);
  const stop = await home.run(['stop']);
  const { code, stderr } = await cli.ended;
  expect(code).toBe(4);
  expect(stderr).toContain('E_HOST_STOPPED');
  expect(stop.stderr).toContain('is interrupted');
  expect(home.startedHostPid()).toBeNull();
  await home.run(['run', files.path, ...WIDE]);
  expectPaidOnce(provider, files, ROWS);
});
