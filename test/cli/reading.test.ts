import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { StoreReader } from '../../src/client/reader.js';
import { unknownRun } from '../../src/core/run-errors.js';
import type { Receipt } from '../../src/outputs/receipt.js';
import type { Progress } from '../../src/runs/progress.js';
import type { ReconcilePlan } from '../../src/runs/reconcile.js';
import { progressOf } from './support/fake-run.js';
import { FakeTerminal, jsonLines, START, swarm, type TerminalOptions } from './support/terminal.js';

const DONE = progressOf({
  state: 'completed',
  ok: 18,
  failed: 2,
  inFlight: 0,
  calls: 23,
  limited: 3,
  usage: { input: 12_345, cached: 1200, output: 4000, reasoning: 0 },
  costUsd: 0.0123,
  maxCostUsd: 5,
  requestsPerMinute: 600,
  endedAt: START + 65_000,
});

function reading(part: Partial<StoreReader>): { options: TerminalOptions; closed: () => number } {
  let closed = 0;
  const shout = (): never => {
    throw new Error('not scripted');
  };
  const reader: StoreReader = {
    progress: async (run) => {
      if (run === DONE.run) return DONE;
      throw unknownRun(run);
    },
    runs: shout,
    lastRun: async () => DONE.run,
    export: shout,
    receipt: shout,
    verify: shout,
    planReconcile: shout,
    applyReconcile: shout,
    ended: shout,
    close: async () => {
      closed += 1;
    },
    ...part,
  };
  return { options: { deps: { openReader: async () => reader } }, closed: () => closed };
}

describe('swarm status', () => {
  it('no run named: the newest one, from the store alone -> exit 0', async () => {
    const { options, closed } = reading({});
    const { stdout, stderr, exitCode } = await swarm(['status'], options);
    expect({ stdout, stderr, exitCode }).toMatchSnapshot();
    expect(closed()).toBe(1);
  });

  it('--json: one object', async () => {
    const found = jsonLines(await swarm(['status', 'poems-1', '--json'], reading({}).options));
    expect(found).toMatchSnapshot();
  });

  it('a run that waits: why, in the words of the provider', async () => {
    const progress = async () => progressOf({ state: 'paused', reason: 'billing', message: 'credit is\nused up' });
    const { stdout } = await swarm(['status'], reading({ progress }).options);
    expect(stdout).toMatch(/^state +paused \(billing\)$/m);
    expect(stdout).toMatch(/^why +credit is used up$/m);
  });

  it('the money of the day, and amounts that were to be told of: shown', async () => {
    const warnings = [{ key: 'SWARM_WARN_AT' as const, message: 'all runs of today have cost $1.20: SWARM_WARN_AT is $1.00' }];
    const progress = async () => progressOf({ today: { costUsd: 1.2, maxCostUsd: 5 }, warnings });
    const { stdout } = await swarm(['status'], reading({ progress }).options);
    expect(stdout).toMatch(/^today +\$1\.20 of \$5\.00 for all runs of the day$/m);
    expect(stdout).toMatch(/^warning +all runs of today have cost \$1\.20/m);
    const [record] = jsonLines(await swarm(['status', '--json'], reading({ progress }).options));
    expect(record).toMatchObject({ today_cost_usd: 1.2, max_daily_cost_usd: 5, warnings: [warnings[0]?.message] });
  });

  it('an unknown run: told, and the store is closed -> exit 2', async () => {
    const { options, closed } = reading({});
    const { stdout, stderr, exitCode } = await swarm(['status', 'nope'], options);
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: '', stderr: `${unknownRun('nope').message}\n`, exitCode: 2 });
    expect(closed()).toBe(1);
  });

  it('no runs yet: how to start one -> exit 2', async () => {
    const { stderr, exitCode } = await swarm(['status'], reading({ lastRun: async () => null }).options);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('swarm run TASK');
  });
});

describe('swarm runs', () => {
  const rows: Progress[] = [DONE, progressOf({ run: 'long-run-name-2', name: 'ein Lied \u6b4c', ok: 3, startedAt: null })];

  it('some runs: a table on stdout', async () => {
    const { stdout, exitCode } = await swarm(['runs'], reading({ runs: async () => rows }).options);
    expect({ stdout, exitCode }).toMatchSnapshot();
  });

  it('--state and --limit: reach the store; without --limit 50', async () => {
    const asked: unknown[] = [];
    const runs = async (options: unknown) => {
      asked.push(options);
      return [];
    };
    const first = await swarm(['runs', '--state', 'paused', '--limit', '3'], reading({ runs }).options);
    const second = await swarm(['runs'], reading({ runs }).options);
    expect(asked).toEqual([
      { limit: 3, rest: false, states: ['paused'] },
      { limit: 50, rest: false },
    ]);
    expect([first.stderr, second.stderr]).toEqual(['No run is paused.\n', 'There are no runs in this home yet.\n']);
    expect(first.exitCode).toBe(0);
  });

  it('--json: one line a run', async () => {
    const found = jsonLines(await swarm(['runs', '--json'], reading({ runs: async () => rows }).options));
    expect(found.map(({ run, state, ok }) => ({ run, state, ok }))).toEqual([
      { run: 'poems-1', state: 'completed', ok: 18 },
      { run: 'long-run-name-2', state: 'running', ok: 3 },
    ]);
  });

  it('a narrow terminal: no line is wider', async () => {
    const { stdout } = await swarm(['runs'], { ...reading({ runs: async () => rows }).options, stdoutColumns: 40 });
    for (const line of stdout.trimEnd().split('\n')) expect(line.length).toBeLessThanOrEqual(40);
    expect(stdout).toMatch(/^RUN +STATE +DONE +ROWS$/m);
    expect(stdout).toMatch(/^poems-1 +completed +20 +20$/m);
  });

  it('a terminal too narrow for the ids -> what is typed again and numbers are whole', async () => {
    const { stdout } = await swarm(['runs'], { ...reading({ runs: async () => rows }).options, stdoutColumns: 26 });
    for (const line of stdout.trimEnd().split('\n')) expect(line.length).toBeLessThanOrEqual(26);
    expect(stdout).toMatch(/^long-run-name-2 +running +3$/m);
  });
});

describe('swarm export', () => {
  const writing =
    (text: string): StoreReader['export'] =>
    async (_run, _format, target) => {
      if (typeof target === 'string') return 2;
      await new Promise<void>((resolve) => target.write(text, () => resolve()));
      return 2;
    };

  it('without --out: the rows on stdout, byte for byte, and nothing said', async () => {
    const text = '{"id":"a"}\n{"id":"\u001b[31m"}\n';
    expect(await swarm(['export', 'poems-1'], reading({ export: writing(text) }).options)).toMatchObject({
      stdout: text,
      stderr: '',
      exitCode: 0,
    });
  });

  it('--out: an absolute path and the format reach the store, the count is told', async () => {
    const asked: unknown[] = [];
    const write: StoreReader['export'] = async (...args) => asked.push(args) + 1;
    const { stdout, stderr } = await swarm(
      ['export', 'poems-1', '--format', 'csv', '--out', 'rows.csv'],
      reading({ export: write }).options,
    );
    expect(asked).toEqual([['poems-1', 'csv', '/data/rows.csv']]);
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '2 rows written to /data/rows.csv\n' });
  });

  it('a terminal: escape sequences of answers are not obeyed', async () => {
    const write = writing('a\u001b[2Jb\u001b]52;c;aGk=\u0007c\r\n');
    const { stdout } = await swarm(['export', 'poems-1', '--format', 'csv'], {
      ...reading({ export: write }).options,
      stdoutColumns: 80,
    });
    expect(stdout).toBe('abc\n');
  });

  it('parquet to a terminal: refused -> exit 2', async () => {
    const { stderr, exitCode } = await swarm(['export', 'poems-1', '--format', 'parquet'], {
      ...reading({}).options,
      stdoutColumns: 80,
    });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('E_CLI_VALUE: parquet is binary');
  });

  it('the reader of stdout leaves: quiet, whether the writing fails or hangs -> exit 0', async () => {
    const leaving = (after: () => Promise<number>) => {
      const terminal: FakeTerminal = new FakeTerminal({
        deps: reading({
          export: async () => {
            terminal.closeStdout.abort();
            return await after();
          },
        }).options.deps as object,
      });
      return terminal.run('export', 'poems-1');
    };
    const failed = await leaving(() => Promise.reject(new Error('write EPIPE')));
    const hanging = await leaving(() => new Promise(() => undefined));
    expect([failed, hanging].map(({ stderr, exitCode }) => ({ stderr, exitCode }))).toEqual([
      { stderr: '', exitCode: 0 },
      { stderr: '', exitCode: 0 },
    ]);
  });
});

describe('swarm receipt', () => {
  const tokens = { input: 2000, cached: 0, output: 900, reasoning: 0 };
  const receipt = async (): Promise<Receipt> => ({
    run: 'poems-1',
    name: 'poems',
    at: '2026-11-21T09:00:20.000Z',
    epochs: 1,
    task_fingerprint: 'a1',
    seeds_fingerprint: 'b2',
    counts: { total: 20, ok: 18, failed: 2, filtered: 0, pending: 0 },
    calls: { answered: 22, failed: 1, limited: 3, doubtful: 1, open: 0, unmetered: 2, unpriced: 0, exceeding: 1 },
    tokens,
    money: {
      cap_usd: 5,
      settled_usd: 0.0123,
      doubtful_usd: 0.001,
      reserved_usd: 0,
      total_usd: 0.0133,
      unmetered_usd: 0.002,
      exceeding_usd: 0.0001,
      by_model: [
        { model: 'sim-small', role: 'worker', tier: 'worker', calls: 20, tokens, cost_usd: 0.01 },
        { model: 'sim-large', role: 'worker', tier: 'worker', calls: 3, tokens, cost_usd: 0.0023 },
      ],
    },
    doubtful_calls: [
      {
        index: 4,
        id: 'row-5',
        phase: 'map',
        role: 'worker',
        turn: 1,
        attempt: 1,
        reserved_usd: 0.001,
        code: 'E_CALL_TIMEOUT',
        time: '2026-11-21T09:00:05.000Z',
      },
    ],
    versions: { 'durable-swarm': '0.1.0' },
    files: [{ name: 'output.jsonl', rows: 18, bytes: 4321, sha256: 'c3' }],
  });

  it('as people read it', async () => {
    expect((await swarm(['receipt', 'poems-1'], reading({ receipt }).options)).stdout).toMatchSnapshot();
  });

  it('--json: as it is', async () => {
    const found = jsonLines(await swarm(['receipt', 'poems-1', '--json'], reading({ receipt }).options));
    expect(found).toEqual([await receipt()]);
  });
});

describe('a stdout that is a real slow stream', () => {
  it('--json: each line waits until the one before is taken', async () => {
    const terminal = new FakeTerminal(reading({ runs: async () => [DONE, DONE, DONE] }).options);
    let waiting = 0;
    let most = 0;
    terminal.context.stdout = new Writable({
      write(_chunk, _encoding, done) {
        waiting += 1;
        most = Math.max(most, waiting);
        setImmediate(() => {
          waiting -= 1;
          done();
        });
      },
    });
    const { exitCode } = await terminal.run('runs', '--json');
    expect({ most, exitCode }).toEqual({ most: 1, exitCode: 0 });
  });
});

describe('swarm receipt --verify', () => {
  const found = { run: 'poems-1', calls: 20, rows: 20, files: 2, differences: [] };

  it('everything adds up: said -> exit 0', async () => {
    const { stdout, exitCode } = await swarm(['receipt', 'poems-1', '--verify'], reading({ verify: async () => found }).options);
    expect(stdout).toBe('20 calls, 20 rows and 2 files of run poems-1 were counted anew: everything adds up.\n');
    expect(exitCode).toBe(0);
  });

  it('differences: each is named, money in USD -> exit 1; the same as JSON', async () => {
    const differences = [
      { where: 'store', what: 'money.settled', expected: 20_000_000, found: 10_000_000 },
      { where: 'output.jsonl', what: 'rows', expected: 20, found: 'nothing' },
    ];
    const { options } = reading({ verify: async () => ({ ...found, differences }) });
    const { stdout, exitCode } = await swarm(['receipt', 'poems-1', '--verify'], options);
    expect(stdout).toContain('store: money.settled is $0.0100, by the single calls $0.0200\n');
    expect(stdout).toContain('output.jsonl: rows is nothing, by the single calls 20\n');
    expect(stdout).toContain('counted anew: 2 differences.\n');
    expect(exitCode).toBe(1);
    const json = await swarm(['receipt', 'poems-1', '--verify', '--json'], options);
    expect(jsonLines(json)).toEqual([{ ...found, differences }]);
    expect(json.exitCode).toBe(1);
  });

  it('one difference: said in the singular', async () => {
    const differences = [{ where: 'output.jsonl', what: 'rows', expected: 20, found: 19 }];
    const { options } = reading({ verify: async () => ({ ...found, differences }) });
    const { stdout } = await swarm(['receipt', 'poems-1', '--verify'], options);
    expect(stdout).toContain('counted anew: 1 difference.\n');
  });
});

describe('swarm receipt --reconcile', () => {
  const call = { phase: 'map', turn: 1, attempt: 1, reserved_usd: 0.01 };
  const calls: ReconcilePlan['calls'] = [
    { ...call, index: 3, becomes: 'settled', cost_usd: 0.004, why: 'line 7' },
    { ...call, index: 4, becomes: 'released', cost_usd: 0, why: 'the provider did not bill it' },
    { ...call, index: 5, becomes: 'doubtful', cost_usd: null, why: 'the export does not cover its time' },
  ];
  const plan: ReconcilePlan = { run: 'poems-1', form: 'requests', answered: 9, found: 9, ignored: 1, calls };

  async function reconcile(found: ReconcilePlan, flags: string[] = [], more: TerminalOptions = {}) {
    const applied: string[] = [];
    const { options } = reading({
      planReconcile: async (run, file) => {
        applied.push(`plan ${run} ${file}`);
        return found;
      },
      applyReconcile: async (run, file) => {
        applied.push(`apply ${run} ${file}`);
        return { settled: 1, released: 1 };
      },
    });
    const args = ['receipt', 'poems-1', '--reconcile', 'usage.csv', ...flags];
    return { ...(await swarm(args, { ...options, ...more })), applied };
  }

  it('nobody to ask: what would be done, nothing is written', async () => {
    const { stdout, stderr, exitCode, applied } = await reconcile(plan);
    expect(stdout).toContain('row 3, turn 1, attempt 1, $0.0100 reserved: settled at $0.0040 (line 7)\n');
    expect(stdout).toContain('row 4, turn 1, attempt 1, $0.0100 reserved: released (the provider did not bill it)\n');
    expect(stdout).toContain('row 5, turn 1, attempt 1, $0.0100 reserved: stays doubtful (the export does not cover its time)\n');
    expect(stderr).toContain('1 call to settle, 1 to release, 1 stay doubtful');
    expect(stderr).toContain('Nothing was written; --yes writes it.');
    expect(applied).toHaveLength(1);
    expect(exitCode).toBe(0);
  });

  it('--yes, or a yes: written', async () => {
    const { stderr, applied } = await reconcile(plan, ['--yes']);
    expect(applied[1]).toMatch(/^apply poems-1 .*usage\.csv$/);
    expect(stderr).toContain('Written: 1 call settled, 1 released.');
    const asked = await reconcile(plan, [], { stderrColumns: 100, stdinIsTerminal: true, answers: ['y'] });
    expect(asked.applied).toHaveLength(2);
    const refused = await reconcile(plan, [], { stderrColumns: 100, stdinIsTerminal: true, answers: [''] });
    expect(refused.applied).toHaveLength(1);
  });

  it('nothing follows, or nothing is doubtful: said, nothing is written', async () => {
    const stays = await reconcile({ ...plan, calls: calls.slice(2) }, ['--yes']);
    expect(stays.stderr).toContain('nothing was written');
    const none = await reconcile({ ...plan, form: null, calls: [] }, ['--yes']);
    expect(none.stderr).toBe('Run poems-1 has no doubtful calls.\n');
    expect([...stays.applied, ...none.applied].filter((what) => what.startsWith('apply'))).toEqual([]);
  });

  it('--json: the plan, and whether it was written', async () => {
    expect(jsonLines(await reconcile(plan, ['--json']))).toEqual([{ ...plan, written: false }]);
    expect(jsonLines(await reconcile(plan, ['--json', '--yes']))).toEqual([{ ...plan, written: true }]);
  });

  it('with --verify: refused -> exit 2', async () => {
    expect((await reconcile(plan, ['--verify'])).exitCode).toBe(2);
  });
});
