/** A host and several `swarm worker` processes over PostgreSQL: shared limits, deaths, stalls, files. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CANARY_ENV } from '../chaos/canary.js';
import { check } from '../chaos/checker.js';
import { chaosTask } from '../chaos/rows.js';
import { mostOpen, Team } from '../chaos/team.js';
import { Undisturbed } from '../chaos/undisturbed.js';
import { until } from '../host/host-support.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import type { Program } from '../support/program.js';
import { mostInWindow } from '../support/provider.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';

const WORKERS = 2;
const postgres = await startPostgres();
const missing = typeof postgres === 'string' ? postgres : null;
let team: Team;
let undisturbed: Undisturbed;

beforeAll(async () => {
  if (missing !== null) return;
  // The last one joins a run that is under way.
  team = await Team.open(postgres as TestPostgres, WORKERS - 1);
  undisturbed = await Undisturbed.run(team.home, 300, [1]);
});
afterAll(async () => {
  await team?.close();
  if (typeof postgres !== 'string') await postgres.stop();
});

describe.skipIf(missing !== null)(
  `host and ${WORKERS} workers over PostgreSQL${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    it('a worker joins in mid run -> has work within seconds; pause, resize, resume -> all processes obey', async () => {
      const provider = await team.home.provider(['--latency', '150']);
      const files = chaosTask(team.home, 'controlled', provider.url, { rows: 4_000, turns: 1, sliceSize: 500, workers: 12 });
      const run = (await team.home.run(['run', files.path, '--detach', '--yes'])).stdout.trim();
      await until('it is under way', () => provider.calls().length > 0, 60_000);
      await team.startWorker(WORKERS - 1);
      const joinedAt = Date.now();
      await until('all make calls', async () => (await team.callsByProcess(run)).size === WORKERS + 1, 60_000);
      const made = provider.calls().length;
      process.stdout.write(
        `  a worker that joined made its first call after ${Date.now() - joinedAt} ms, ${made} calls by then\n`,
      );
      // Three slices were planned for two processes, whoever of them took those: of the five others each process without one has its own.
      expect(made).toBeLessThan(1_500);
      const lookedAt = async () => {
        const from = Date.now();
        await until('three seconds are over', () => Date.now() - from >= 3_000);
        return { calls: provider.calls(), from: from + 2_000, to: from + 3_000 };
      };

      await team.home.run(['pause', run]);
      const paused = await lookedAt();
      expect(paused.calls.filter(({ t }) => t > paused.from && t <= paused.to)).toEqual([]);
      expect(await team.home.status(run)).toMatchObject({ state: 'paused', in_flight: 0 });

      await team.home.run(['resize', run, '--concurrency', '2']);
      await team.home.run(['resume', run]);
      const resumed = await lookedAt();
      expect(resumed.calls.length).toBeGreaterThan(paused.calls.length);
      expect(mostOpen(resumed.calls.filter(({ endedAt }) => (endedAt ?? resumed.to) > resumed.from))).toBeLessThanOrEqual(2);
      await team.home.run(['cancel', run]);
      await until('it is cancelled', async () => (await team.home.status(run)).state === 'cancelled', 60_000);
      await provider.stop();
    });

    it.each([
      ['a child per seed', 1],
      ['slices', 5],
    ])('workers: 12, %s -> never more than 12 calls open at the provider, all processes make calls', async (_, sliceSize) => {
      const rows = 150;
      const provider = await team.home.provider(['--latency', '400']);
      const files = chaosTask(team.home, `shares-${sliceSize}`, provider.url, { rows, turns: 1, sliceSize, workers: 12 });
      const ended = await team.home.swarm(['run', files.path, '--json', '--yes']).ended;
      const { run, state } = endEvent(ended);
      expect(state).toBe('completed');
      const calls = provider.calls();
      expect(check({ expected: undisturbed.expected(rows, 1), out: files.out, calls, blows: [] }).broken).toEqual([]);
      expect(mostOpen(calls)).toBeLessThanOrEqual(12);
      const byProcess = await team.callsByProcess(run);
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
      const provider = await team.home.provider(['--latency', '120']);
      const work = { rows, turns: 1, sliceSize, workers: 16 };
      const files = chaosTask(team.home, `rate-${sliceSize}`, provider.url, work, {
        worker_model: `rated-${sliceSize}`,
        requests_per_minute: 480,
      });
      const ended = await team.home.swarm(['run', files.path, '--json', '--yes']).ended;
      expect(endEvent(ended).state).toBe('completed');
      const calls = provider.calls();
      expect(calls).toHaveLength(rows);
      // Nearly a second's worth at once after a pause, then evenly, a little slower: no five seconds hold more than 7 + 39 and a straggler.
      expect(mostInWindow(calls, 5_000)).toBeLessThanOrEqual(47);
      await provider.stop();
    });

    it('PostgreSQL killed and back after 3 s, in mid run -> all processes live on, nothing lost, nothing paid again', async () => {
      const rows = 100;
      const provider = await team.home.provider(['--latency', '1000']);
      const files = chaosTask(team.home, 'database', provider.url, { rows, turns: 1, sliceSize: 1, workers: 12 });
      const program = team.home.swarm(['run', files.path, '--json', '--yes']);
      await provider.untilBilled(20);
      await (postgres as TestPostgres).crash(3_000);
      const { run, state } = endEvent(await program.ended);
      expect(state).toBe('completed');
      const found = check({ expected: undisturbed.expected(rows, 1), out: files.out, calls: provider.calls(), blows: [] });
      expect(found).toMatchObject({ broken: [], paidAgain: 0 });
      // Nobody was replaced: the calls are by the same three processes.
      expect([...(await team.callsByProcess(run)).keys()].sort()).toEqual(['host', 'worker 0', 'worker 1']);
      await provider.stop();
    });

    it('workers killed while they hold calls -> nothing lost, nothing doubled, paid again only what was in flight and is listed', async () => {
      const rows = 200;
      const provider = await team.home.provider(['--latency', 'lognormal:800,0.3']);
      const files = chaosTask(team.home, 'killed', provider.url, { rows, turns: 1, sliceSize: 1, workers: 16 });
      const program = team.home.swarm(['run', files.path, '--json', '--yes']);
      await provider.untilBilled(20);
      team.blows.length = 0;
      const run = await team.home.runId(program);
      for (const at of [0, 1, 0]) {
        if ((await team.kill([at], run)) === null) break;
        await team.startWorker(at);
      }
      expect(team.blows.length).toBeGreaterThanOrEqual(2);
      const { state } = endEvent(await program.ended);
      expect(state).toBe('completed');
      const calls = provider.calls();
      const found = check({ expected: undisturbed.expected(rows, 1), out: files.out, calls, blows: team.blows });
      process.stdout.write(
        `  ${team.blows.length} kills: ${found.paidAgain} paid again, ${found.inFlight} in flight, ${found.doubtful} doubtful, at most ${mostOpen(calls)} open; replaced after ${(await team.replacements(run)).join(', ')} ms\n`,
      );
      expect(found.broken).toEqual([]);
      // Each of the killed held calls.
      expect(found.inFlight).toBeGreaterThanOrEqual(team.blows.length);
      expect(found.doubtful).toBeGreaterThanOrEqual(found.paidAgain);
      expect(mostOpen(calls)).toBeLessThanOrEqual(16);
      await provider.stop();
    });

    it('two homes on one database, a host killed -> only its run is interrupted, and goes on; the other does not notice', async () => {
      const rows = 60;
      const work = { rows, turns: 1, sliceSize: 1, workers: 6 };
      const other = await SwarmHome.create({ SWARM_DATABASE_URL: team.database, [CANARY_ENV]: team.home.env[CANARY_ENV] });
      try {
        const [ourProvider, theirProvider] = [
          await team.home.provider(['--latency', '1000']),
          await other.provider(['--latency', '1000']),
        ];
        const ours = chaosTask(team.home, 'ours', ourProvider.url, work);
        const theirs = chaosTask(other, 'theirs', theirProvider.url, work);
        await other.run(['start']);
        const [our, their] = [ours, theirs].map(({ path }, at) =>
          (at === 0 ? team.home : other).swarm(['run', path, '--json', '--yes']),
        ) as [Program, Program];
        const [ourRun, theirRun] = [await team.home.runId(our), await other.runId(their)];
        await theirProvider.untilBilled(10);
        const from = Date.now();
        their.kill('SIGKILL');
        await other.killHost();
        const blow = { what: 'host', from, until: Date.now(), sockets: true };
        await other.run(['start']);
        expect((await other.status(theirRun)).state).toBe('interrupted');
        expect(['running', 'completed']).toContain((await team.home.status(ourRun)).state);
        expect(endEvent(await other.swarm(['run', theirs.path, '--json', '--yes']).ended)).toMatchObject({
          run: theirRun,
          state: 'completed',
        });
        expect(endEvent(await our.ended).state).toBe('completed');
        const expected = undisturbed.expected(rows, 1);
        expect(check({ expected, out: ours.out, calls: ourProvider.calls(), blows: [] })).toMatchObject({
          broken: [],
          doubtful: 0,
        });
        expect(check({ expected, out: theirs.out, calls: theirProvider.calls(), blows: [blow] }).broken).toEqual([]);
        await ourProvider.stop();
      } finally {
        await other.close();
      }
    });

    it('SIGTERM -> a worker finishes its calls, takes no more and leaves with 143; nothing is paid again', async () => {
      const rows = 60;
      const provider = await team.home.provider(['--latency', '1500']);
      const files = chaosTask(team.home, 'drained', provider.url, { rows, turns: 1, sliceSize: 1, workers: 12 });
      const program = team.home.swarm(['run', files.path, '--json', '--yes']);
      const run = await team.home.runId(program);
      await team.untilHolds([0], run);
      const worker = team.worker(0);
      worker.kill('SIGTERM');
      const left = await worker.ended;
      expect(left).toMatchObject({ code: 143, signal: null });
      expect(left.stderr).toContain('Draining');
      expect(endEvent(await program.ended).state).toBe('completed');
      const found = check({ expected: undisturbed.expected(rows, 1), out: files.out, calls: provider.calls(), blows: [] });
      expect(found).toMatchObject({ broken: [], paidAgain: 0, doubtful: 0 });
      await provider.stop();
    });

    it.each([
      ['store', { SWARM_DATABASE_URL: 'postgres://swarm@127.0.0.1:9/none' }, /E_STORE_UNREACHABLE/],
      ['Temporal', { TEMPORAL_ADDRESS: '127.0.0.1:9' }, /E_TEMPORAL_UNREACHABLE/],
    ])('swarm worker, no %s -> exit 4, and why', async (_, env, words) => {
      const { code, stderr } = await team.home.swarm(['worker'], env).ended;
      expect(code).toBe(4);
      expect(stderr).toMatch(words);
      expect(stderr).toContain('127.0.0.1:9');
      expect(stderr).not.toMatch(/^ +at /m);
    });
  },
);
