import { describe, expect, it } from 'vitest';
import type { StopSignal } from '../../src/cli/context.js';
import { FakeRun, progressOf } from './support/fake-run.js';
import { FakeTerminal, jsonLines } from './support/terminal.js';

/** A run that goes on until it is told to stop, in a terminal of its own. */
function under(moments = [{ ok: 5, inFlight: 4 }]) {
  const run = new FakeRun({ moments, open: true });
  const terminal = new FakeTerminal({ deps: run.deps() });
  return { run, terminal };
}

/** Sends signals at times of the fake clock, in ms. */
function send(terminal: FakeTerminal, signals: readonly [at: number, signal: StopSignal][]): void {
  const left = [...signals];
  terminal.onSleep = (elapsed) => {
    while (left[0] !== undefined && left[0][0] <= elapsed) terminal.signal((left.shift() as [number, StopSignal])[1]);
  };
}

describe('swarm run: signals', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s once: paused and drained, how to go on is told -> exit %i', async (signal, code) => {
    const { run, terminal } = under();
    send(terminal, [[1000, signal]]);
    const { stderr, exitCode } = await terminal.run('run', 'task.yaml');
    expect(exitCode).toBe(code);
    expect(run.asked).toEqual(['connect', 'start', 'pause', 'close']);
    expect(stderr).toContain('Paused: 5 of 20 rows are done.');
    expect(stderr).toContain('Go on with:  swarm run task.yaml   or   swarm resume poems-1');
    expect(terminal.listening).toBe(0);
  });

  it.each<[string, string[], string]>([
    ['options', ['--out', 'o', '--limit', '50', '--max-cost', '0.3'], 'swarm run task.yaml --out o --limit 50 --max-cost 0.3'],
    ['a path that a shell would cut', ['--out', "it's here"], `swarm run task.yaml --out 'it'\\''s here'`],
    ['--fork: a fork of the same task goes on', ['--fork', '--yes'], 'swarm run task.yaml --fork --yes'],
    ['--fresh: would begin once more', ['--fresh', '--seeds', 'a.csv'], 'swarm run task.yaml --seeds a.csv'],
  ])('%s -> the way to go on has all that was typed', async (_what, flags, line) => {
    const { terminal } = under();
    send(terminal, [[1000, 'SIGINT']]);
    const { stderr } = await terminal.run('run', 'task.yaml', ...flags);
    expect(stderr).toContain(`Go on with:  ${line}   or   swarm resume poems-1\n`);
  });

  it('calls under way: waited for until the last is in', async () => {
    const { run, terminal } = under();
    send(terminal, [[500, 'SIGINT']]);
    const after = [
      { state: 'paused' as const, ok: 5, inFlight: 4 },
      { state: 'paused' as const, ok: 9, inFlight: 0 },
    ];
    run.onPause = async () => {
      let looks = 0;
      run.progress = async () => progressOf({ ...(await FakeRun.prototype.progress.call(run)), ...after[Math.min(looks++, 1)] });
    };
    const { stderr, exitCode } = await terminal.run('run', 'task.yaml');
    expect(exitCode).toBe(130);
    expect(stderr).toContain('Paused: 9 of 20 rows are done.');
    expect(stderr).not.toContain('still under way');
  });

  it('calls that do not end: left after 30 s, and said', async () => {
    const { run, terminal } = under();
    send(terminal, [[500, 'SIGINT']]);
    run.onPause = async () => undefined;
    const { stderr, exitCode } = await terminal.run('run', 'task.yaml');
    expect(exitCode).toBe(130);
    expect(stderr).toContain('4 calls are still under way; what they answer will be kept.');
    expect(terminal.context.now()).toBeGreaterThan(Date.UTC(2026, 10, 21, 9, 0, 30));
  });

  it('twice: leaves now, without waiting for the pause -> exit 130', async () => {
    const { run, terminal } = under();
    send(terminal, [
      [500, 'SIGINT'],
      [2000, 'SIGINT'],
    ]);
    run.onPause = () => new Promise(() => undefined);
    const { exitCode } = await terminal.run('run', 'task.yaml');
    expect(exitCode).toBe(130);
    expect(terminal.context.now()).toBeLessThan(Date.UTC(2026, 10, 21, 9, 0, 5));
  });

  it('SIGINT then SIGTERM: leaves now -> exit 143', async () => {
    const { run, terminal } = under();
    send(terminal, [
      [500, 'SIGINT'],
      [1000, 'SIGTERM'],
    ]);
    run.onPause = () => new Promise(() => undefined);
    expect((await terminal.run('run', 'task.yaml')).exitCode).toBe(143);
  });

  it('the pause is refused: said, with the reason -> exit 130', async () => {
    const { run, terminal } = under();
    send(terminal, [[500, 'SIGINT']]);
    run.onPause = async () => {
      throw new Error('the host is gone');
    };
    const { stderr, exitCode } = await terminal.run('run', 'task.yaml');
    expect(exitCode).toBe(130);
    expect(stderr).toContain('the run may go on: the host is gone');
  });

  it('the run ends while it drains: its results are told -> exit 130', async () => {
    const { run, terminal } = under();
    send(terminal, [[500, 'SIGINT']]);
    run.onPause = async () => run.end();
    const { stdout, exitCode } = await terminal.run('run', 'task.yaml');
    expect(exitCode).toBe(130);
    expect(stdout).toContain('20: 5 ok, 0 failed');
  });

  it('before the start (during the check): leaves at once, nothing is started -> exit 130', async () => {
    const run = new FakeRun({ moments: [{}] });
    const deps = run.deps();
    const terminal = new FakeTerminal({
      deps: {
        ...deps,
        checkTask: async () => {
          terminal.signal('SIGINT');
          return await new Promise(() => undefined);
        },
      },
    });
    expect((await terminal.run('run', 'task.yaml')).exitCode).toBe(130);
    expect(run.asked).toEqual([]);
  });

  it('while it starts: waits for the start, then pauses', async () => {
    const { run, terminal } = under();
    run.onStart = async () => terminal.signal('SIGINT');
    const { exitCode } = await terminal.run('run', 'task.yaml');
    expect(exitCode).toBe(130);
    expect(run.asked).toEqual(['connect', 'start', 'pause', 'close']);
  });

  it('while a start hangs: leaves after 3 s and says where to look', async () => {
    const { run, terminal } = under();
    run.onStart = () => {
      terminal.signal('SIGINT');
      return new Promise(() => undefined);
    };
    const { stderr, exitCode } = await terminal.run('run', 'task.yaml', '--changed', 'keep');
    expect(exitCode).toBe(130);
    // The run may not have taken the changed task by then.
    expect(stderr).toContain('Left while the run was starting. Go on with:  swarm run task.yaml --changed keep\n');
    expect(run.asked).toEqual(['connect', 'start', 'close']);
  });

  it('a client that cannot be closed: left after 2 s', async () => {
    const { run } = under();
    const connect = run.deps().connect;
    const stuck = new FakeTerminal({
      deps: {
        ...run.deps(),
        connect: async (options) => ({ ...(await connect?.(options)), close: () => new Promise(() => undefined) }) as never,
      },
    });
    send(stuck, [[1000, 'SIGINT']]);
    expect((await stuck.run('run', 'task.yaml')).exitCode).toBe(130);
  });

  it('--json: the pause is an event with the exit code', async () => {
    const { terminal } = under();
    send(terminal, [[1000, 'SIGTERM']]);
    const finished = await terminal.run('run', 'task.yaml', '--json');
    expect(jsonLines(finished).at(-1)).toMatchObject({ event: 'paused', state: 'paused', ok: 5, exit_code: 143 });
  });
});

describe('swarm watch: signals', () => {
  it('SIGINT: only the watching ends -> exit 130, the run is not touched', async () => {
    const { run, terminal } = under();
    send(terminal, [[1000, 'SIGINT']]);
    const { stderr, exitCode } = await terminal.run('watch', 'poems-1');
    expect(exitCode).toBe(130);
    expect(run.asked).toEqual(['connect', 'close']);
    expect(stderr).toContain('The run goes on. Look at it with: swarm watch poems-1');
  });

  it('--json and nobody reads any more: ends quietly -> exit 0', async () => {
    const { run, terminal } = under();
    terminal.onSleep = () => terminal.closeStdout.abort();
    const { stderr, exitCode } = await terminal.run('watch', 'poems-1', '--json');
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    expect(run.asked).toEqual(['connect', 'close']);
  });
});

describe('swarm run: nobody reads stdout any more', () => {
  it('--json: quiet, and the run is followed to its end', async () => {
    const run = new FakeRun({ moments: [{}, { ok: 10 }, { ok: 20, state: 'completed' }] });
    const terminal = new FakeTerminal({ deps: run.deps() });
    terminal.closeStdout.abort();
    const { stdout, exitCode } = await terminal.run('run', 'task.yaml', '--json');
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 0 });
  });
});
