import { describe, expect, it } from 'vitest';
import { SwarmError } from '../../src/core/errors.js';
import { estimateOf, FakeRun, outcomeOf, progressOf, reportOf, type Script } from './support/fake-run.js';
import { FakeTerminal, jsonLines, START, swarm, type TerminalOptions } from './support/terminal.js';

const HALF = { ok: 9, failed: 1, calls: 10, usage: { input: 1000, cached: 0, output: 500, reasoning: 0 }, costUsd: 0.05 };
const ALL = {
  ...HALF,
  state: 'completed' as const,
  ok: 20,
  failed: 0,
  inFlight: 0,
  calls: 20,
  costUsd: 0.1,
  endedAt: START + 3000,
};

async function run(script: Script, flags: string[] = [], options: TerminalOptions = {}) {
  const fake = new FakeRun(script);
  const finished = await swarm(['run', 'task.yaml', ...flags], { ...options, deps: fake.deps() });
  return { ...finished, fake };
}

describe('swarm run', () => {
  it('all rows well, piped: plain lines on stderr, results on stdout -> exit 0', async () => {
    const { stdout, stderr, exitCode, fake } = await run({ moments: [{}, HALF, ALL] });
    expect({ stdout, stderr, exitCode }).toMatchSnapshot();
    expect(fake.asked).toEqual(['connect', 'start', 'close']);
    expect(exitCode).toBe(0);
  });

  it('failed rows: where they are and how to do them again -> exit 1', async () => {
    const { stdout, stderr, exitCode } = await run({ moments: [{ ...ALL, ok: 18, failed: 2 }] });
    expect(exitCode).toBe(1);
    expect(stdout).toContain('20: 18 ok, 2 failed');
    expect(stdout).toContain('/data/out/failed.jsonl');
    expect(stderr).toContain('swarm retry poems-1');
  });

  it('capped: how to go on -> exit 3', async () => {
    const moments = [{ ...HALF, state: 'capped' as const, reason: 'capped' as const, maxCostUsd: 0.06 }];
    const { stdout, stderr, exitCode } = await run({ moments, result: { exitCode: 3, message: 'the cap of $0.06 is reached' } });
    expect(exitCode).toBe(3);
    expect(stdout).toContain('10 not done');
    expect(stderr).toContain('the cap of $0.06 is reached');
    expect(stderr).toContain('such as: swarm resize poems-1 --max-cost 0.12\n');
  });

  it.each([
    ['max_daily_cost', /swarm resume poems-1\n.*swarm resize poems-1 --max-daily-cost 3\n/, /--max-cost /],
    ['SWARM_MAX_DAILY_COST', /next day has begun: swarm resume poems-1/, /resize/],
  ])('capped by %s: when and how to go on', async (key, said, unsaid) => {
    const moments = [{ ...HALF, state: 'capped' as const, reason: 'capped' as const, today: { costUsd: 1, maxCostUsd: 1.5 } }];
    const message = `the next call could pass ${key} ($1.00) by $0.1000; the next day begins at 2026-11-22T00:00:00.000Z`;
    const { stderr } = await run({ moments, result: { exitCode: 3, message } });
    expect(stderr).toContain(message);
    expect(stderr).toMatch(said);
    expect(stderr).not.toMatch(unsaid);
  });

  it('refused key: what the provider said -> exit 5', async () => {
    const moments = [{ state: 'paused' as const, reason: 'key' as const, message: 'HTTP 401: no such key' }];
    const { stderr, exitCode } = await run({ moments, result: { exitCode: 5 } });
    expect(exitCode).toBe(5);
    expect(stderr).toContain('HTTP 401: no such key');
    expect(stderr).toContain('swarm resume poems-1');
  });

  it('problems in the task: each is told, nothing is started -> exit 2', async () => {
    const problems = [
      { code: 'E_TASK_ENUM', place: { file: 'task.yaml', line: 3, column: 12 }, found: 'task_type is "genration"' },
      { code: 'E_KEY_MISSING', found: 'SIM_KEY is not set' },
    ];
    const { stdout, stderr, exitCode, fake } = await run({ moments: [], report: { problems } });
    expect({ stdout, exitCode, asked: fake.asked }).toEqual({ stdout: '', exitCode: 2, asked: [] });
    expect(stderr).toBe('E_TASK_ENUM task.yaml:3:12: task_type is "genration"\nE_KEY_MISSING: SIM_KEY is not set\n');
  });

  it('only a key is missing -> exit 5', async () => {
    const problems = [{ code: 'E_KEY_MISSING', found: 'SIM_KEY is not set' }];
    expect((await run({ moments: [], report: { problems } })).exitCode).toBe(5);
  });

  it('options: each one -> reaches the start in the library words', async () => {
    const flags = ['--limit', '5', '--total', '9', '--seeds', 'rows.csv', '--out', '/tmp/o', '--max-cost', '1.5'];
    flags.push('--concurrency', '3', '--batch-size', '7', '--allow-constant-prompt', '--fork');
    const { fake } = await run({ moments: [ALL] }, flags);
    expect(fake.startOptions).toEqual({
      limit: 5,
      total: 9,
      seedsFile: '/data/rows.csv',
      outputDir: '/tmp/o',
      maxCost: 1.5,
      concurrency: 3,
      sliceSize: 7,
      allowConstantPrompt: true,
      ifChanged: 'fork',
      detached: false,
      origin: 'cli',
      checked: reportOf(),
    });
  });

  it('notes of check and start: each once, on stderr', async () => {
    const { stderr } = await run({
      moments: [ALL],
      report: { notes: ['2 s a call is assumed'] },
      start: { kind: 'resumed', notes: ['2 s a call is assumed', 'concurrency is 8 now'] },
    });
    expect(stderr.match(/^note: .*$/gm)).toEqual(['note: 2 s a call is assumed', 'note: concurrency is 8 now']);
    expect(stderr).toContain('Going on with run poems-1');
  });

  it('--detach: the run id on stdout at once -> exit 0', async () => {
    const { stdout, exitCode, fake } = await run({ moments: [{}], open: true }, ['--detach']);
    expect({ stdout, exitCode }).toEqual({ stdout: 'poems-1\n', exitCode: 0 });
    expect(fake.startOptions?.detached).toBe(true);
    expect(fake.asked).toEqual(['connect', 'start', 'close']);
  });

  it('the start fails with a SwarmError: told -> its exit code, and the client is closed', async () => {
    const fake = new FakeRun({ moments: [{}] });
    fake.onStart = async () => {
      throw new SwarmError({ code: 'E_LOCKED', found: 'run poems-0 holds the folder' }, 6);
    };
    const { stderr, exitCode } = await swarm(['run', 'task.yaml'], { deps: fake.deps() });
    expect(exitCode).toBe(6);
    expect(stderr).toContain('E_LOCKED: run poems-0 holds the folder');
    expect(fake.asked).toEqual(['connect', 'start', 'close']);
  });

  it('the following fails: told -> its exit code', async () => {
    const fake = new FakeRun({ moments: [{}], open: true });
    const terminal = new FakeTerminal({ deps: fake.deps() });
    terminal.onSleep = () => fake.fail(new SwarmError({ code: 'E_TEMPORAL_UNREACHABLE', found: 'no answer' }, 4));
    const { stderr, exitCode } = await terminal.run('run', 'task.yaml');
    expect(exitCode).toBe(4);
    expect(stderr).toContain('E_TEMPORAL_UNREACHABLE: no answer');
  });
});

describe('swarm run: other runs', () => {
  it('interrupted ones are named, three at most; the own one is not', async () => {
    const { stderr } = await run({ moments: [ALL], interrupted: ['poems-1', 'a-1', 'b-2', 'c-3', 'd-4'] });
    expect(stderr.match(/note: run \S+ is interrupted; go on with: swarm resume \S+/g)).toEqual(
      ['a-1', 'b-2', 'c-3'].map((id) => `note: run ${id} is interrupted; go on with: swarm resume ${id}`),
    );
    expect((await run({ moments: [ALL] })).stderr).not.toContain('is interrupted');
  });
});

describe('swarm run: the question about money', () => {
  const person = { stdinIsTerminal: true, stderrColumns: 100, dumb: true };
  const dear = { moments: [ALL], report: { worstCostUsd: 12.5 } };

  it.each([
    ['y', 0],
    ['Yes', 0],
    ['', 130],
    ['n', 130],
    ['yeah', 130],
  ])('a dear run, answer "%s" -> exit %i', async (answer, expected) => {
    const { stderr, exitCode, questions, fake } = await run(dear, [], { ...person, answers: [answer] });
    expect(questions).toEqual(['Go on? [y/N] ']);
    expect(stderr).toContain('This may cost up to $12.50; rows that are done are not paid again.');
    expect(exitCode).toBe(expected);
    expect(fake.asked.includes('start')).toBe(expected === 0);
  });

  it('rows that would be done anew -> the question says that they are paid again', async () => {
    const { stderr } = await run({ moments: [ALL], report: { worstCostUsd: 12.5, anewRows: 3 } }, [], {
      ...person,
      answers: ['y'],
    });
    expect(stderr).toContain('This may cost up to $12.50; 3 rows that were done are paid again, the others not.');
  });

  it('a cap below the worst case: the cap is what is asked about', async () => {
    const report = { worstCostUsd: 12.5, maxCostUsd: 3 };
    const { questions, stderr } = await run({ moments: [ALL], report }, [], { ...person, answers: ['y'] });
    expect(questions).toHaveLength(1);
    expect(stderr).toContain('This may cost up to $3.00;');
    expect(stderr).toContain('worst case $12.50, cap $3.00');
  });

  it('rows that were measured -> asked by the upper bound of the estimate, not by the worst case', async () => {
    const script = { moments: [ALL], report: { worstCostUsd: 12.5, sampleRun: 'poems-0', estimate: estimateOf({ sample: 30 }) } };
    const { questions, stderr } = await run(script, [], { ...person, answers: ['y'] });
    expect(questions).toHaveLength(1);
    expect(stderr).toContain('This may cost up to $3.00, about $2.00 is likely; rows that are done are not paid again.');
    const costUsd = { low: 0.4, expected: 0.6, high: 0.9 };
    const cheap = { ...script, report: { ...script.report, estimate: estimateOf({ sample: 30, costUsd }) } };
    expect(await run(cheap, [], person)).toMatchObject({ exitCode: 0, questions: [] });
  });

  it.each([
    ['--yes', dear, ['--yes'], person],
    ['CI', dear, [], { ...person, config: { ci: true } }],
    ['a pipe as input', dear, [], { ...person, stdinIsTerminal: false }],
    ['a pipe for talk', dear, [], { stdinIsTerminal: true }],
    ['a cap of 1 USD', { moments: [ALL], report: { worstCostUsd: 12.5, maxCostUsd: 1 } }, [], person],
    ['at most 1 USD', { moments: [ALL], report: { worstCostUsd: 1 } }, [], person],
    ['an unknown price', { moments: [ALL], report: { worstCostUsd: null } }, [], person],
  ])('%s -> not asked', async (_name, script, flags, options) => {
    expect(await run(script, flags, options)).toMatchObject({ exitCode: 0, questions: [] });
  });
});

describe('swarm run --json', () => {
  it('a run: start, progress, outcomes and end on stdout, and nothing else', async () => {
    const failed = outcomeOf(2, {
      status: 'failed',
      cause: 'transport',
      code: 'E_HTTP_500',
      message: 'five times 500',
      output: null,
      finish: null,
      model: null,
      attempts: 5,
    });
    const { stdout, stderr, exitCode } = await run(
      { moments: [{ total: 2 }, { ...ALL, total: 2, ok: 1, failed: 1 }], outcomes: [outcomeOf(1), failed] },
      ['--json'],
    );
    const events = jsonLines({ stdout });
    expect(events[0]).toMatchObject({ event: 'start', run: 'poems-1', kind: 'new', total: 2, output_dir: '/data/out' });
    expect(events.filter(({ event }) => event === 'outcome')).toMatchSnapshot();
    expect(events.some(({ event }) => event === 'progress')).toBe(true);
    expect(events.at(-1)).toEqual({
      event: 'end',
      run: 'poems-1',
      state: 'completed',
      reason: null,
      message: null,
      total: 2,
      ok: 1,
      failed: 1,
      filtered: 0,
      cost_usd: 0.1,
      output_dir: '/data/out',
      output_file: '/data/out/output.jsonl',
      exit_code: 1,
    });
    expect(exitCode).toBe(1);
    expect(stderr).not.toContain('in flight');
  });

  it('an amount to be warned of is reached: one event and one line, however long it goes on', async () => {
    const warnings = [{ key: 'warn_at' as const, message: 'the run has cost $1.00: warn_at is $1.00' }];
    const later = [{ key: 'warn_at' as const, message: 'the run has cost $1.10: warn_at is $1.00' }];
    const moments = [{}, { ...HALF, warnings }, { ...ALL, warnings: later }];
    const { stdout, stderr } = await run({ moments }, ['--json']);
    const events = jsonLines({ stdout }).filter(({ event }) => event === 'warning');
    expect(events).toEqual([{ event: 'warning', run: 'poems-1', ...warnings[0] }]);
    expect(stderr.match(/warning: .*/g)).toEqual(['warning: the run has cost $1.00: warn_at is $1.00']);
  });

  it('progress events: at most one a second, and none without news', async () => {
    const fake = new FakeRun({ moments: Array.from({ length: 13 }, (_, at) => ({ ok: Math.min(at, 6) })), open: true });
    const terminal = new FakeTerminal({ deps: fake.deps() });
    terminal.onSleep = (elapsed) => elapsed >= 6000 && fake.end();
    const { stdout } = await terminal.run('run', 'task.yaml', '--json');
    const shown = jsonLines({ stdout }).filter(({ event }) => event === 'progress');
    // Looks every 500 ms; the last event belongs to the end.
    expect(shown.map(({ ok }) => ok)).toEqual([1, 3, 5, 6, 6]);
  });

  it('problems: as an event too -> exit 2', async () => {
    const problems = [{ code: 'E_TASK_EMPTY', found: 'the file is empty' }];
    const { stdout, stderr, exitCode } = await run({ moments: [], report: { problems } }, ['--json']);
    expect(jsonLines({ stdout })).toEqual([{ event: 'error', problems, exit_code: 2 }]);
    expect(stderr).toContain('E_TASK_EMPTY');
    expect(exitCode).toBe(2);
  });

  it('the outcomes cannot be read: told -> not a clean end', async () => {
    const fake = new FakeRun({ moments: [{}], open: true });
    fake.outcomes = () => {
      throw new SwarmError({ code: 'E_STORE', found: 'the file is gone' }, 7);
    };
    const { stderr, exitCode } = await swarm(['run', 'task.yaml', '--json'], { deps: fake.deps() });
    expect(exitCode).toBe(7);
    expect(stderr).toContain('E_STORE: the file is gone');
  });
});

describe('swarm run on a terminal', () => {
  it('the last frame stays, results come after it on stdout', async () => {
    const { stdout, stderr } = await run({ moments: [{}, HALF, ALL] }, [], { stderrColumns: 60, utf8: true });
    expect(stderr).toContain('poems  running');
    expect(stderr).toContain('poems  completed');
    expect(stderr).toContain('\u2588');
    expect(stderr).not.toMatch(/rows, .*in flight/);
    expect(stdout).toContain('/data/out/output.jsonl');
  });

  it('a terminal that does not know its size: 80 columns are taken', async () => {
    const { stderr } = await run({ moments: [{}, HALF, ALL] }, [], { stderrColumns: 0, stderrRows: 0 });
    expect(stderr).toContain('poems  completed');
    expect(stderr).toContain('9 ok | 1 failed | 4 in flight');
  });

  it('CI with a terminal: plain lines, no redrawing', async () => {
    const { stderr } = await run({ moments: [{}, HALF, ALL] }, [], { stderrColumns: 60, config: { ci: true } });
    expect(stderr).toContain('running: 10/20 rows, 1 failed');
    expect(stderr).not.toContain('\u001b');
  });

  it('escape sequences in what a provider said: not obeyed by a terminal, kept in a log', async () => {
    const message = 'no\u001b[2J\u001b]52;c;aGk=\u0007 such key';
    const moments = [progressOf({ state: 'paused', reason: 'key', message })];
    const shown = await run({ moments, result: { exitCode: 5 } }, [], { stderrColumns: 80, stdoutColumns: 80, dumb: true });
    expect(shown.stderr).toContain('no such key');
    expect(shown.stderr + shown.stdout).not.toContain('\u001b');
  });
});
