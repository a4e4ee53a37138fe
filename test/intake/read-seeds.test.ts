import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, test } from 'vitest';
import { SwarmError } from '../../src/core/errors.js';
import { parseTemplate } from '../../src/core/template.js';
import { SeedsFingerprint } from '../../src/intake/fingerprint.js';
import { type ReadSeedsOptions, readSeeds, type SeedSource } from '../../src/intake/read-seeds.js';
import type { Seed } from '../../src/schema/seed.js';

const folder = mkdtempSync(join(tmpdir(), 'swarm-seeds-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** What is in use, not what waits to be collected: of that each version of Node lets another amount be. */
function heldBytes(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

let files = 0;
function fileOf(ending: string, content: string | Buffer): SeedSource {
  files += 1;
  const file = join(folder, `rows-${files}${ending}`);
  writeFileSync(file, content);
  return { file };
}

interface Result {
  seeds: Seed[];
  notes: string[];
  fingerprint: SeedsFingerprint;
  error: SwarmError | null;
}

async function read(source: SeedSource, options: ReadSeedsOptions = {}): Promise<Result> {
  const seeds: Seed[] = [];
  const reading = readSeeds(source, options);
  let error: SwarmError | null = null;
  try {
    for await (const seed of reading) seeds.push(seed);
  } catch (thrown) {
    if (!SwarmError.is(thrown)) throw thrown;
    error = thrown;
  }
  return { seeds, notes: reading.notes(), fingerprint: reading.fingerprint, error };
}

const jsonl = (...lines: string[]) => fileOf('.jsonl', `${lines.join('\n')}\n`);
const prompt = (template: string): ReadSeedsOptions => ({ prompt: { template: parseTemplate(template) } });
const contents = ({ seeds }: Result) => seeds.map(({ content }) => content);
const ids = ({ seeds }: Result) => seeds.map(({ id }) => id);

describe('formats', () => {
  test('jsonl: texts and objects -> rows in order', async () => {
    const { seeds, error } = await read(jsonl('"a"', '{"id":"x","t":1}', '"b"'));
    expect(error).toBeNull();
    expect(seeds).toEqual([
      { index: 0, id: expect.stringMatching(/^[0-9a-f]{16}$/), content: 'a' },
      { index: 1, id: 'x', content: { id: 'x', t: 1 } },
      { index: 2, id: expect.stringMatching(/^[0-9a-f]{16}$/), content: 'b' },
    ]);
  });

  test('jsonl: CRLF, blank lines, byte order mark, no last line end -> accepted (B63)', async () => {
    expect(contents(await read(fileOf('.ndjson', '\ufeff"a"\r\n\r\n  \n"b"')))).toEqual(['a', 'b']);
  });

  test('jsonl: U+2028, emoji, a control character -> round trip equal (B75)', async () => {
    const texts = ['\u0001 x', 'a\u2028b\u2029c', '😀', 'e\u0301'];
    const result = await read(
      jsonl(JSON.stringify(texts[0]), `"${texts[1]}"`, ...texts.slice(2).map((text) => JSON.stringify(text))),
    );
    expect(contents(result)).toEqual(texts);
  });

  test('jsonl: a __proto__ field -> data only (B77)', async () => {
    const { seeds } = await read(jsonl('{"__proto__":{"polluted":1}}'));
    expect(JSON.stringify(seeds[0]?.content)).toBe('{"__proto__":{"polluted":1}}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('csv: quotes, commas, line ends, a __proto__ column -> text fields', async () => {
    const result = await read(fileOf('.csv', '\ufeffid,text,__proto__\r\n7,"a, ""b""\nc",p\r\n\r\n8,,q\r\n'));
    expect(result.error).toBeNull();
    expect(ids(result)).toEqual(['7', '8']);
    expect(JSON.stringify(contents(result))).toBe(
      '[{"id":"7","text":"a, \\"b\\"\\nc","__proto__":"p"},{"id":"8","text":"","__proto__":"q"}]',
    );
  });

  test.each(['\r\n', '\n', '\r'])(
    'csv: header ended by %j, rows by others -> each line end ends a row, those in quotes stay',
    async (end) => {
      const { seeds, error } = await read(fileOf('.csv', `id,text${end}1,one\n2,two\r\n3,three\r4,"a\rb\r\nc"\n\r5,five`));
      expect(error).toBeNull();
      expect(seeds.map(({ id, content }) => `${id} ${(content as { text: string }).text}`)).toEqual([
        '1 one',
        '2 two',
        '3 three',
        '4 a\rb\r\nc',
        '5 five',
      ]);
    },
  );

  test('csv: 100,000 rows ended by CRLF, LF and CR in turn -> all of them, whatever a block of the file cuts', async () => {
    const ends = ['\r\n', '\n', '\r'];
    const rows = Array.from({ length: 100_000 }, (_, n) => `${n},text ${n}${ends[n % 3]}`);
    const { seeds, error } = await read(fileOf('.csv', `id,text\n${rows.join('')}`));
    expect(error).toBeNull();
    expect(seeds.every(({ index, content }) => (content as { text: string }).text === `text ${index}`)).toBe(true);
    expect(seeds).toHaveLength(100_000);
  });

  test('csv: lines of only separators -> skipped with a count; a quoted empty value of one column is a row', async () => {
    const result = await read(fileOf('.csv', 'a,b\n1,2\n,\n\n , \n3,\n"",""\n'), prompt('{{a}}'));
    expect(contents(result)).toEqual([
      { a: '1', b: '2' },
      { a: '3', b: '' },
    ]);
    expect(result.notes).toEqual(['lines without a value are no rows: 3 skipped, the first is line 3']);
    expect(contents(await read(fileOf('.csv', 'a\nx\n""\n')))).toEqual([{ a: 'x' }, { a: '' }]);
  });

  test('csv: a column whose name has signs, blanks around it or semicolons in quotes -> a placeholder can name it', async () => {
    const source = fileOf('.csv', 'id, price (EUR)\n1,5\n');
    expect((await read(source, prompt('{{price (EUR)}}'))).error).toBeNull();
    expect((await read(fileOf('.csv', '"a; b"\nx\n'), prompt('{{a; b}}'))).seeds).toHaveLength(1);
  });

  test('csv and txt: another separator, a bad byte -> named for what they are', async () => {
    expect((await read(fileOf('.csv', 'id;text\n1;a\n'))).error?.message).toContain('separated by semicolons, not by commas');
    expect((await read(fileOf('.csv', Buffer.from('a\n\xe9\n', 'latin1')))).error?.message).toContain('byte 0xe9 is not UTF-8');
  });

  test('jsonl: whole numbers above 2^53 -> their digits in seed and id', async () => {
    const { seeds } = await read(jsonl('{"id":12345678901234567890,"n":-9007199254740993}'));
    expect(seeds).toEqual([
      { index: 0, id: '12345678901234567890', content: { id: 12345678901234567890n, n: -9007199254740993n } },
    ]);
    expect((await read({ rows: [{ id: 12345678901234567890n, n: -9007199254740993n }] })).seeds).toEqual(seeds);
  });

  test('rows that leave all placeholders blank -> said with count and first line', async () => {
    const rows = jsonl('{"a":"x","b":""}', '{"a":" ","b":""}', '{"a":"","b":""}');
    expect((await read(rows, prompt('{{a}}{{b}}'))).notes).toEqual([
      expect.stringMatching(/^rows whose prompt is blank: 2, .* line 2;/),
    ]);
    expect((await read(rows, prompt('Sum up: {{a}}'))).notes).toEqual([
      expect.stringContaining('every placeholder of prompt_template blank: 2'),
    ]);
    expect((await read(rows, prompt('One of {{b}} {{a}}x'))).notes).toHaveLength(1);
  });

  test('variables of system_prompt and follow_up -> checked against the rows like those of the prompt', async () => {
    const options: ReadSeedsOptions = { prompt: { template: parseTemplate('Say it.'), beside: [parseTemplate('In {{lang}}')] } };
    expect((await read(jsonl('{"lang":"de"}', '{"lang":"fr"}'), options)).error).toBeNull();
    expect((await read(jsonl('{"lang":"de"}', '{"x":"fr"}'), options)).error?.code).toBe('E_SEED_FIELD');
    expect((await read(jsonl('{"l":"de"}', '{"x":"fr"}'), options)).error?.code).toBe('E_TEMPLATE_VAR');
  });

  test('an unknown variable -> only names that a placeholder takes are offered', async () => {
    const rows = jsonl('{"a":"x","b":{"c":1,"d":[2]},"e":[1],"f }}":1,"g (h)":null,"i j":2}');
    expect((await read(rows, prompt('{{zzzz}}'))).error?.problems[0]?.allowed).toBe('{{seed}}, {{a}}, {{b.c}}, {{i j}}');
  });

  test.each(['\r\n', '\n', '\r'])(
    'txt: lines ended by %j and others -> a row per line, bad bytes with their line',
    async (end) => {
      expect(contents(await read(fileOf('.txt', `one${end}two\nthree\r\nfour\r\rfive`)))).toEqual([
        'one',
        'two',
        'three',
        'four',
        'five',
      ]);
      const { error } = await read(fileOf('.txt', Buffer.from(`one${end}b\xe9`, 'latin1')));
      expect(error?.problems[0]?.place).toMatchObject({ line: 2, column: 2 });
    },
  );

  test('txt: lines ended by CR over many blocks, one too long -> rows and their lines', async () => {
    const rows = Array.from({ length: 60_000 }, (_, n) => `row ${n}`);
    const all = await read(fileOf('.txt', rows.join('\r\n')));
    expect(contents(all)).toEqual(rows);
    expect(contents(await read(fileOf('.txt', rows.join('\r'))))).toEqual(rows);
    const long = 'x'.repeat(17 * 1024 * 1024);
    const { error } = await read(fileOf('.jsonl', `"a"\r\n"${long}"\r\nbad\r`));
    expect(error?.problems.map(({ code, place }) => `${code} ${place?.line}`)).toEqual(['E_SEED_TOO_LONG 2', 'E_SEED_JSON 3']);
  });

  test('txt: a row per line, blank lines skipped', async () => {
    expect(contents(await read(fileOf('.txt', 'one\n\n two \r\nthree')))).toEqual(['one', ' two ', 'three']);
  });

  test('batch request lines -> id, prompt, system, and what is not used is said', async () => {
    const line = (id: string, messages: object[], extra = {}) =>
      JSON.stringify({ custom_id: id, method: 'POST', url: '/v1/chat/completions', body: { model: 'm', messages, ...extra } });
    const parts = [
      { type: 'text', text: 'b' },
      { type: 'text', text: 'c' },
    ];
    const result = await read(
      jsonl(
        line('r1', [{ role: 'user', content: 'a' }], { max_tokens: 5 }),
        line('r2', [
          { role: 'system', content: 'S' },
          { role: 'user', content: parts },
        ]),
      ),
      prompt('{{prompt}}'),
    );
    expect(result.seeds.map(({ id, content }) => ({ id, content }))).toEqual([
      { id: 'r1', content: { prompt: 'a' } },
      { id: 'r2', content: { prompt: 'bc', system: 'S' } },
    ]);
    expect(result.notes.join('\n')).toMatch(/worker_model[\s\S]*max_tokens[\s\S]*\{\{system\}\}/);
  });

  test('batch request lines with a conversation or an image -> E_SEED_FORMAT', async () => {
    const line = (messages: object[]) => JSON.stringify({ custom_id: 'a', method: 'POST', url: '/v1', body: { messages } });
    const user = { role: 'user', content: 'x' };
    for (const messages of [
      [user, { role: 'assistant', content: 'y' }, user],
      [{ role: 'user', content: [{ type: 'image_url' }] }],
      [],
    ]) {
      expect((await read(jsonl(line(messages)))).error?.code).toBe('E_SEED_FORMAT');
    }
  });

  test('rows from code: iterable and async iterable -> the same seeds as a file', async () => {
    const rows = ['a', { id: 7, t: new Date(0), u: undefined }];
    async function* later() {
      yield* rows;
    }
    const fromFile = await read(jsonl('"a"', '{"id":7,"t":"1970-01-01T00:00:00.000Z"}'));
    expect((await read({ rows })).seeds).toEqual(fromFile.seeds);
    expect((await read({ rows: later() })).seeds).toEqual(fromFile.seeds);
  });

  test('rows from code: values that JSON has not -> E_SEED_TYPE with the row', async () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    const { error } = await read({ rows: ['a', loop, { n: { toJSON: () => loop } }] });
    expect(error?.problems.map(({ code, place }) => `${code} ${place?.line}`)).toEqual(['E_SEED_TYPE 2', 'E_SEED_TYPE 3']);
  });
});

describe('bad seeds', () => {
  const csv = (text: string | Buffer) => fileOf('.csv', text);
  test.each<[string, () => SeedSource, string, string | null, ReadSeedsOptions?]>([
    ['B59 absent', () => ({ file: join(folder, 'none.jsonl') }), 'E_SEEDS_NOT_FOUND', null],
    ['B59 folder', () => ({ file: folder }), 'E_SEEDS_NOT_FOUND', null],
    ['B60 no rows', () => jsonl('', ''), 'E_SEEDS_EMPTY', null],
    ['B60 header only', () => csv('a,b\n'), 'E_SEEDS_EMPTY', null],
    ['B60 no rows from code', () => ({ rows: [] }), 'E_SEEDS_EMPTY', null],
    ['B61 not JSON', () => jsonl('"a"', '', '"b"', '"c"', '"d"', '"e"', '{"a": 1,}'), 'E_SEED_JSON', '7:9'],
    ['B62 pretty list', () => jsonl('[', '{"a":1},', '{"a":2}', ']'), 'E_SEED_FORMAT', '1:1'],
    ['B62 pretty object', () => jsonl('{', '  "a": 1', '}'), 'E_SEED_FORMAT', '1:1'],
    ['B62 list on one line', () => jsonl('[{"a":1},{"a":2}]'), 'E_SEED_FORMAT', '1:1'],
    ['.json', () => fileOf('.json', '[]'), 'E_SEED_FORMAT', null],
    ['B64 UTF-16', () => fileOf('.jsonl', Buffer.from('\ufeff"a"\n', 'utf16le')), 'E_ENCODING', '1:1'],
    ['B64 UTF-16 csv', () => csv(Buffer.from('\ufeffa,b\n', 'utf16le')), 'E_ENCODING', '1:1'],
    ['Latin-1', () => fileOf('.txt', Buffer.from('a\nbé\n', 'latin1')), 'E_ENCODING', '2:2'],
    ['B65 null', () => jsonl('"a"', 'null'), 'E_SEED_TYPE', '2:1'],
    ['B65 number', () => jsonl('3'), 'E_SEED_TYPE', '1:1'],
    ['B65 list', () => jsonl('[]', '"a"'), 'E_SEED_TYPE', '1:1'],
    ['B65 filled list among rows', () => jsonl('["x"]', '"a"'), 'E_SEED_TYPE', '1:1'],
    ['B65 number from code', () => ({ rows: ['a', 3 as unknown as string] }), 'E_SEED_TYPE', '2:1'],
    ['deep', () => jsonl(`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`), 'E_SEED_TYPE', '1:1'],
    ['B66 field', () => jsonl('{"a":1}', '{"b":1}'), 'E_SEED_FIELD', '2:undefined', prompt('{{a}}')],
    ['B67 null', () => jsonl('{"a":1}', '{"a":null}'), 'E_SEED_FIELD_TYPE', '2:undefined', prompt('{{a}}')],
    ['B67 object', () => jsonl('{"a":{"b":1}}'), 'E_SEED_FIELD_TYPE', '1:undefined', prompt('{{a}}')],
    ['B68 duplicate', () => jsonl('{"id":"a"}', '{"id":"b"}', '{"id":"a"}'), 'E_SEED_DUP_ID', '3:undefined'],
    ['B68 text and number', () => jsonl('{"id":"7"}', '{"id":7}'), 'E_SEED_DUP_ID', '2:undefined'],
    ['B70 NUL', () => jsonl('{"id":"a\\u0000b"}'), 'E_SEED_ID', '1:undefined'],
    ['B70 long', () => jsonl(`{"id":"${'é'.repeat(101)}"}`), 'E_SEED_ID', '1:undefined'],
    ['B70 empty', () => csv('id,a\n,1\n'), 'E_SEED_ID', '2:undefined'],
    ['B70 fraction', () => jsonl('{"id":1.5}'), 'E_SEED_ID', '1:undefined'],
    ['B70 over 2^53 from code', () => ({ rows: [{ id: 2 ** 60 }] }), 'E_SEED_ID', '1:undefined'],
    ['B24 variable', () => jsonl('"a"', '"b"'), 'E_TEMPLATE_VAR', null, prompt('{{sed}}')],
    ...(['{{7*7}}', '{{seed.upper()}}', '{{seed | upper}}', "{{a.constructor.constructor('x')()}}"] as const).map(
      (text): [string, () => SeedSource, string, string | null, ReadSeedsOptions] => [
        `B26 expression ${text}`,
        () => jsonl('{"a":{"b":1}}', '"b"'),
        'E_TEMPLATE_EXPRESSION',
        null,
        prompt(text),
      ],
    ),
    ['a key twice', () => jsonl('"a"', '{"t":1,"u":{"t":2,"t":3}}'), 'E_SEED_JSON', '2:19'],
    ['a number out of range', () => jsonl('{"t":1e999}'), 'E_SEED_JSON', '1:6'],
    ['half a pair', () => jsonl('"a"', '{"t":"x\\ud83d"}'), 'E_HALF_PAIR', '2:8'],
    ['half a pair in a key', () => jsonl('{"\\ude00":1}'), 'E_HALF_PAIR', '1:3'],
    ['half a pair from code', () => ({ rows: ['a', { t: ['\ud83d'] }] }), 'E_HALF_PAIR', '2:1'],
    ['B27 constructor', () => jsonl('{"a":1}'), 'E_TEMPLATE_VAR', null, prompt('{{constructor}}')],
    ['B23 constant', () => jsonl('"a"', '"b"'), 'E_TEMPLATE_CONSTANT', null, prompt('no placeholder')],
    ['csv columns', () => csv('a,b\n1,2\n1,2,3\n'), 'E_SEED_FORMAT', '3:1'],
    ['csv column twice', () => csv('a,a\n1,2\n'), 'E_SEED_FORMAT', '1:1'],
    ['csv column without name', () => csv('a,\n1,2\n'), 'E_SEED_FORMAT', '1:1'],
    ['csv quote', () => csv('a\n"open\n'), 'E_SEED_FORMAT', '2:1'],
    ['csv quote after rows with line ends', () => csv('a,b\r\n"1\r\n2",x\r\r\n"3\n4",y\n"5"6,z\n'), 'E_SEED_FORMAT', '7:1'],
    ['csv with semicolons', () => csv('id;text\n1;a\n'), 'E_SEED_FORMAT', '1:1'],
    ['csv with quoted names and semicolons', () => csv('\ufeff"id, no";"text"\r\n1;a\r\n'), 'E_SEED_FORMAT', '1:1'],
    ['csv with tabs', () => csv('id\ttext\n1\ta\n'), 'E_SEED_FORMAT', '1:1'],
    ['csv in Latin-1', () => csv(Buffer.from('a,b\r\n1,x\r"2\n",é\n', 'latin1')), 'E_ENCODING', '4:3'],
    ['csv cut inside a character', () => csv(Buffer.from('a\né').subarray(0, 3)), 'E_ENCODING', '2:1'],
    ['no seeds_file', () => ({ file: null }), 'E_TASK_MISSING', null],
    ['limit', () => jsonl('"a"'), 'E_TASK_RANGE', null, { limit: 0 }],
  ])('seeds: %s -> its code', async (_name, source, code, at, options = {}) => {
    let error: SwarmError | null;
    try {
      error = (await read(source(), options)).error;
    } catch (thrown) {
      error = thrown as SwarmError;
    }
    expect(error?.exitCode).toBe(2);
    const problem = error?.problems.find((one) => one.code === code);
    expect(problem, error?.message).toBeDefined();
    if (at) expect(`${problem?.place?.line}:${problem?.place?.column}`).toBe(at);
    expect(problem?.allowed).toBeTruthy();
    expect(problem?.fix).toBeTruthy();
  });

  test('a FIFO -> E_SEEDS_NOT_REGULAR, not opened (B73)', async () => {
    const file = join(folder, 'pipe.jsonl');
    execFileSync('mkfifo', [file]);
    expect((await read({ file })).error?.code).toBe('E_SEEDS_NOT_REGULAR');
    expect((await read({ file: '/dev/zero' })).error?.code).toBe('E_SEEDS_NOT_REGULAR');
  });

  test('an absent file with a near name -> suggested', async () => {
    const { file } = fileOf('.jsonl', '"a"') as { file: string };
    expect((await read({ file: file.replace('rows', 'rwos') })).error?.message).toContain('did you mean');
  });

  test.each(['.jsonl', '.csv'])('a line of 64 MiB in %s -> E_SEED_TOO_LONG, not held in memory (B71)', async (ending) => {
    const line = Buffer.concat([Buffer.from('"a"\n"'), Buffer.alloc(64 * 1024 * 1024, 0x61), Buffer.from('"\n"b"\nx\n')]);
    const source = fileOf(ending, line);
    const { error } = await read(source);
    expect(error?.problems[0]).toMatchObject({ code: 'E_SEED_TOO_LONG', place: { line: 2 } });
    // Lines after it are still counted right.
    if (ending === '.jsonl') expect(error?.problems[1]).toMatchObject({ code: 'E_SEED_JSON', place: { line: 4, column: 1 } });
  });

  test('many bad rows -> the first 20, the count of the rest, and no seed after the first', async () => {
    const { error, seeds } = await read(jsonl('"good"', ...Array.from({ length: 50 }, () => 'nope'), '"good"'));
    expect(seeds).toHaveLength(1);
    expect(error?.problems).toHaveLength(21);
    expect(error?.problems[20]).toMatchObject({ code: 'E_SEED_MORE', found: '30 more problems are not listed' });
  });

  test('rows without a field -> the first five lines and the count (B66)', async () => {
    const rows = Array.from({ length: 9 }, (_, n) => (n % 2 === 0 ? '{"a":1}' : '{"b":1}'));
    const { error } = await read(jsonl(...rows, ...rows), prompt('{{a}}'));
    expect(error?.problems[0]?.found).toContain('8 rows: lines 2, 4, 6, 8, 11 and 3 more');
  });

  test('an unknown variable -> the fields of the rows and the nearest (B24), without reading a long file to its end', async () => {
    async function* endless() {
      for (;;) yield { title: 'a', text: 'b' };
    }
    const { error } = await read(
      { rows: endless() },
      { prompt: { template: parseTemplate('{{titel}}'), variablePlaces: { titel: { file: 't.yaml', line: 3, column: 5 } } } },
    );
    expect(error?.problems).toEqual([
      expect.objectContaining({
        code: 'E_TEMPLATE_VAR',
        place: { file: 't.yaml', line: 3, column: 5 },
        allowed: '{{seed}}, {{title}}, {{text}}',
        fix: 'did you mean {{title}}?',
      }),
    ]);
  });
});

describe('ids, limit and total', () => {
  test('equal rows without an id -> -2, -3, and one note (B69)', async () => {
    const result = await read(jsonl('"a"', '{"x":1,"y":2}', '"a"', '{"y":2,"x":1}', '"a"'));
    const [a, x] = ids(result);
    expect(ids(result)).toEqual([a, x, `${a}-2`, `${x}-2`, `${a}-3`]);
    expect(result.notes).toEqual([expect.stringContaining('equal an earlier one: 3, the first in line 3')]);
  });

  test('ids that differ by case or Unicode form -> distinct, one note (B78); slashes and dots are data (B70)', async () => {
    const result = await read(jsonl('{"id":"a"}', '{"id":"A"}', '{"id":"\\u00e9"}', '{"id":"e\\u0301"}', '{"id":"../x/.."}'));
    expect(ids(result)).toEqual(['a', 'A', '\u00e9', 'e\u0301', '../x/..']);
    expect(result.notes).toEqual([expect.stringContaining('2, the first "A" in line 2 and the id in line 1')]);
  });

  test('a given id that another row would be given by its content -> never the same', async () => {
    const made = ids(await read(jsonl('"a"')))[0] ?? '';
    expect(ids(await read(jsonl(`{"id":"${made}"}`, '"a"')))).toEqual([made, `${made}-2`]);
    expect((await read(jsonl('"a"', `{"id":"${made}"}`))).error?.code).toBe('E_SEED_DUP_ID');
  });

  test('limit -> the first N; bad rows behind it are not read', async () => {
    expect(contents(await read(jsonl('"a"', '"b"', 'bad'), { limit: 2 }))).toEqual(['a', 'b']);
    expect(contents(await read(jsonl('"a"'), { limit: 5 }))).toEqual(['a']);
  });

  test('total -> exactly N rows, repeated in order, each id once', async () => {
    const result = await read(jsonl('{"id":"a"}', '{"id":"a-2"}', '"t"', '"t"'), { total: 10 });
    const made = result.seeds[2]?.id;
    expect(ids(result)).toEqual(['a', 'a-2', made, `${made}-2`, 'a-3', 'a-2-2', `${made}-3`, `${made}-4`, 'a-4', 'a-2-3']);
    expect(result.seeds.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(contents(await read(jsonl('"a"', '"b"', '"c"'), { total: 2 }))).toEqual(['a', 'b']);
    expect(contents(await read(jsonl('"a"', '"b"'), { total: 100, limit: 3 }))).toEqual(['a', 'b', 'a']);
  });

  test('total over a file that is not kept in memory -> the same ids as one that is', async () => {
    const rows = Array.from({ length: 10_001 }, (_, n) => `row ${n}`);
    const fromFile = await read(fileOf('.txt', rows.join('\n')), { total: 20_050 });
    const fromCode = await read({ rows }, { total: 20_050 });
    expect(fromFile.seeds).toEqual(fromCode.seeds);
    expect(new Set(ids(fromFile)).size).toBe(20_050);
  });

  test('one row without a placeholder, and a total -> E_TEMPLATE_CONSTANT unless allowed (B23)', async () => {
    expect((await read(jsonl('"a"'), prompt('p'))).error).toBeNull();
    expect((await read(jsonl('"a"'), { ...prompt('p'), total: 3 })).error?.code).toBe('E_TEMPLATE_CONSTANT');
    expect((await read(jsonl('"a"'), { ...prompt('p'), total: 3, allowConstantPrompt: true })).seeds).toHaveLength(3);
  });

  test('fingerprint: first N rows of a longer file -> the fingerprint of the shorter one', async () => {
    const short = await read(jsonl('"a"', '{"x":1,"y":2}'));
    const long = new SeedsFingerprint();
    const digests: string[] = [];
    for await (const seed of readSeeds(jsonl('"a"', '{"y":2,"x":1}', '"c"'))) {
      long.add(seed);
      digests.push(long.digest());
    }
    expect(digests[1]).toBe(short.fingerprint.digest());
    expect(digests[2]).not.toBe(short.fingerprint.digest());
    expect(long.count).toBe(3);
  });

  test('200,000 rows -> streamed: memory grows by far less than the file', async () => {
    const source = fileOf('.jsonl', '') as { file: string };
    for (let block = 0; block < 200; block += 1) {
      const row = (n: number) => `{"id":"id-${n}","text":"row ${n} ${'x'.repeat(400)}"}\n`;
      appendFileSync(source.file, Array.from({ length: 1000 }, (_, n) => row(block * 1000 + n)).join(''));
    }
    expect(statSync(source.file).size).toBeGreaterThan(80 * 1024 * 1024);
    let count = 0;
    let held = 0;
    const before = heldBytes();
    for await (const seed of readSeeds(source, prompt('{{text}}'))) {
      if (seed.index !== count) throw new Error(`row ${count} has index ${seed.index}`);
      count += 1;
      if (count % 20_000 === 0) held = Math.max(held, heldBytes() - before);
    }
    expect(count).toBe(200_000);
    expect(held).toBeLessThan(24 * 1024 * 1024);
  }, 60_000);
});
