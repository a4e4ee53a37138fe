import { execFileSync, spawnSync } from 'node:child_process';
import { parse } from 'csv-parse/sync';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { FORMAT_WRITERS } from '../../src/outputs/formats.js';
import { nextPageRows, rowPages } from '../../src/outputs/row-pages.js';
import { CSV_COLUMNS } from '../../src/outputs/text-formats.js';
import type { OutputFormat } from '../../src/schema/task-types.js';
import type { OutputRow } from '../../src/store/port/store.js';
import { type DoubleOptions, runDouble } from './run-double.js';

async function written(
  format: OutputFormat,
  options: Partial<DoubleOptions>,
  task: { csvGuard?: boolean } = {},
): Promise<{ rows: number; bytes: Buffer; chunks: number }> {
  const store = runDouble({ outputDir: '', total: 3, ...options });
  const chunks: Buffer[] = [];
  const sink = { write: async (chunk: string | Uint8Array) => void chunks.push(Buffer.from(chunk as Uint8Array)) };
  const rows = await FORMAT_WRITERS[format](rowPages(store, 'r1', 'ok'), sink, task);
  return { rows, bytes: Buffer.concat(chunks), chunks: chunks.length };
}

async function readParquet(bytes: Buffer): Promise<Record<string, unknown>[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  return await parquetReadObjects({ file });
}

describe('formats', () => {
  it('a cost that nobody knows -> null in jsonl, json and parquet, an empty cell in csv', async () => {
    const bytesOf = async (format: OutputFormat) => {
      const chunks: Buffer[] = [];
      const pages = async function* () {
        for await (const page of rowPages(runDouble({ outputDir: '', total: 1 }), 'r1', 'ok'))
          yield page.map((row) => ({ ...row, costNano: null }));
      };
      const sink = { write: async (chunk: string | Uint8Array) => void chunks.push(Buffer.from(chunk as Uint8Array)) };
      await FORMAT_WRITERS[format](pages(), sink, {});
      return Buffer.concat(chunks);
    };
    expect(JSON.parse((await bytesOf('jsonl')).toString()).cost_usd).toBeNull();
    expect(JSON.parse((await bytesOf('json')).toString())[0].cost_usd).toBeNull();
    expect((parse((await bytesOf('csv')).toString(), { columns: true }) as { cost_usd: string }[])[0]?.cost_usd).toBe('');
    expect((await readParquet(await bytesOf('parquet')))[0]?.['cost_usd']).toBeNull();
  });

  it('jsonl: ok, failed and pending rows -> the ok ones in input order', async () => {
    const status = (index: number) => (index % 3 === 0 ? 'failed' : index % 3 === 1 ? 'ok' : null);
    const { rows, bytes } = await written('jsonl', { total: 3000, status });
    const lines = bytes
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toBe(1000);
    expect(lines.map(({ index }) => index)).toEqual(Array.from({ length: 1000 }, (_, i) => i * 3 + 1));
    expect(lines[5]).toEqual({
      id: 'id-16',
      index: 16,
      seed: 'seed 16',
      output: 'answer 16',
      model: 'sim-small',
      finish: 'stop',
      turns: 1,
      usage: { input: 10, cached: 2, output: 20, reasoning: 3 },
      cost_usd: 0.000009016,
    });
  });

  it('json: rows over several pages -> one array; no rows -> an empty one', async () => {
    const { bytes } = await written('json', { total: 1200 });
    expect(JSON.parse(bytes.toString())).toHaveLength(1200);
    expect(bytes.toString().split('\n')).toHaveLength(1200 + 3);
    expect((await written('json', { total: 0 })).bytes.toString()).toBe('[]\n');
  });

  it('csv: quotes, line ends, formulas, nulls under csv_guard -> read back right, formulas disarmed', async () => {
    const answers = ['=1+1', 'say "a, b"\nand go', '@cmd', '-5', 'plain'];
    const guarded = {
      total: 5,
      answers: (index: number) => [answers[index] ?? ''],
      seed: (index: number) => ({ n: index, text: 'x, "y"' }),
      change: (row: OutputRow) => (row.index === 4 ? { ...row, model: null, finish: null } : row),
    };
    const { bytes } = await written('csv', guarded, { csvGuard: true });
    const records = parse(bytes, { columns: true }) as Record<string, string>[];
    expect(Object.keys(records[0] ?? {})).toEqual([...CSV_COLUMNS]);
    expect(records.map(({ output }) => output)).toEqual(["'=1+1", 'say "a, b"\nand go', "'@cmd", "'-5", 'plain']);
    expect(JSON.parse(records[2]?.['seed'] ?? '')).toEqual({ n: 2, text: 'x, "y"' });
    expect(records[0]).toMatchObject({
      id: 'id-0',
      index: '0',
      turns: '1',
      usage_input: '10',
      usage_reasoning: '3',
      cost_usd: '0.000009',
    });
    expect(records[4]).toMatchObject({ model: '', finish: '' });
  });

  /** What a foreign reader makes of it. */
  const HOSTILE = [
    '-5',
    '+49 30 1',
    '=1+1',
    '@x',
    'a\rb',
    '\r',
    'a\r\nb',
    '\n',
    ' "q" ',
    "'x",
    '\tx',
    'ä,😀',
    '',
    ';',
    '\\',
    '""',
  ];
  const hostile: Partial<DoubleOptions> = {
    total: HOSTILE.length,
    answers: (index) => [HOSTILE[index] ?? ''],
    seed: (index) => ({ text: HOSTILE[index], big: 9007199254740993n }),
    change: (row) => ({ ...row, id: index0(row.index) }),
  };
  const index0 = (index: number) => (index === 0 ? '-7' : index === 1 ? '+49' : `r${index}\rx`);

  it('csv: lone CRs, numbers and formulas -> csv-parse reads back every text as it was', async () => {
    const { bytes } = await written('csv', hostile);
    const records = parse(bytes, { columns: true, record_delimiter: ['\r\n', '\n', '\r'] }) as Record<string, string>[];
    expect(records.map(({ output }) => output)).toEqual(HOSTILE);
    expect(records.map(({ id }) => id)).toEqual(HOSTILE.map((_, index) => index0(index)));
    expect(records[0]?.['seed']).toBe('{"text":"-5","big":9007199254740993}');
  });

  it.skipIf(spawnSync('python3', ['-c', '']).status !== 0)(
    "csv: the same in Python's csv module, in lines as they are and universal",
    async () => {
      const { bytes } = await written('csv', hostile);
      for (const newline of ["''", 'None']) {
        const program = `import csv,io,json,sys
rows=list(csv.DictReader(io.TextIOWrapper(sys.stdin.buffer,encoding='utf-8',newline=${newline})))
print(json.dumps([[r['id'],r['output'],json.loads(r['seed'])['big'],len(r)] for r in rows]))`;
        const read = JSON.parse(
          execFileSync('python3', ['-c', program], { input: bytes, encoding: 'utf8' }).replaceAll('9007199254740993', '"big"'),
        );
        // Universal line ends are one kind to that reader, also inside quotes.
        const seen = (text: string) => (newline === 'None' ? text.replace(/\r\n|\r/g, '\n') : text);
        expect(read).toEqual(HOSTILE.map((text, index) => [seen(index0(index)), seen(text), 'big', CSV_COLUMNS.length]));
      }
    },
  );

  it('csv: no rows -> the header alone', async () => {
    expect((await written('csv', { total: 0 })).bytes.toString()).toBe(`${CSV_COLUMNS.join(',')}\n`);
  });

  it('parquet: rows of every kind -> typed columns, read back right', async () => {
    const { rows, bytes } = await written('parquet', {
      total: 2500,
      seed: (index) => (index === 0 ? { a: [1, null] } : `s${index}`),
      answers: (index) => [index === 1 ? 'ünï "code"\n😀' : `a${index}`],
      change: (row) => (row.index === 2 ? { ...row, model: null, finish: null } : row),
    });
    expect(rows).toBe(2500);
    const back = await readParquet(bytes);
    expect(back).toHaveLength(2500);
    expect(back[0]).toEqual({
      id: 'id-0',
      index: 0,
      seed: '{"a":[1,null]}',
      output: 'a0',
      model: 'sim-small',
      finish: 'stop',
      turns: 1,
      usage_input: 10,
      usage_cached: 2,
      usage_output: 20,
      usage_reasoning: 3,
      cost_usd: 0.000009,
    });
    expect(back[1]?.['output']).toBe('ünï "code"\n😀');
    expect(back[2]).toMatchObject({ model: null, finish: null });
    expect(back.map(({ index }) => index)).toEqual(Array.from({ length: 2500 }, (_, i) => i));
  });

  it('parquet: large answers -> several row groups, handed on one at a time; no rows -> a valid file', async () => {
    const { bytes, chunks } = await written('parquet', { total: 400, answers: (index) => [`${index} ${'x'.repeat(100_000)}`] });
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    const groups = parquetMetadata(file).row_groups.length;
    expect(groups).toBe(3);
    expect(chunks).toBeGreaterThanOrEqual(groups);
    expect((await readParquet(bytes))[399]?.['output']).toBe(`399 ${'x'.repeat(100_000)}`);
    const empty = await written('parquet', { total: 0 });
    expect(
      parquetMetadata(
        empty.bytes.buffer.slice(empty.bytes.byteOffset, empty.bytes.byteOffset + empty.bytes.length) as ArrayBuffer,
      ).schema,
    ).toHaveLength(13);
    expect(await readParquet(empty.bytes)).toEqual([]);
  });

  it('formats: the same rows again -> the same bytes', async () => {
    for (const format of ['jsonl', 'json', 'csv', 'parquet'] as const) {
      const [first, second] = [await written(format, { total: 700 }), await written(format, { total: 700 })];
      expect(second.bytes.equals(first.bytes)).toBe(true);
    }
  });
});

describe('row pages', () => {
  it('nextPageRows: small rows -> grows to a bound; large rows -> shrinks, never to 0', () => {
    expect(nextPageRows(500, 500 * 100)).toBe(1000);
    expect(nextPageRows(500, 500 * 100_000)).toBe(41);
    expect(nextPageRows(1, 100_000_000)).toBe(1);
    expect(nextPageRows(1, 10)).toBe(4);
    expect(nextPageRows(0, 0)).toBe(500);
  });

  it('rowPages: any number of rows -> each once, in order', async () => {
    for (const total of [0, 1, 499, 500, 501, 1500, 1501]) {
      const seen: number[] = [];
      for await (const page of rowPages(runDouble({ outputDir: '', total }), 'r1', 'ok'))
        seen.push(...page.map(({ index }) => index));
      expect(seen).toEqual(Array.from({ length: total }, (_, i) => i));
    }
  });
});
