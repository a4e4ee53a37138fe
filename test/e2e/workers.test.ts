/** A host and several `swarm worker` processes over PostgreSQL: one that joins, shared limits. */
import { describe, expect, it } from 'vitest';
import { check } from '../chaos/checker.js';
import { chaosTask } from '../chaos/rows.js';
import { mostOpen } from '../chaos/team.js';
import { until } from '../host/host-support.js';
import { mostInWindow } from '../support/provider.js';
import { endEvent } from '../support/swarm-home.js';
import { workerTeam } from './worker-team.js';

const WORKERS = 2;
// The last one joins a run that is under way.
const bed = await workerTeam(WORKERS - 1);

describe.skipIf(bed.missing !== null)(`host and ${WORKERS} workers over PostgreSQL${bed.skipped}`, () => {
  it('a worker joins in mid run -> has work within seconds; pause, resize, resume -> all processes obey', async () => {
    const provider = await bed.team.home.provider(['--latency', '150']);
    const files = chaosTask(bed.team.home, 'controlled', provider.url, { rows: 4_000, turns: 1, sliceSize: 500, workers: 12 });
    const run = (await bed.team.home.run(['run', files.path, '--detach', '--yes'])).stdout.trim();
    await until('it is under way', () => provider.calls().length > 0, 60_000);
    await bed.team.startWorker(WORKERS - 1);
    const joinedAt = Date.now();
    await until('all make calls', async () => (await bed.team.callsByProcess(run)).size === WORKERS + 1, 60_000);
    const made = provider.calls().length;
    process.stdout.write(`  a worker that joined made its first call after ${Date.now() - joinedAt} ms, ${made} calls by then\n`);
    // Three slices were planned for two processes, whoever of them took those: of the five others each process without one has its own.
    expect(made).toBeLessThan(1_500);
    const lookedAt = async () => {
      const from = Date.now();
      await until('three seconds are over', () => Date.now() - from >= 3_000);
      return { calls: provider.calls(), from: from + 2_000, to: from + 3_000 };
    };

    await bed.team.home.run(['pause', run]);
    const paused = await lookedAt();
    expect(paused.calls.filter(({ t }) => t > paused.from && t <= paused.to)).toEqual([]);
    expect(await bed.team.home.status(run)).toMatchObject({ state: 'paused', in_flight: 0 });

    await bed.team.home.run(['resize', run, '--concurrency', '2']);
    await bed.team.home.run(['resume', run]);
    const resumed = await lookedAt();
    expect(resumed.calls.length).toBeGreaterThan(paused.calls.length);
    expect(mostOpen(resumed.calls.filter(({ endedAt }) => (endedAt ?? resumed.to) > resumed.from))).toBeLessThanOrEqual(2);
    await bed.team.home.run(['cancel', run]);
    await until('it is cancelled', async () => (await bed.team.home.status(run)).state === 'cancelled', 60_000);
    await provider.stop();
  });

  it.each([
    ['a child per seed', 1],
    ['slices', 5],
  ])('workers: 12, %s -> never more than 12 calls open at the provider, all processes make calls', async (_, sliceSize) => {
    const rows = 150;
    const provider = await bed.team.home.provider(['--latency', '400']);
    const files = chaosTask(bed.team.home, `shares-${sliceSize}`, provider.url, { rows, turns: 1, sliceSize, workers: 12 });
    const ended = await bed.team.home.swarm(['run', files.path, '--json', '--yes']).ended;
    const { run, state } = endEvent(ended);
    expect(state).toBe('completed');
    const calls = provider.calls();
    expect(check({ expected: bed.undisturbed.expected(rows, 1), out: files.out, calls, blows: [] }).broken).toEqual([]);
    expect(mostOpen(calls)).toBeLessThanOrEqual(12);
    const byProcess = await bed.team.callsByProcess(run);
    const tookMs = Math.max(...calls.map(({ endedAt }) => endedAt ?? 0)) - Math.min(...calls.map(({ t }) => t));
    process.stdout.write(
      `  slices of ${sliceSize}: ${rows} calls of 400 ms in ${(tookMs / 1_000).toFixed(1)} s, at most ${mostOpen(calls)} open; ${[...byProcess].map(([name, count]) => `${name} ${count}`).join(', ')}\n`,
    );
    // A third each would be 50. Slices are handed out by Temporal a few at a time, to whoever asks first.
    expect(byProcess.size).toBe(WORKERS + 1);
    const atLeast = sliceSize === 1 ? rows / 8 : sliceSize;
    for (const count of byProcess.values()) expect(count).toBeGreaterThanOrEqual(atLeast);
    await provider.stop();
  });

  it.concurrent.each([
    ['a child per seed', 1],
    ['slices', 8],
  ])('requests_per_minute 480, %s -> never more than that at the provider', async (_, sliceSize) => {
    const rows = 60;
    const provider = await bed.team.home.provider(['--latency', '120']);
    const work = { rows, turns: 1, sliceSize, workers: 16 };
    const files = chaosTask(bed.team.home, `rate-${sliceSize}`, provider.url, work, {
      worker_model: `rated-${sliceSize}`,
      requests_per_minute: 480,
    });
    const ended = await bed.team.home.swarm(['run', files.path, '--json', '--yes']).ended;
    expect(endEvent(ended).state).toBe('completed');
    const calls = provider.calls();
    expect(calls).toHaveLength(rows);
    // Nearly a second's worth at once after a pause, then evenly, a little slower: no five seconds hold more than 7 + 39 and a straggler.
    expect(mostInWindow(calls, 5_000)).toBeLessThanOrEqual(47);
    await provider.stop();
  });

  it.each([
    ['store', { SWARM_DATABASE_URL: 'postgres://swarm@127.0.0.1:9/none' }, /E_STORE_UNREACHABLE/],
    ['Temporal', { TEMPORAL_ADDRESS: '127.0.0.1:9' }, /E_TEMPORAL_UNREACHABLE/],
  ])('swarm worker, no %s -> exit 4, and why', async (_, env, words) => {
    const { code, stderr } = await bed.team.home.swarm(['worker'], env).ended;
    expect(code).toBe(4);
    expect(stderr).toMatch(words);
    expect(stderr).toContain('127.0.0.1:9');
    expect(stderr).not.toMatch(/^ +at /m);
  });
});
