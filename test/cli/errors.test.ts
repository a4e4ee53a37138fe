import { describe, expect, it } from 'vitest';
import { EXIT, SwarmError } from '../../src/core/errors.js';
import { jsonLines, swarm, type TerminalOptions } from './support/terminal.js';

const failing = (error: unknown): TerminalOptions => ({
  deps: {
    openReader: async () => {
      throw error;
    },
  },
});

describe('errors of a command', () => {
  it('a SwarmError: all its problems on stderr, no stack -> its exit code', async () => {
    const problems = [
      { code: 'E_A', place: { file: 'task.yaml', line: 2, column: 3 }, found: 'one', allowed: 'two', fix: 'three' },
      { code: 'E_B', found: 'four' },
    ];
    const { stdout, stderr, exitCode } = await swarm(['runs'], failing(new SwarmError(problems, EXIT.locked)));
    expect({ stdout, stderr, exitCode }).toEqual({
      stdout: '',
      stderr: 'E_A task.yaml:2:3: one\n  allowed: two\n  fix: three\nE_B: four\n',
      exitCode: 6,
    });
  });

  it('anything else: one line that owns up -> exit 70', async () => {
    const { stderr, exitCode } = await swarm(['runs'], failing(new TypeError('x is not a function\nsecond line')));
    expect({ stderr, exitCode }).toEqual({
      stderr: 'E_BUG: x is not a function; this is a defect, rerun with --debug\n',
      exitCode: 70,
    });
  });

  it('anything else with causes: they are in the line, each once', async () => {
    const inner = new Error('it closed\nsecond line');
    const error = new Error('the Update failed', { cause: new Error('the Update failed', { cause: inner }) });
    const { stderr } = await swarm(['runs'], failing(error));
    expect(stderr).toBe('E_BUG: the Update failed: it closed; this is a defect, rerun with --debug\n');
  });

  it.each([['a text'], [undefined], [{ odd: true }], [new Error('')]])('thrown %s: still one line -> exit 70', async (thrown) => {
    const { stderr, exitCode } = await swarm(['runs'], failing(thrown));
    expect(exitCode).toBe(70);
    expect(stderr).toMatch(/^E_BUG: .+; this is a defect, rerun with --debug\n$/);
  });

  it.each([[['runs', '--debug']], [['--debug', 'runs']]])('%s: stacks, of causes too', async (argv) => {
    const error = new SwarmError({ code: 'E_A', found: 'one' }, EXIT.badInput, { cause: new RangeError('the reason') });
    const { stderr } = await swarm(argv, failing(error));
    expect(stderr).toContain('    at ');
    expect(stderr).toContain('RangeError: the reason');
  });

  it('--json: an event on stdout too', async () => {
    const finished = await swarm(['runs', '--json'], failing(new SwarmError({ code: 'E_A', found: 'one' }, EXIT.unreachable)));
    expect(jsonLines(finished)).toEqual([{ event: 'error', problems: [{ code: 'E_A', found: 'one' }], exit_code: 4 }]);
  });

  it('colours: on a terminal that wants them, and nowhere else', async () => {
    const error = new SwarmError({ code: 'E_A', found: 'o\u001b[8mne' });
    const on = (options: TerminalOptions) => swarm(['runs'], { ...failing(error), ...options }).then(({ stderr }) => stderr);
    expect(await on({ stderrColumns: 80, color: true })).toBe('\u001b[31mE_A: one\u001b[39m\n');
    expect(await on({ stderrColumns: 80, color: false })).toBe('E_A: one\n');
    expect(await on({ color: true })).toBe('E_A: o\u001b[8mne\n');
  });
});
