/** A host and several `swarm worker` processes over PostgreSQL: their deaths, that of another home's host, that of the database. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CANARY_ENV } from '../chaos/canary.js';
import { check } from '../chaos/checker.js';
import { chaosTask } from '../chaos/rows.js';
import { mostOpen, Team } from '../chaos/team.js';
import { Undisturbed } from '../chaos/undisturbed.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import type { Program } from '../support/program.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';

const WORKERS = 2;
const postgres = await startPostgres();
const missing = typeof postgres === 'string' ? postgres : null;
let team: Team;
let undisturbed: Undisturbed;

beforeAll(async () => {
  if (missing !== null) return;
  team = await Team.open(postgres as TestPostgres, WORKERS);
  undisturbed = await Undisturbed.run(team.home, 300, [1]);
});
afterAll(async () => {
  await team?.close();
  if (typeof postgres !== 'string') await postgres.stop();
});

describe.skipIf(missing !== null)(
  `host and ${WORKERS} workers over PostgreSQL${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
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
  },
);
