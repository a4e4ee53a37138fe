/** A task that is mended in mid run: `--changed keep` keeps what is done, and the rows that are left go on with the changed task. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../host/host-support.js';
import type { TaskFiles } from '../support/run-folder.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';

const ROWS = 40;
const WIDE = 4;
const rows = Array.from({ length: ROWS }, (_, index) => `Stone number ${index}`);

let home: SwarmHome;
let server: Server;
let base: string;
/** Answered requests: model and prompt. */
let answered: { model: string; prompt: string }[] = [];
/** The model `old` is gone after so many answers. */
let retiredAfter = Number.POSITIVE_INFINITY;
/** Answers after so many wait until they are let go. */
let heldAfter = Number.POSITIVE_INFINITY;
let letGo = () => {};
let gone = Promise.resolve();

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      // `swarm check` asks for the list of models.
      if (request.method !== 'POST') return response.writeHead(404).end();
      const { model, messages } = JSON.parse(Buffer.concat(chunks).toString());
      if (model === 'old' && answered.length >= retiredAfter)
        return reply(response, 404, { error: { message: 'The model old does not exist', code: 'model_not_found' } });
      answered.push({ model, prompt: messages.at(-1).content });
      const choices = [{ index: 0, message: { role: 'assistant', content: `by ${model}` }, finish_reason: 'stop' }];
      const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
      const send = () => reply(response, 200, { id: 'x', object: 'chat.completion', created: 1, model, choices, usage });
      if (answered.length > heldAfter) void gone.then(send);
      else send();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  home = await SwarmHome.create();
});
afterAll(async () => {
  await home.close();
  server.close();
});

function task(name: string, model: string, price: number): TaskFiles {
  const keys = { worker_model: model, worker_api_base: base, workers: WIDE, max_cost: 1, transcripts: true };
  return home.task(name, { ...keys, price: { input: price, output: price } }, rows);
}

/** Each row once, and the answer of each is in the output. */
function expectEachOnce(files: TaskFiles): void {
  expect(files.out.ok().map(({ seed }) => seed)).toEqual(rows);
  expect(new Set(answered.map(({ prompt }) => prompt)).size).toBe(ROWS);
  expect(answered).toHaveLength(ROWS);
}

it('a model retired in mid run -> another one does the rest: every row once, good ones are not paid again, receipt names both', async () => {
  answered = [];
  retiredAfter = 15;
  const files = task('retired', 'old', 1);
  await home.swarm(['run', files.path]).ended;
  const good = answered.length;
  expect(good).toBe(retiredAfter);

  task('retired', 'new', 2);
  const refused = await home.run(['run', files.path], 2);
  expect(refused.stderr).toMatch(/E_OUT_MISMATCH[\s\S]*worker_model/);
  expect(refused.stderr).toContain(`swarm run ${files.path} --changed keep`);
  const checked = await home.run(['check', files.path, '--changed', 'keep']);
  expect(checked.stderr).toMatch(/takes over the changed worker_model: 15 rows are done and stay/);
  expect((await home.run(['check', files.path], 2)).stderr).toContain('E_OUT_MISMATCH');

  const kept = await home.swarm(['run', files.path, '--changed', 'keep', '--json']).ended;
  const { run, failed } = endEvent(kept);
  // Rows that met the retired model stay failed until they are asked for.
  if (failed > 0) await home.run(['retry', run]);
  expectEachOnce(files);
  expect(answered.filter(({ model }) => model === 'old')).toHaveLength(good);

  const receipt = files.out.receipt();
  expect(receipt.task_versions).toMatchObject([
    { model: expect.stringMatching(/\/old$/), changed: [], from_epoch: 1, ok: good, failed: 0 },
    { model: expect.stringMatching(/\/new$/), changed: ['worker_model'], from_epoch: 2, ok: ROWS - good, failed: 0 },
  ]);
  expect(receipt.money.by_model.map(({ model, calls, cost_usd }) => [model, calls, cost_usd])).toEqual(
    expect.arrayContaining([
      ['old', good, (good * 15) / 1e6],
      ['new', ROWS - good, ((ROWS - good) * 30) / 1e6],
    ]),
  );
  expect((await home.run(['receipt', run, '--verify'])).stdout).toContain('everything adds up');

  // The run is that of the changed task from now on.
  const again = await home.run(['run', files.path, '--json']);
  expect(again.stdout).toContain('"kind":"finished"');
  expect(answered).toHaveLength(ROWS);
});

it('under way -> refused with the pause to type; paused -> goes on with the changed task, calls in flight are kept', async () => {
  answered = [];
  retiredAfter = Number.POSITIVE_INFINITY;
  heldAfter = 8;
  gone = new Promise((resolve) => {
    letGo = resolve;
  });
  const files = task('paused', 'old', 1);
  const run = (await home.run(['run', files.path, '--detach'])).stdout.trim();
  await until('calls that are held', () => answered.length === 8 + WIDE);
  task('paused', 'new', 1);
  const refused = await home.run(['run', files.path, '--changed', 'keep'], 6);
  expect(refused.stderr).toContain(`swarm pause ${run}; then the same command again`);
  await home.run(['pause', run]);
  const going = home.run(['run', files.path, '--changed', 'keep', '--json']);
  // It may not end an epoch under its calls.
  setTimeout(letGo, 1_000);
  const kept = endEvent(await going);
  expect(kept).toMatchObject({ run, state: 'completed', ok: ROWS, failed: 0 });
  expectEachOnce(files);
  expect(new Set(answered.map(({ model }) => model))).toEqual(new Set(['old', 'new']));
  expect(files.out.receipt().doubtful_calls).toEqual([]);
});
