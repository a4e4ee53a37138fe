/** A host and several `swarm worker` processes over PostgreSQL: shared limits, deaths, stalls, files. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check } from '../chaos/checker.js';
import { chaosTask } from '../chaos/rows.js';
import { mostOpen, Team } from '../chaos/team.js';
import { Undisturbed } from '../chaos/undisturbed.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { mostInWindow } from '../support/provider.js';
import { endEvent } from '../support/swarm-home.js';

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
    ])('requests_per_minute 240, %s -> never more than that at the provider', async (_, sliceSize) => {
      const rows = 60;
      const provider = await team.home.provider(['--latency', '120']);
      const work = { rows, turns: 1, sliceSize, workers: 16 };
      const files = chaosTask(team.home, `rate-${sliceSize}`, provider.url, work, {
        worker_model: `rated-${sliceSize}`,
        requests_per_minute: 240,
      });
      const ended = await team.home.swarm(['run', files.path, '--json', '--yes']).ended;
      expect(endEvent(ended).state).toBe('completed');
      const calls = provider.calls();
      expect(calls).toHaveLength(rows);
      // Four a second, so no ten seconds hold more than forty and a straggler.
      expect(mostInWindow(calls, 10_000)).toBeLessThanOrEqual(41);
      await provider.stop();
    });

    it('a worker killed every 3 s -> nothing lost, nothing doubled, paid again only what was in flight and is listed', async () => {
      const rows = 300;
      const provider = await team.home.provider(['--latency', 'lognormal:800,0.3']);
      const files = chaosTask(team.home, 'killed', provider.url, { rows, turns: 1, sliceSize: 1, workers: 16 });
      const program = team.home.swarm(['run', files.path, '--json', '--yes']);
      await provider.untilBilled(20);
      team.blows.length = 0;
      for (const at of [0, 1, 0, 1]) {
        await team.kill(at);
        await team.startWorker(at);
        await sleep(1_500);
      }
      const { state } = endEvent(await program.ended);
      expect(state).toBe('completed');
      const calls = provider.calls();
      const found = check({ expected: undisturbed.expected(rows, 1), out: files.out, calls, blows: team.blows });
      process.stdout.write(
        `  ${team.blows.length} kills: ${found.paidAgain} paid again, ${found.inFlight} in flight, ${found.doubtful} doubtful, at most ${mostOpen(calls)} open\n`,
      );
      expect(found.broken).toEqual([]);
      expect(mostOpen(calls)).toBeLessThanOrEqual(16);
      await provider.stop();
    });
  },
);
