/** One rule for limits that nobody tells, over the ways in which providers keep them, in simulated time. */
import { describe, expect, it } from 'vitest';
import { FAMILY } from '../../support/gate-simulation/family.js';
import { simulate } from '../../support/gate-simulation/simulate.js';

const SEEDS = 12;

describe('limits that nobody tells, 200 workers', () => {
  it.each(FAMILY.map((member) => [member.name, member] as const))('%s -> few are refused, near the ideal', (name, member) => {
    const { provider, rows, idealMs, goal } = member;
    const runs = Array.from({ length: SEEDS }, (_, n) => {
      const commitMs = { median: 15, sigma: 0.8 };
      const run = simulate({ provider, commitMs, runs: [{ rows, limits: { concurrency: 200 } }] }, `${name}/${n}`);
      expect([run.ok, run.failed]).toEqual([rows, 0]);
      return { refused: run.refused, overS: (run.ms - idealMs) / 1_000 };
    });
    const refused = runs.map((run) => run.refused).sort((a, b) => a - b)[SEEDS >> 1] as number;
    const overS = Math.max(...runs.map((run) => run.overS));
    process.stdout.write(`${name}: ${refused} refused, at most ${overS.toFixed(1)} s beyond the ideal\n`);
    expect(refused).toBeLessThan(goal.refused);
    expect(overS).toBeLessThanOrEqual(goal.overS);
  });

  it.each([
    [2, 2, 60],
    [10, 10, 300],
    [500, 500, 5_000],
    [800, 100, 6_000],
  ])('%d calls/s, %d at once -> found, not met again and again', (rate, burst, rows) => {
    const runs = Array.from({ length: SEEDS }, (_, n) => {
      const provider = { latencyMs: 200, refusalMs: { median: 8, sigma: 0.7 }, rate, burst, retryAfterMs: 1_000 };
      const run = simulate({ provider, runs: [{ rows, limits: { concurrency: 200 } }] }, `${rate}/${n}`);
      expect([run.ok, run.failed]).toEqual([rows, 0]);
      return run.refused;
    });
    const refused = runs.sort((a, b) => a - b)[SEEDS >> 1] as number;
    process.stdout.write(`${rate} calls/s: ${refused} refused\n`);
    expect(refused).toBeLessThan(60);
  });
});
