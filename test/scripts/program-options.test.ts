import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/paths.mjs';
import { HELP, readOptions } from '../../scripts/program-options.mjs';
import { SOAK } from '../../scripts/soak-options.mjs';

const PROGRAM = {
  command: 'npm run proof',
  about: 'proves it',
  parts: { one: 'the first', two: '' },
  options: {
    only: { type: 'string', value: 'NAME,...', about: 'these' },
    repeat: { type: 'string', value: 'N', whole: true, default: '5', about: 'so often' },
    table: { type: 'boolean', default: false, allParts: true, about: 'as a table' },
    help: HELP,
  },
} as const;

describe('readOptions', () => {
  it('what is known -> its value; what is not given -> its default', () => {
    expect(readOptions(PROGRAM, ['--only', 'two,one'])).toMatchObject({ values: { only: 'two,one', repeat: '5' }, end: null });
  });

  it.each([['--help'], ['-h']])('%s -> all options and parts, exit 0', (flag) => {
    expect(readOptions(PROGRAM, [flag]).end).toEqual({
      exitCode: 0,
      text: [
        'npm run proof [-- OPTIONS]: proves it',
        '',
        'options:',
        '  --only NAME,...  these',
        '  --repeat N       so often (default 5)',
        '  --table          as a table',
        '  -h, --help       this text',
        '',
        '--only takes any of these, with commas between them:',
        '  one  the first',
        '  two',
      ].join('\n'),
    });
  });

  it.each([
    [['--nope'], "Unknown option '--nope'"],
    [['nope'], "Unexpected argument 'nope'"],
    [['--repeat'], "Option '--repeat <value>' argument missing"],
    [['--repeat', 'often'], '--repeat often: a whole number is needed'],
    [['--only', 'one,three'], '--only three: there is no such part'],
    [['--only', 'one', '--table'], '--table is about all parts: leave --only out'],
    [['--only', ''], '--only : there is no such part'],
  ])('%j -> what is wrong and all that there is, exit 2', (args, found) => {
    const { values, end } = readOptions(PROGRAM, args);
    expect(values).toBeNull();
    expect(end?.exitCode).toBe(2);
    expect(end?.text.split('\n\n').slice(0, 2)).toEqual([found, 'npm run proof [-- OPTIONS]: proves it']);
  });
});

describe('npm run soak', () => {
  const soak = (...args: string[]) =>
    spawnSync(process.execPath, [join(ROOT, 'scripts', 'soak.mjs'), ...args], { encoding: 'utf8', timeout: 60_000 });

  it('--help -> every suite and option, nothing is prepared', () => {
    const { status, stdout, stderr } = soak('--help');
    expect([status, stderr]).toEqual([0, '']);
    for (const name of [...Object.keys(SOAK.parts), '--seed N', '--scenarios N', '--list']) expect(stdout).toContain(name);
  });

  it('an unknown option -> exit 2, no stack trace', () => {
    const { status, stdout, stderr } = soak('--sed', '3');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^Unknown option '--sed'\n\nnpm run soak /);
    expect(stderr).not.toContain('    at ');
  });
});
