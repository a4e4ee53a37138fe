/** A host and several `swarm worker` processes over PostgreSQL: their deaths, that of another home's host, that of the database. */
import { describe, expect, it } from 'vitest';
import { CANARY_ENV } from '../chaos/canary.js';
import { check } from '../chaos/checker.js';
import { chaosTask } from '../chaos/rows.js';
import { mostOpen } from '../chaos/team.js';
import type { Program } from '../support/program.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';
import { workerTeam } from './worker-team.js';

const WORKERS = 2;
const bed = await workerTeam(WORKERS);

describe.skipIf(bed.missing !== null)(`host and ${WORKERS} workers over PostgreSQL${bed.skipped}`, () => {
  it('PostgreSQL killed and back after 3 s, in mid run -> all processes live on, nothing lost, nothing paid again', async () => {
    const rows = 100;
    const provider = await bed.team.home.provider(['--latency', '1000']);
    const files = chaosTask(bed.team.home, 'database', provider.url, { rows, turns: 1, sliceSize: 1, workers: 12 });
    const program = bed.team.home.swarm(['run', files.path, '--json', '--yes']);
    await provider.untilBilled(20);
    await bed.postgres.crash(3_000);
    const { run, state } = endEvent(await program.ended);
    expect(state).toBe('completed');
    const found = check({ expected: bed.undisturbed.expected(rows, 1), out: files.out, calls: provider.calls(), blows: [] });
    expect(found).toMatchObject({ broken: [], paidAgain: 0 });
    // Nobody was replaced: the calls are by the same three processes.
    expect([...(await bed.team.callsByProcess(run)).keys()].sort()).toEqual(['host', 'worker 0', 'worker 1']);
    await provider.stop();
  });

  it('workers killed while they hold calls -> nothing lost, nothing doubled, paid again only what was in flight and is listed', async () => {
    const rows = 200;
    const provider = await bed.team.home.provider(['--latency', 'lognormal:800,0.3']);
    const files = chaosTask(bed.team.home, 'killed', provider.url, { rows, turns: 1, sliceSize: 1, workers: 16 });
    const program = bed.team.home.swarm(['run', files.path, '--json', '--yes']);
    await provider.untilBilled(20);
    bed.team.blows.length = 0;
    const run = await bed.team.home.runId(program);
    for (const at of [0, 1, 0]) {
      if ((await bed.team.kill([at], run)) === null) break;
      await bed.team.startWorker(at);
    }
    expect(bed.team.blows.length).toBeGreaterThanOrEqual(2);
    const { state } = endEvent(await program.ended);
    expect(state).toBe('completed');
    const calls = provider.calls();
    const found = check({ expected: bed.undisturbed.expected(rows, 1), out: files.out, calls, blows: bed.team.blows });
    process.stdout.write(
      `  ${bed.team.blows.length} kills: ${found.paidAgain} paid again, ${found.inFlight} in flight, ${found.doubtful} doubtful, at most ${mostOpen(calls)} open; replaced after ${(await bed.team.replacements(run)).join(', ')} ms\n`,
    );
    expect(found.broken).toEqual([]);
    // Each of the killed held calls.
    expect(found.inFlight).toBeGreaterThanOrEqual(bed.team.blows.length);
    expect(found.doubtful).toBeGreaterThanOrEqual(found.paidAgain);
    expect(mostOpen(calls)).toBeLessThanOrEqual(16);
    await provider.stop();
  });

  it('two homes on one database, a host killed -> only its run is interrupted, and goes on; the other does not notice', async () => {
    const rows = 60;
    const work = { rows, turns: 1, sliceSize: 1, workers: 6 };
    const other = await SwarmHome.create({ SWARM_DATABASE_URL: bed.team.database, [CANARY_ENV]: bed.team.home.env[CANARY_ENV] });
    try {
      const [ourProvider, theirProvider] = [
        await bed.team.home.provider(['--latency', '1000']),
        await other.provider(['--latency', '1000']),
      ];
      const ours = chaosTask(bed.team.home, 'ours', ourProvider.url, work);
      const theirs = chaosTask(other, 'theirs', theirProvider.url, work);
      await other.run(['start']);
      const [our, their] = [ours, theirs].map(({ path }, at) =>
        (at === 0 ? bed.team.home : other).swarm(['run', path, '--json', '--yes']),
      ) as [Program, Program];
      const [ourRun, theirRun] = [await bed.team.home.runId(our), await other.runId(their)];
      await theirProvider.untilBilled(10);
      const from = Date.now();
      their.kill('SIGKILL');
      await other.killHost();
      const blow = { what: 'host', from, until: Date.now(), sockets: true };
      await other.run(['start']);
      expect((await other.status(theirRun)).state).toBe('interrupted');
      expect(['running', 'completed']).toContain((await bed.team.home.status(ourRun)).state);
      expect(endEvent(await other.swarm(['run', theirs.path, '--json', '--yes']).ended)).toMatchObject({
        run: theirRun,
        state: 'completed',
      });
      expect(endEvent(await our.ended).state).toBe('completed');
      const expected = bed.undisturbed.expected(rows, 1);
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
    const provider = await bed.team.home.provider(['--latency', '1500']);
    const files = chaosTask(bed.team.home, 'drained', provider.url, { rows, turns: 1, sliceSize: 1, workers: 12 });
    const program = bed.team.home.swarm(['run', files.path, '--json', '--yes']);
    const run = await bed.team.home.runId(program);
    await bed.team.untilHolds([0], run);
    const worker = bed.team.worker(0);
    worker.kill('SIGTERM');
    const left = await worker.ended;
    expect(left).toMatchObject({ code: 143, signal: null });
    expect(left.stderr).toContain('Draining');
    expect(endEvent(await program.ended).state).toBe('completed');
    const found = check({ expected: bed.undisturbed.expected(rows, 1), out: files.out, calls: provider.calls(), blows: [] });
    expect(found).toMatchObject({ broken: [], paidAgain: 0, doubtful: 0 });
    await provider.stop();
  });
});
