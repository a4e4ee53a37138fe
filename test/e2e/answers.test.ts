/** Answers of a form, through real processes: repairs, a host that dies between an answer and its repair, rows that never meet it. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Provider, paidTwice } from '../support/provider.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';

let home: SwarmHome;
let provider: Provider;
beforeAll(async () => {
  home = await SwarmHome.create();
  // Calls of the model `half` are met half of the time, first answers and repairs alike; those of `never` not at all.
  const faults = ['schema_miss@half:0.5', 'schema_fenced@half:0.2', 'schema_think@half:0.2', 'schema_miss@never:1'];
  provider = await home.provider(['--latency', '80', '--faults', faults.join(',')]);
});
afterAll(() => home.close());
beforeEach(() => provider.forget());

const output_schema = {
  type: 'object',
  properties: { name: { type: 'string' }, count: { type: 'integer', minimum: 0 }, kind: { enum: ['a', 'b'] } },
  required: ['name', 'count', 'kind'],
  additionalProperties: false,
};
const WIDE = 6;
const rowsOf = (count: number, what: string) => Array.from({ length: count }, (_, index) => `${what} ${index}`);

it.each([1, 20])(
  'a schema with repairs, the host killed in between, batch_size %i -> every row once; only calls in flight are paid again',
  async (batch_size) => {
    const ROWS = 60;
    const keys = { worker_api_base: provider.url, workers: WIDE, batch_size, output_schema, max_repairs: 2, transcripts: true };
    const files = home.task(`repaired-${batch_size}`, { worker_model: 'half', ...keys }, rowsOf(ROWS, `Row of ${batch_size}`));
    const cli = home.swarm(['run', files.path, '--json']);
    const run = await home.runId(cli);
    await provider.untilBilled(40);
    await home.killHost();
    await cli.ended;
    // Some rows fail for good: half of their three answers miss.
    const ended = await home.swarm(['run', files.path, '--json']).ended;
    expect(ended.code).toBe(1);
    const end = endEvent(ended);
    expect(end).toMatchObject({ run, state: 'completed', total: ROWS });
    const { out } = files;
    expect(end.ok + end.failed).toBe(ROWS);
    expect([...out.ok(), ...out.failed()].map(({ index }) => index).sort((a, b) => a - b)).toEqual(
      Array.from({ length: ROWS }, (_, index) => index),
    );
    for (const { output } of out.ok())
      expect(output).toEqual({ name: expect.any(String), count: expect.any(Number), kind: expect.stringMatching(/^[ab]$/) });
    expect(out.ok().some(({ turns }) => turns > 1)).toBe(true);
    expect(out.failed().length).toBeGreaterThan(0);
    for (const row of out.failed())
      expect(row).toMatchObject({
        cause: 'schema',
        code: 'E_ROW_SCHEMA',
        answer: '{"unexpected": true}',
        attempts: expect.any(Number),
      });
    const again = paidTwice(provider.billed());
    expect(again.length).toBeLessThanOrEqual(out.receipt().calls.doubtful);
    expect(again.length).toBeLessThanOrEqual(WIDE);
    await home.run(['receipt', run, '--verify']);
    const talks = out.bytes('transcripts.jsonl').toString().trimEnd().split('\n');
    expect(talks).toHaveLength(ROWS);
    const repaired = talks
      .map((line) => JSON.parse(line).messages as { role: string; content: string }[])
      .find((all) => all.length > 3);
    expect(repaired?.[3]?.content).toMatch(/^Your answer cannot be used: /);
  },
);

it('no row meets the schema -> paused within 20 rows and those in flight, exit 1, with the reason and what to do', async () => {
  const keys = { worker_model: 'never', worker_api_base: provider.url, workers: WIDE, output_schema };
  const files = home.task('never', keys, rowsOf(300, 'Never'));
  const ended = await home.run(['run', files.path, '--json'], 1);
  expect(endEvent(ended)).toMatchObject({ state: 'paused', reason: 'systematic', ok: 0 });
  // Each row has an answer and its repair.
  expect(provider.calls().length).toBeLessThanOrEqual(2 * (20 + 2 * WIDE));
  expect(ended.stderr).toMatch(
    /rows in a row failed with E_ROW_SCHEMA and none was ok, such as row .+; ask for less in output_schema/,
  );
});

it('labels -> as they are in the list, in every format; what is none fails with its answer, and is done again by its cause', async () => {
  const labels = ['Praise', 'Complaint'];
  const rows = [...rowsOf(4, 'Message'), '[[sim answer=praise.]]', '[[sim answer=neither]]'];
  const keys = { worker_model: 'sim/sorter', task_type: 'classification', labels, max_repairs: 0, output_format: 'csv' } as const;
  const files = home.task('labels', keys, rows);
  const { run } = endEvent(await home.run(['run', files.path, '--json'], 1));
  const lines = files.out.bytes('output.csv').toString().trimEnd().split('\n').slice(1);
  expect(lines.map((line) => /,(Praise|Complaint),sorter,/.exec(line)?.[1]).filter((label) => label !== undefined)).toHaveLength(
    5,
  );
  expect(files.out.failed()).toMatchObject([
    { index: 5, cause: 'schema', answer: 'neither', message: '"neither" is none of the labels' },
  ]);
  expect((await home.run(['export', run, '--format', 'jsonl'])).stdout).toContain('"output":"Praise"');
  const again = endEvent(await home.run(['retry', run, '--cause', 'schema', '--json'], 1));
  expect(again).toMatchObject({ run, ok: 5, failed: 1 });
  await home.run(['receipt', run, '--verify']);
});
