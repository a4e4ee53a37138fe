/** One task, three ways to start it: the command, the library, plain Temporal. The output is the same to the byte. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../host/host-support.js';
import { type Provider, SIM_TASK_PRICE } from '../support/provider.js';
import type { TaskFiles } from '../support/run-folder.js';
import { LIBRARY, SwarmHome } from '../support/swarm-home.js';

const seeds = Array.from({ length: 40 }, (_, index) => ({
  id: `row-${index}`,
  city: `City ${index % 30}`,
  note: 'ü — 漢字 "q"',
}));

let home: SwarmHome;
let provider: Provider;

beforeAll(async () => {
  home = await SwarmHome.create();
  provider = await home.provider(['--latency', 'lognormal:60,0.6']);
  await home.run(['start']);
});
afterAll(() => home.close());

/** The same task file in a folder of its own, so that each has its own run folder. */
function task(way: string): TaskFiles {
  return home.task(
    way,
    {
      name: 'cities',
      prompt_template: 'What is {{city}} known for? {{note}}',
      worker_model: 'any-model',
      worker_api_base: provider.url,
      workers: 8,
      price: SIM_TASK_PRICE,
      transcripts: true,
    },
    seeds,
  );
}

const PROGRAM = `
const [, , library, file] = process.argv;
const { connect } = await import(library);
const swarm = await connect();
try {
  const run = await swarm.start(file);
  const result = await run.result();
  process.stdout.write(JSON.stringify(result));
} finally {
  await swarm.close();
}
`;

it('swarm run, the library, temporal workflow start -> the same output.jsonl, failed.jsonl and transcripts.jsonl', async () => {
  const [command, library, temporal] = [task('command'), task('library'), task('temporal')];
  await home.run(['run', command.path]);

  const source = join(home.folder, 'program.mjs');
  writeFileSync(source, PROGRAM);
  const program = await home.node([source, LIBRARY, library.path]).ended;
  expect(program, program.stderr).toMatchObject({ code: 0 });
  expect(JSON.parse(program.stdout)).toMatchObject({ state: 'completed', exitCode: 0, counts: { ok: seeds.length } });

  const input = JSON.stringify({ task: temporal.path });
  const start = ['workflow', 'start', '--task-queue', 'durable-swarm', '--type', 'swarmRun', '--workflow-id', 'cities-by-hand'];
  await home.run(['temporal', ...start, '--input', input]);
  await until('the run is published', () => existsSync(temporal.out.path('receipt.json')), 60_000);
  expect(temporal.out.receipt().run).toBe('cities-by-hand');

  const expected = command.out.bytes();
  expect(command.out.ok()).toHaveLength(seeds.length);
  for (const { out } of [library, temporal]) {
    expect(out.bytes().equals(expected)).toBe(true);
    expect(out.bytes('failed.jsonl')).toEqual(command.out.bytes('failed.jsonl'));
    expect(out.bytes('transcripts.jsonl').equals(command.out.bytes('transcripts.jsonl'))).toBe(true);
  }
});

it('temporal workflow start, bad input -> the workflow fails at once with the message that the command prints', async () => {
  const bad = home.task('bad', { worker_model: 'no-such-provider/x' }, seeds);
  const start = ['workflow', 'execute', '--task-queue', 'durable-swarm', '--type', 'swarmRun', '--workflow-id', 'bad-by-hand'];
  const ended = await home.swarm(['temporal', ...start, '--input', JSON.stringify({ task: bad.path })]).ended;
  expect(ended.code).not.toBe(0);
  const said = await home.run(['run', bad.path], 2);
  const [code] = /\bE_[A-Z_]+/.exec(said.stderr) as RegExpExecArray;
  expect(ended.stdout + ended.stderr).toContain(code);
});

it('temporal workflow start, a task outside the allowed folders -> refused, nothing is read or written', async () => {
  const start = ['workflow', 'execute', '--task-queue', 'durable-swarm', '--type', 'swarmRun', '--workflow-id', 'outside'];
  const ended = await home.swarm(['temporal', ...start, '--input', JSON.stringify({ task: '/etc/task.yaml' })]).ended;
  expect(ended.code).not.toBe(0);
  expect(ended.stdout + ended.stderr).toMatch(/E_PATH_ESCAPE/);
});
