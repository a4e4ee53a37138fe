import { describe, expect, it } from 'vitest';
import type { Progress } from '../../src/runs/progress.js';
import { FakeRun, outcomeOf, type Script } from './support/fake-run.js';
import { jsonLines, swarm } from './support/terminal.js';

async function on(state: Progress['state'], argv: string[], script: Partial<Script> = {}) {
  const run = new FakeRun({ moments: [{ state }], open: true, ...script });
  return { ...(await swarm(argv, { deps: run.deps() })), asked: run.asked };
}

describe('swarm pause, resume, cancel', () => {
  it.each([
    ['pause', 'running', 'Run poems-1 is paused'],
    ['pause', 'staged', 'Run poems-1 is paused'],
    ['resume', 'paused', 'Run poems-1 goes on'],
    ['resume', 'interrupted', 'Run poems-1 goes on'],
    ['resume', 'capped', 'Run poems-1 goes on'],
    ['cancel', 'running', 'Run poems-1 is being cancelled'],
    ['cancel', 'paused', 'Run poems-1 is being cancelled'],
  ] as const)('%s a run that is %s -> done, said on stderr, exit 0', async (command, state, said) => {
    const { stdout, stderr, exitCode, asked } = await on(state, [command, 'poems-1']);
    expect({ stdout, exitCode, asked }).toEqual({ stdout: '', exitCode: 0, asked: ['connect', command, 'close'] });
    expect(stderr).toContain(said);
  });

  it.each([
    ['pause', 'completed'],
    ['pause', 'paused'],
    ['resume', 'completed'],
    ['resume', 'running'],
    ['cancel', 'completed'],
    ['cancel', 'cancelled'],
    ['cancel', 'capped'],
  ] as const)('%s a run that is %s -> nothing to do, no host is started, exit 0', async (command, state) => {
    const { stderr, exitCode, asked } = await on(state, [command, 'poems-1']);
    expect({ stderr, exitCode, asked }).toEqual({ stderr: `Run poems-1 is ${state}; nothing to do.\n`, exitCode: 0, asked: [] });
  });

  it('an unknown run: told before any host is started -> exit 2', async () => {
    for (const command of ['pause', 'resume', 'cancel', 'watch', 'retry']) {
      const { stderr, exitCode, asked } = await on('running', [command, 'nope']);
      expect({ exitCode, asked }).toEqual({ exitCode: 2, asked: [] });
      expect(stderr).toContain('E_RUN_UNKNOWN: there is no run nope');
    }
  });
});

describe('swarm resize', () => {
  it('new limits: reach the run, and are said', async () => {
    const flags = ['--concurrency', '8', '--max-cost', '2.5', '--requests-per-minute', '120'];
    const { stderr, exitCode, asked } = await on('running', ['resize', 'poems-1', ...flags]);
    expect(exitCode).toBe(0);
    expect(asked[1]).toBe('resize {"concurrency":8,"maxCost":2.5,"requestsPerMinute":120}');
    expect(stderr).toBe('Run poems-1 has 8 calls in flight, at most $2.50, at most 120 requests/min; it is running.\n');
  });

  it('a capped run and another cap: goes on', async () => {
    const { stderr, asked } = await on('capped', ['resize', 'poems-1', '--max-cost', '5']);
    expect(stderr).toBe('Run poems-1 has at most $5.00; it goes on.\n');
    expect(asked).toEqual(['connect', 'resize {"maxCost":5}', 'resume', 'close']);
  });

  it('a capped run and another concurrency: stays where it is', async () => {
    const { stderr, asked } = await on('capped', ['resize', 'poems-1', '--concurrency', '2']);
    expect(asked).toEqual(['connect', 'resize {"concurrency":2}', 'close']);
    expect(stderr).toContain('it is capped');
  });

  it('rates and caps of every kind: reach the run, and are said', async () => {
    const flags = [
      '--max-cost-per-call',
      '0.1',
      '--max-cost-per-row',
      '0.5',
      '--max-daily-cost',
      '9',
      '--tokens-per-minute',
      '5000',
    ];
    const { stderr, asked } = await on('capped', ['resize', 'poems-1', ...flags]);
    expect(asked.slice(1, 3)).toEqual([
      'resize {"maxCostPerCall":0.1,"maxCostPerRow":0.5,"maxDailyCost":9,"tokensPerMinute":5000}',
      'resume',
    ]);
    expect(stderr).toContain('at most $0.5000 a row, at most $9.00 a day, at most 5000 tokens/min');
  });

  it('none: takes the limits away', async () => {
    const { stderr, asked } = await on('capped', ['resize', 'poems-1', '--max-cost', 'none', '--requests-per-minute', 'none']);
    expect(asked[1]).toBe('resize {"maxCost":null,"requestsPerMinute":null}');
    expect(stderr).toContain('no cap, no limit of requests/min');
  });
});

describe('swarm retry', () => {
  it('failed rows of one cause: done again and followed -> exit code of the run', async () => {
    const moments = [
      { ok: 18, total: 20 },
      { ok: 20, state: 'completed' as const },
    ];
    const { stdout, stderr, exitCode, asked } = await on('completed', ['retry', 'poems-1', '--cause', 'transport'], {
      moments,
      failed: 2,
      open: false,
    });
    expect(asked).toEqual(['connect', 'retry {"cause":"transport"}', 'close']);
    expect(stderr).toContain('2 failed rows with cause transport are done again.');
    expect(stdout).toContain('20: 20 ok, 0 failed');
    expect(exitCode).toBe(0);
  });

  it('no failed rows: said -> exit 0', async () => {
    const { stderr, exitCode } = await on('completed', ['retry', 'poems-1']);
    expect({ stderr, exitCode }).toEqual({ stderr: 'Run poems-1 has no failed rows.\n', exitCode: 0 });
  });

  it('--detach: the run id on stdout, at once', async () => {
    const { stdout, exitCode } = await on('completed', ['retry', 'poems-1', '--detach'], { failed: 3 });
    expect({ stdout, exitCode }).toEqual({ stdout: 'poems-1\n', exitCode: 0 });
  });
});

describe('swarm watch', () => {
  it('a run that has ended -> its end from the store, no host is started', async () => {
    const { stdout, exitCode, asked } = await on('completed', ['watch', 'poems-1'], {
      moments: [{ ok: 20, state: 'completed' }],
      ended: true,
      open: false,
    });
    expect(stdout).toMatch(/^rows +20: 20 ok, 0 failed$/m);
    expect({ exitCode, asked }).toEqual({ exitCode: 0, asked: [] });
  });

  it('until the end: the results and the exit code of the run', async () => {
    const moments = [{ ok: 5 }, { ok: 15, failed: 5, state: 'completed' as const }];
    const { stdout, exitCode, asked } = await on('running', ['watch', 'poems-1'], { moments, open: false });
    expect(exitCode).toBe(1);
    expect(stdout).toContain('15 ok, 5 failed');
    expect(asked).toEqual(['connect', 'close']);
  });

  it('--json: start, outcomes, end', async () => {
    const script = { moments: [{ ok: 1, total: 1, state: 'completed' as const }], open: false, outcomes: [outcomeOf(1)] };
    const events = jsonLines(await on('running', ['watch', 'poems-1', '--json'], script)).map(({ event }) => event);
    expect(events[0]).toBe('start');
    expect(events.at(-1)).toBe('end');
    expect(events).toContain('outcome');
  });
});
