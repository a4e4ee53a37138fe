/** Published formats, failed rows and their retry, conversations of several turns. */
import { parse } from 'csv-parse/sync';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { documentedFields, undocumented, undocumentedLine } from '../support/documented.js';
import type { Provider } from '../support/provider.js';
import type { OkRow } from '../support/run-folder.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';

const seeds = Array.from({ length: 9 }, (_, index) => ({ id: `r${index}`, city: `Town, "${index}"\nSouth` }));
const template = 'About {{city}}';

let home: SwarmHome;
let provider: Provider;

beforeAll(async () => {
  home = await SwarmHome.create();
  provider = await home.provider(['--latency', '20', '--done-turns', '4']);
});
afterAll(() => home.close());
beforeEach(() => provider.forget());

it('json, parquet and csv -> the rows of jsonl, whole, in input order; export gives the same bytes', async () => {
  const base = { prompt_template: template, worker_model: 'm', worker_api_base: provider.url };
  const lines = home.task('as-jsonl', base, seeds);
  await home.run(['run', lines.path]);
  const rows = lines.out.ok();
  expect(rows).toHaveLength(seeds.length);

  const json = home.task('as-json', { ...base, output_format: 'json' }, seeds);
  await home.run(['run', json.path]);
  expect(JSON.parse(json.out.bytes('output.json').toString())).toEqual(rows);

  const csv = home.task('as-csv', { ...base, output_format: 'csv' }, seeds);
  const run = endEvent(await home.run(['run', csv.path, '--json'])).run;
  const table = parse(csv.out.bytes('output.csv'), { columns: true, bom: true }) as Record<string, string>[];
  expect(table.map(({ id, output }) => [id, output])).toEqual(rows.map(({ id, output }) => [id, output]));
  await home.run(['export', run, '--format', 'csv', '--out', 'exported.csv']);
  const { readFileSync } = await import('node:fs');
  expect(readFileSync(`${home.folder}/exported.csv`).equals(csv.out.bytes('output.csv'))).toBe(true);

  const parquet = home.task('as-parquet', { ...base, output_format: 'parquet' }, seeds);
  await home.run(['run', parquet.path]);
  const bytes = parquet.out.bytes('output.parquet');
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const read = (await parquetReadObjects({ file })) as unknown as OkRow[];
  expect(read.map(({ id, output }) => [id, output])).toEqual(rows.map(({ id, output }) => [id, output]));
});

it('rows that fail -> exit 1, in failed.jsonl with their cause; retry -> only they are done again, then exit 0', async () => {
  const odd = ['[[sim fault=filter*1]] one', '[[sim fault=refusal]] two', '[[sim fault=500*2]] three', 'four'];
  const files = home.task('failing', { worker_model: 'm', worker_api_base: provider.url }, odd);
  const first = endEvent(await home.run(['run', files.path, '--json'], 1));
  expect(first).toMatchObject({ state: 'completed', ok: 2, failed: 2 });
  expect(files.out.failed().map(({ index, cause }) => [index, cause])).toEqual([
    [0, 'content_filter'],
    [1, 'content_filter'],
  ]);
  expect(files.out.ok().map(({ index }) => index)).toEqual([2, 3]);
  provider.forget();
  const retried = endEvent(await home.run(['retry', first.run, '--json'], 1));
  expect(retried).toMatchObject({ run: first.run, ok: 3, failed: 1 });
  expect(provider.billed()).toHaveLength(2);
  expect(files.out.ok().map(({ index }) => index)).toEqual([0, 2, 3]);
  expect(files.out.failed().map(({ index }) => index)).toEqual([1]);
  expect(files.out.receipt().counts).toEqual({ total: 4, ok: 3, failed: 1, filtered: 0, pending: 0 });
});

it('lines of --json, of run, status, check and receipt -> have the fields of docs/json.md and no others', async () => {
  const files = home.task('told', { worker_model: 'm', worker_api_base: provider.url }, ['[[sim fault=refusal]] one', 'two']);
  const lines = async (args: string[], code = 0) =>
    (await home.run([...args, '--json'], code)).stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const events = await lines(['run', files.path], 1);
  expect(new Set(events.map(({ event }) => event))).toEqual(new Set(['start', 'progress', 'outcome', 'end']));
  const run = String(events.at(-1)?.['run']);
  const told = [...events, ...(await lines(['status', run])), ...(await lines(['run', 'nowhere.yaml'], 2))];
  expect(told.flatMap((line) => undocumentedLine(line))).toEqual([]);
  const [found = {}] = await lines(['check', files.path]);
  expect(undocumentedLine(found, 'What swarm check finds')).toEqual([]);
  const [counted = {}] = await lines(['receipt', run, '--verify']);
  expect(undocumentedLine(counted, 'What swarm receipt --verify finds')).toEqual([]);
  const [receipt = {}] = await lines(['receipt', run]);
  expect(undocumented(receipt, documentedFields('files.md', 'receipt.json'))).toEqual([]);
});

it.each([
  ['a child per seed', 1],
  ['slices', 5],
])('several turns, %s -> each conversation until its end mark, all messages in transcripts.jsonl', async (_, slice) => {
  const name = `turns-${slice}`;
  const keys = { multi_turn: true, max_turns: 6, transcripts: true, batch_size: slice };
  const files = home.task(name, { prompt_template: template, worker_model: 'm', worker_api_base: provider.url, ...keys }, seeds);
  await home.run(['run', files.path]);
  const rows = files.out.ok();
  expect(rows).toHaveLength(seeds.length);
  expect(new Set(rows.map(({ turns }) => turns)).size).toBeGreaterThan(1);
  expect(provider.billed()).toHaveLength(rows.reduce((sum, { turns }) => sum + turns, 0));
  const transcripts = files.out.bytes('transcripts.jsonl').toString().trimEnd().split('\n');
  for (const [index, line] of transcripts.entries()) {
    const { messages } = JSON.parse(line) as { messages: { role: string; content: string }[] };
    const turns = rows[index]?.turns ?? 0;
    expect(messages.map(({ role }) => role)).toEqual(Array.from({ length: turns }, () => ['user', 'assistant']).flat());
    expect(messages.at(-1)?.content).toContain('[DONE]');
  }
});
