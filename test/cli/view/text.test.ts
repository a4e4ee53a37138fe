import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { recordTables } from '../../../src/cli/view/record-tables.js';
import { safeLine, safeStream, safeText } from '../../../src/cli/view/safe-text.js';
import { cutTo, renderFacts, renderTable, wrapTo, wrapWhole } from '../../../src/cli/view/table.js';
import { formatCount, formatDuration, formatRate, formatTime, formatUsd, shortened } from '../../../src/core/format.js';

describe('format', () => {
  it.each([
    [0, '0'],
    [9999, '9999'],
    [10_000, '10.0k'],
    [99_949, '99.9k'],
    [99_950, '100k'],
    [999_949, '1000k'],
    [999_950, '1.0M'],
    [123_456_789, '123M'],
  ])('formatCount %d -> %s', (value, expected) => {
    expect(formatCount(value)).toBe(expected);
  });

  it.each([
    [0, '$0'],
    [0.000_000_000_4, '$0'],
    [0.000_000_001, '$0.000000001'],
    [0.000_012, '$0.000012'],
    [0.000_040_4, '$0.00004'],
    [0.000_099_99, '$0.0001'],
    [0.0012, '$0.0012'],
    [0.5, '$0.5000'],
    [-0.000_012, '-$0.000012'],
    [1, '$1.00'],
    [-2.5, '-$2.50'],
    [1234.5, '$1234.50'],
  ])('formatUsd %d -> %s', (value, expected) => {
    expect(formatUsd(value)).toBe(expected);
  });

  it.each([
    [-5, '0s'],
    [59_400, '59s'],
    [59_600, '1m 00s'],
    [185_000, '3m 05s'],
    [3_600_000, '1h 00m'],
    [90_000_000, '1d 01h'],
  ])('formatDuration %d -> %s', (value, expected) => {
    expect(formatDuration(value)).toBe(expected);
  });

  it('formatRate: a decimal only where it says something', () => {
    expect([0, 0.25, 9.94, 9.96, 1234].map(formatRate)).toEqual(['0.0', '0.3', '9.9', '10', '1234']);
  });

  it('shortened: longer than the most -> cut to it, dots included; else as it is', () => {
    expect([shortened('x'.repeat(60)), shortened('x'.repeat(61))]).toEqual(['x'.repeat(60), `${'x'.repeat(57)}...`]);
    expect([shortened('abcdef', 6), shortened('abcdefg', 6)]).toEqual(['abcdef', 'abc...']);
  });

  it('formatTime: UTC, or a dash', () => {
    expect([formatTime(null), formatTime(0)]).toEqual(['-', '1970-01-01 00:00:00Z']);
  });
});

describe('safeText', () => {
  it.each([
    ['colours', '\u001b[31mred\u001b[0m', 'red'],
    ['screen clearing', 'a\u001b[2J\u001b[Hb', 'ab'],
    ['clipboard writes', 'a\u001b]52;c;aGk=\u0007b', 'ab'],
    ['links', '\u001b]8;;http://x\u001b\\y\u001b]8;;\u001b\\', 'y'],
    ['8-bit sequences', 'a\u009b31mb', 'ab'],
    ['carriage returns, bells, backspaces', 'a\rb\u0007c\bd', 'abcd'],
    ['reversed reading direction', 'a\u202eb\u2066c', 'abc'],
    ['what is text', 'tab\tline\nWörter \u6b4c \u{1f600}', 'tab\tline\nWörter \u6b4c \u{1f600}'],
  ])('%s', (_name, text, expected) => {
    expect(safeText(text)).toBe(expected);
  });

  it.each([
    ['openings', '\u001b]'.repeat(200_000)],
    ['openings with text', '\u001b]8;;x'.repeat(100_000)],
    ['one that never ends', `\u001b]${'x'.repeat(400_000)}`],
    ['parameters', `\u001b[${'0;'.repeat(200_000)}`],
    ['many of them', '\u001b[0;0;0'.repeat(60_000)],
    ['8-bit openings', '\u009d0;x'.repeat(100_000)],
    ['blanks', `\u001b${' '.repeat(400_000)}`],
  ])('a long hostile text, %s: done at once', (_name, text) => {
    const started = performance.now();
    expect(safeText(text)).not.toMatch(/[\u001b\u0080-\u009f]/);
    // Some 10 ms; by the square of the length it would be minutes.
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it.each([
    ['a title', '\u001b]0;title\u0007a', 'a'],
    ['a link that is cut', '\u001b]8;;http://x', ']8;;http://x'],
    ['an opening before a whole sequence', '\u001b]\u001b[31ma', ']a'],
    ['a device string', '\u001bPq#0\u001b\\a', 'a'],
    ['a reset and a set of characters', '\u001bc\u001b(Ba', 'a'],
    ['a private mode', '\u001b[?1049ha', 'a'],
  ])('%s', (_name, text, expected) => {
    expect(safeText(text)).toBe(expected);
  });

  it('safeLine: one line', () => {
    expect(safeLine(' a\r\nb\tc\n')).toBe('a b c');
  });

  it('safeStream: characters and sequences cut in two -> whole text, nothing to obey', async () => {
    const stream = safeStream();
    const bytes = Buffer.from('W\u00f6rter \u001b[31mrot');
    for (const byte of bytes) stream.write(Buffer.from([byte]));
    stream.end();
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    expect(text).toBe('W\u00f6rter [31mrot');
  });
});

describe('tables', () => {
  it('cutTo: by what the terminal shows', () => {
    expect([cutTo('abcdef', 6), cutTo('abcdef', 5), cutTo('\u6b4c\u6b4c\u6b4c', 5), cutTo('abc', 2), cutTo('abc', 0)]).toEqual([
      'abcdef',
      'ab...',
      '\u6b4c...',
      '..',
      '',
    ]);
  });

  it('renderTable: wide characters keep the columns in line', () => {
    const lines = renderTable(
      [{ title: 'NAME' }, { title: 'N', align: 'right' }],
      [
        ['\u6b4c', '1'],
        ['abcdef', '100'],
      ],
    );
    expect(lines).toEqual(['NAME      N', '\u6b4c        1', 'abcdef  100']);
    expect(new Set(lines.map((line) => stringWidth(line))).size).toBe(1);
  });

  it('renderFacts: what is not known is left out', () => {
    expect(
      renderFacts([
        ['a', '1'],
        ['long', null],
        ['bc', '2'],
        ['d', ''],
      ]),
    ).toEqual(['a   1', 'bc  2']);
    expect(renderFacts([])).toEqual([]);
  });

  it('recordTables: facts, lists of records, money, control sequences', () => {
    const record = {
      runId: 'a',
      name: 'x\u001b[2Jy',
      endedAt: null,
      costUsd: 1.5,
      usage: { input: 1, output: 2 },
      money: { total_usd: 2, by_model: [{ model: 'm', cost_usd: 2 }] },
      tags: ['b', 'c'],
      none: [],
      doubtfulCalls: [
        { seedId: 's1', costUsd: 0.25 },
        { seedId: 's2', code: 'E_X' },
      ],
    };
    expect(recordTables(record)).toEqual([
      'run id    a',
      'name      xy',
      'ended at  -',
      'cost      $1.50',
      'usage     input 1, output 2',
      'money     total $2.00',
      'tags      b, c',
      'none      none',
      '',
      'money by model:',
      'MODEL   COST',
      'm      $2.00',
      '',
      'doubtful calls:',
      'SEED ID  COST     CODE',
      's1       $0.2500  -',
      's2       -        E_X',
    ]);
  });
});

describe('wrapTo', () => {
  it.each([
    ['as wide as it may be', 20, ['as wide as it may be']],
    ['one word too many for it', 20, ['one word too many', '  for it']],
    ['the last: swarm resume poems-1, for 5s', 28, ['the last:', '  swarm resume poems-1, for', '  5s']],
    ['the last: swarm resume poems-1', 12, ['the last:', '  swarm', '  resume', '  poems-1']],
    ['a incomprehensible', 10, ['a', '  incom...']],
    ['', 10, []],
  ])('%s, %d columns -> between words, a command whole', (text, width, expected) => {
    expect(wrapTo(text, width)).toEqual(expected);
  });
});

describe('wrapWhole', () => {
  it.each<[string, string, number, string[]]>([
    ['fits', 'a b', 5, ['a b']],
    ['between words', 'one two three', 8, ['one two', '  three']],
    ['with its indent', '  fix: one two', 10, ['  fix: one', '    two']],
    ['a word wider than the line: whole', 'x /a/very/long/path y', 8, ['x', '  /a/very/long/path', '  y']],
    [
      'a command: one piece to its end',
      'go on with: swarm run t --out o --limit 5',
      20,
      ['go on with:', '  swarm run t --out o --limit 5'],
    ],
    ['a command by npx', 'or: npx swarm resume a', 14, ['or:', '  npx swarm resume a']],
    ['a command of two words at the end', 'first of all: swarm stop', 19, ['first of all:', '  swarm stop']],
    ['its variable: with it', 'or: SWARM_X=0.5 swarm resume a', 20, ['or:', '  SWARM_X=0.5 swarm resume a']],
    [
      'two commands, the second with a variable: one piece',
      'such as: npx swarm stop; SWARM_X=2 npx swarm resume a',
      30,
      ['such as:', '  npx swarm stop; SWARM_X=2 npx swarm resume a'],
    ],
  ])('%s', (_what, text, width, lines) => {
    expect(wrapWhole(text, width)).toEqual(lines);
  });

  it('renderFacts on a terminal: long values go on below themselves', () => {
    expect(
      renderFacts(
        [
          ['a', 'one two three'],
          ['long', 'x'],
        ],
        14,
      ),
    ).toEqual(['a     one two', '        three', 'long  x']);
  });
});
