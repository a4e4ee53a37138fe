import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { swarm } from './support/terminal.js';

describe('swarm without a command to run', () => {
  it('no arguments: usage on stderr -> exit 2', async () => {
    const { stdout, stderr, exitCode } = await swarm([]);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
    expect(stderr).toMatch(/^Usage: swarm COMMAND/);
  });

  it('--help: the commands on stdout -> exit 0', async () => {
    const { stdout, stderr, exitCode } = await swarm(['--help']);
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    for (const { name } of COMMANDS) expect(stdout).toContain(`\n  ${name}`);
    expect(stdout).toContain('Exit codes: 0 all ok');
  });

  it('--version: one line -> exit 0', async () => {
    expect(await swarm(['--version'])).toMatchObject({ stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), exitCode: 0 });
  });

  it.each(COMMANDS.filter(({ passThrough }) => !passThrough).map(({ name }) => name))(
    '%s --help: its options and an example on stdout -> exit 0',
    async (name) => {
      const { stdout, stderr, exitCode } = await swarm([name, '--help']);
      expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
      expect(stdout).toContain(`Usage: swarm ${name}`);
      expect(stdout).toMatch(/\nExamples?:\n.*swarm /);
      expect(stdout).toContain('--debug');
    },
  );

  it('help temporal: our own help, since its options are passed on -> exit 0', async () => {
    const { stdout, exitCode } = await swarm(['help', 'temporal']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('swarm temporal workflow list');
  });

  it('run --help: all of it -> as written', async () => {
    expect((await swarm(['run', '--help'])).stdout).toMatchSnapshot();
  });
});

describe('command lines that are refused: exit 2, nothing on stdout, nothing started', () => {
  it.each([
    ['a mistyped command', ['statsu'], 'E_CLI_UNKNOWN: there is no command "statsu"', 'did you mean status?'],
    ['a command that is none', ['frobnicate'], 'E_CLI_UNKNOWN: there is no command "frobnicate"', 'allowed: run, check'],
    [
      'a mistyped option',
      ['run', 't.yaml', '--totl', '5'],
      'E_CLI_UNKNOWN: there is no option "--totl" here',
      'did you mean --total?',
    ],
    [
      'an option of another command',
      ['status', '--total', '5'],
      'E_CLI_UNKNOWN: there is no option "--total" here',
      'allowed: --json',
    ],
    [
      'a mistyped simulator option',
      ['simulate', '--latncy', '5'],
      'E_CLI_UNKNOWN: there is no option "--latncy"',
      'mean --latency?',
    ],
    ['too many arguments', ['run', 'a.yaml', 'b.yaml'], 'E_CLI_UNKNOWN: there are more arguments', 'swarm run --help'],
    ['no task', ['run'], 'E_CLI_MISSING: the argument TASK is missing', 'swarm run --help'],
    ['no run', ['pause'], 'E_CLI_MISSING: the argument RUN is missing', 'swarm pause --help'],
    ['--total -5', ['run', 't.yaml', '--total', '-5'], 'E_CLI_VALUE: --total is "-5"', 'a whole number from 1'],
    ['--total 0', ['run', 't.yaml', '--total', '0'], 'E_CLI_VALUE: --total is "0"', 'a whole number from 1'],
    ['--total abc', ['run', 't.yaml', '--total', 'abc'], 'E_CLI_VALUE: --total is "abc"', 'a whole number from 1'],
    ['--total 1e99', ['run', 't.yaml', '--total', '1e99'], 'E_CLI_VALUE: --total is "1e99"', 'a whole number from 1'],
    ['--total 1.5', ['run', 't.yaml', '--total=1.5'], 'E_CLI_VALUE: --total is "1.5"', 'a whole number from 1'],
    ['--total without a value', ['run', 't.yaml', '--total'], 'E_CLI_VALUE: the option "--total <n>" needs a value', '--help'],
    ['--max-cost NaN', ['run', 't.yaml', '--max-cost', 'NaN'], 'E_CLI_VALUE: --max-cost is "NaN"', 'an amount of USD'],
    ['--max-cost with a comma', ['run', 't.yaml', '--max-cost', '10,00'], 'E_CLI_VALUE: --max-cost is "10,00"', 'with a point'],
    ['--max-cost 0', ['run', 't.yaml', '--max-cost', '0'], 'E_CLI_VALUE: --max-cost is "0"', 'above 0'],
    ['--seeds empty', ['run', 't.yaml', '--seeds', ''], 'E_CLI_VALUE: --seeds is ""', 'not empty'],
    ['a flag twice', ['run', 't.yaml', '--limit', '1', '--limit', '1'], 'E_CLI_REPEATED: --limit is given twice', 'once'],
    ['a switch twice', ['run', 't.yaml', '--yes', '--yes'], 'E_CLI_REPEATED: --yes is given twice', 'once'],
    ['--fresh with --fork', ['run', 't.yaml', '--fresh', '--fork'], 'E_CLI_CONFLICT: option', 'give one of them'],
    ['--port 0', ['simulate', '--port', '0'], 'E_CLI_PORT: --port is "0"', 'a port from 1 to 65535'],
    ['--port 70000', ['simulate', '--port', '70000'], 'E_CLI_PORT: --port is "70000"', 'a port from 1 to 65535'],
    ['--port http', ['simulate', '--port', 'http'], 'E_CLI_PORT: --port is "http"', 'a port from 1 to 65535'],
    ['an unknown cause', ['retry', 'r', '--cause', 'bad luck'], 'E_CLI_VALUE: --cause is "bad luck"', 'refused, content_filter'],
    ['an unknown format', ['export', 'r', '--format', 'xlsx'], 'E_CLI_VALUE: --format is "xlsx"', 'jsonl, json, parquet, csv'],
    ['an unknown state', ['runs', '--state', 'done'], 'E_CLI_VALUE: --state is "done"', 'completed'],
    ['resize without a change', ['resize', 'r'], 'E_CLI_MISSING: there is nothing to change', '--concurrency'],
    ['resize --max-cost nothing', ['resize', 'r', '--max-cost', 'no'], 'E_CLI_VALUE: --max-cost is "no"', 'USD'],
  ])('%s -> told', async (_name, argv, found, help) => {
    const { stdout, stderr, exitCode } = await swarm(argv);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
    expect(stderr.startsWith(found)).toBe(true);
    expect(stderr).toContain(help);
    expect(stderr).not.toContain('    at ');
  });

  it('--debug: the stack too', async () => {
    const { stderr } = await swarm(['run', '--debug']);
    expect(stderr).toContain('    at ');
  });
});
