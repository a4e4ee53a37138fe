import { describe, expect, it } from 'vitest';
import type { CliDeps } from '../../src/cli/context.js';
import { SwarmError } from '../../src/core/errors.js';
import type { CheckReport } from '../../src/runs/check.js';
import type { StartOptions } from '../../src/runs/start-options.js';
import { estimateOf, reportOf } from './support/fake-run.js';
import { jsonLines, swarm } from './support/terminal.js';

async function check(part: Partial<CheckReport>, flags: string[] = [], says: () => Promise<string[]> = async () => []) {
  const asked: [string, StartOptions][] = [];
  let asksEndpoint = false;
  const checkTask: CliDeps['checkTask'] = async (task, options, _, models) => {
    asked.push([task, options]);
    asksEndpoint = models === listed;
    return reportOf(part);
  };
  const listed = async () => ({ names: [], more: false });
  const deps = { checkTask, whatRunSays: says, servedModels: () => listed };
  return { ...(await swarm(['check', 'task.yaml', ...flags], { deps })), asked, asksEndpoint };
}

const ENUM = { code: 'E_TASK_ENUM', place: { file: 'task.yaml', line: 3, column: 12 }, found: 'task_type is "genration"' };
const KEY = { code: 'E_KEY_MISSING', found: 'OPENAI_API_KEY is not set' };

describe('swarm check', () => {
  it('no problem: rows, calls, tokens and money on stdout, notes on stderr -> exit 0', async () => {
    const { stdout, stderr, exitCode } = await check({ notes: ['2 s a call is assumed'], maxCostUsd: 5 });
    expect({ stdout, stderr, exitCode }).toEqual({
      stdout: '20 rows, at most 20 calls, 2000 tokens in, 12.3k out, worst case $0.2500, cap $5.00\n',
      stderr: 'note: 2 s a call is assumed\n',
      exitCode: 0,
    });
  });

  it('one row, no price: singular, and no figure that is not known', async () => {
    expect((await check({ rows: 1, calls: 1, worstCostUsd: null })).stdout).toBe(
      '1 row, at most 1 call, 2000 tokens in, 12.3k out, worst case unknown\n',
    );
  });

  it.each([
    ['any problem', [ENUM, KEY], 2],
    ['only a key', [KEY], 5],
  ])('%s -> all are told, exit code', async (_name, problems, code) => {
    const { stdout, stderr, exitCode } = await check({ problems });
    expect(exitCode).toBe(code);
    // Without its key everything else is known.
    expect(stdout).toMatch(code === 5 ? /^20 rows, at most 20 calls/ : /^$/);
    for (const { code: name } of problems) expect(stderr).toContain(name);
  });

  it('what run will say of the folder: a note, or its refusal with its exit code and the command that goes on', async () => {
    const noted = await check({}, [], async () => ['run poems-1 is resumed']);
    expect([noted.stderr, noted.exitCode]).toEqual(['note: run poems-1 is resumed\n', 0]);
    const changed = await check({}, ['--limit', '5'], async () => {
      throw new SwarmError({
        code: 'E_SEEDS_CHANGED',
        found: 'row 2 changed',
        fix: '--fork for a new folder, --fresh to start over',
      });
    });
    expect(changed.exitCode).toBe(2);
    expect(changed.stdout).toContain('20 rows');
    expect(changed.stderr).toContain('swarm run task.yaml --limit 5 --fork;');
    const locked = await check({}, ['--json'], async () => {
      throw new SwarmError({ code: 'E_LOCKED', found: 'held' }, 6);
    });
    expect([locked.exitCode, jsonLines(locked)[0]?.['problems']]).toEqual([6, [{ code: 'E_LOCKED', found: 'held' }]]);
  });

  it('--json: the report as one object, with problems too', async () => {
    const finished = await check({ problems: [ENUM], maxCostUsd: 5 }, ['--json']);
    expect(finished.exitCode).toBe(2);
    expect(jsonLines(finished)).toEqual([
      {
        problems: [ENUM],
        notes: [],
        rows: 20,
        calls: 20,
        input_tokens: 2000,
        output_tokens: 12_345,
        worst_cost_usd: 0.25,
        max_cost_usd: 5,
        done_rows: 0,
        anew_rows: 0,
        sample_run: null,
        estimate: null,
        model_check: null,
      },
    ]);
  });

  it('with an estimate -> what the rows left will take, what it rests on, and the rows that are done', async () => {
    const estimate = estimateOf({ rows: 12, sample: 24 });
    const { stdout } = await check({ estimate, doneRows: 8, sampleRun: 'poems-1' });
    expect(stdout.split('\n').slice(1)).toEqual([
      '8 rows are done already, 12 are left',
      'expected: 12 calls, 1000 tokens in, 5000 (4500 to 5500) out, $2.00 ($1.00 to $3.00), 20s (18s to 25s) at best (by 24 rows of poems-1, right 9 of 10 times)',
      '',
    ]);
    const guess = await check({ estimate: estimateOf({ costUsd: null }) });
    expect(guess.stdout).toMatch(
      /^expected: .*out, cost unknown, 20s \(18s to 25s\) at best \(guess, nothing is measured yet\)$/m,
    );
    const done = await check({ estimate: estimateOf({ rows: 0 }), doneRows: 20 });
    expect(done.stdout).toMatch(/20 rows are done already, 0 are left\n$/);
    const anew = await check({ estimate, doneRows: 8, anewRows: 3, sampleRun: 'poems-1' });
    expect(anew.stdout).toMatch(
      /^8 rows are done already, 12 are left\nof these 3 rows were done before: paid again, by what was changed$/m,
    );
    const [record] = jsonLines(await check({ estimate, doneRows: 8, sampleRun: 'poems-1' }, ['--json']));
    expect(record).toMatchObject({
      done_rows: 8,
      sample_run: 'poems-1',
      estimate: { rows: 12, sample_rows: 24, cost_usd: { low: 1, expected: 2, high: 3 }, ms: { expected: 20_000 } },
    });
  });

  it('the list of models: asked for, what came of it is a field of the record; --offline -> nobody is asked', async () => {
    const modelCheck = { status: 'unsure' as const, why: null, nearest: ['openai/a'] };
    const finished = await check({ modelCheck, notes: ['x is not in the list of models'] }, ['--json']);
    expect(jsonLines(finished)[0]).toMatchObject({ model_check: modelCheck });
    expect([finished.asksEndpoint, finished.exitCode]).toEqual([true, 0]);
    expect((await check({}, ['--offline'])).asksEndpoint).toBe(false);
  });

  it('options: decide what is checked', async () => {
    const { asked } = await check({}, ['--limit', '3', '--seeds', '/rows.csv']);
    expect(asked).toEqual([
      ['task.yaml', { limit: 3, seedsFile: '/rows.csv', ifChanged: 'refuse', detached: false, origin: 'cli' }],
    ]);
    for (const ifChanged of ['keep', 'redo']) {
      const { asked: takes } = await check({}, ['--changed', ifChanged]);
      expect(takes).toEqual([['task.yaml', { ifChanged, detached: false, origin: 'cli' }]]);
    }
  });
});
