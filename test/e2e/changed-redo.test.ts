/** `--changed redo` by the command: rows that were edited, or that the changed task asks something else, are called again, and no other. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore } from '../../src/store/open-store.js';
import type { Store } from '../../src/store/port/store.js';
import { until } from '../host/host-support.js';
import type { TaskFiles } from '../support/run-folder.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';

/** More than the rows of one transaction. */
const ROWS = 600;
const WIDE = 4;
/** Answers from this one on are held until the run is paused. */
const HELD_FROM = 560;
const DONE = HELD_FROM + WIDE;
const EDITED = 3;
const isStyled = (index: number) => index % 50 === 7;

interface Row {
  text: string;
  style: string;
}

let home: SwarmHome;
let server: Server;
let base: string;
let store: Store;
/** Prompts that were answered, in their order. */
let answered: string[] = [];
let heldFrom = HELD_FROM;
let letGo = () => {};
const gone = new Promise<void>((resolve) => {
  letGo = resolve;
});

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      // `swarm check` asks for the list of models.
      if (request.method !== 'POST') return response.writeHead(404).end();
      const { model, messages } = JSON.parse(Buffer.concat(chunks).toString());
      const prompt: string = messages.at(-1).content;
      const held = answered.length >= heldFrom;
      answered.push(prompt);
      const choices = [{ index: 0, message: { role: 'assistant', content: `<${prompt}>` }, finish_reason: 'stop' }];
      const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
      const send = () => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ id: 'x', object: 'chat.completion', created: 1, model, choices, usage }));
      };
      if (held) void gone.then(send);
      else send();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  home = await SwarmHome.create();
});
afterAll(async () => {
  await store?.close();
  await home.close();
  server.close();
});

const storeFile = () => join(home.home, 'store.db');

function task(template: string, rows: readonly Row[]): TaskFiles {
  const keys = { worker_model: 'm', worker_api_base: base, workers: WIDE, transcripts: true, max_cost: 1 };
  return home.task('mended', { ...keys, prompt_template: template, price: { input: 1, output: 1 } }, rows);
}

/** The end of the change's second transaction takes long from now on: its process can be killed in it. Returns what ends that. */
function slowSecondChunk(): () => void {
  const database = new Database(storeFile());
  // The host may be at work on it.
  database.exec('PRAGMA busy_timeout = 30000');
  const busy = 'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 200000000) SELECT COUNT(*) FROM n';
  database.exec(`CREATE TRIGGER slow AFTER DELETE ON outcomes WHEN OLD.idx >= 500 BEGIN ${busy}; END`);
  return () => {
    database.exec('DROP TRIGGER slow');
    database.close();
  };
}

it('half done, a row edited, a template that some rows fill otherwise, killed in the middle -> the same command again ends it: exactly those are called again', async () => {
  const rows = Array.from(
    { length: ROWS },
    (_, index): Row => ({ text: `stone ${index}`, style: isStyled(index) ? ' in rhyme' : '' }),
  );
  const files = task('Praise {{text}}', rows);
  const run = (await home.run(['run', files.path, '--detach'])).stdout.trim();
  await until('calls that are held', () => answered.length === DONE);
  await home.run(['pause', run]);
  letGo();
  store = await openStore({ file: storeFile() });
  await until('calls that end', async () => (await store.totals(run)).open === 0);
  const first = answered;
  expect(new Set(first).size).toBe(DONE);
  expect((await store.totals(run)).ok).toBe(DONE);
  answered = [];
  heldFrom = Number.POSITIVE_INFINITY;

  const edited = rows.map((row, index) => (index === EDITED ? { ...row, text: 'the third stone' } : row));
  edited.push({ text: 'a new stone', style: '' });
  task('Praise {{text}}{{style}}', edited);
  const anew = rows.flatMap((_, index) => (index < DONE && (index === EDITED || isStyled(index)) ? [index] : []));
  const refused = await home.run(['run', files.path], 2);
  expect(refused.stderr).toMatch(/E_OUT_MISMATCH[\s\S]*prompt_template/);
  expect(refused.stderr).toContain(`swarm run ${files.path} --changed redo`);
  const checked = await home.run(['check', files.path, '--changed', 'redo']);
  expect(checked.stderr).toContain(
    `takes over the changed prompt_template and 1 changed row: ${anew.length} rows that were done are done anew, ${DONE - anew.length} stay, ${ROWS - DONE} are left`,
  );
  expect(checked.stdout).toContain(`${DONE - anew.length} rows are done already, ${ROWS + 1 - DONE + anew.length} are left`);
  expect(checked.stdout).toContain(`of these ${anew.length} rows were done before: paid again`);
  expect((await store.totals(run)).ok).toBe(DONE);

  const asBefore = slowSecondChunk();
  const dies = home.swarm(['run', files.path, '--changed', 'redo']);
  await until('the first transaction of the change', async () => (await store.totals(run)).ok < DONE);
  dies.kill('SIGKILL');
  await dies.ended;
  asBefore();
  expect(answered).toEqual([]);
  const left = await store.done(run, { from: 0, to: ROWS });
  for (let index = 0; index < DONE; index += 1)
    expect(left.has(index), `row ${index}`).toBe(index >= 500 || !anew.includes(index));

  const ended = endEvent(await home.run(['run', files.path, '--changed', 'redo', '--json']));
  expect(ended).toMatchObject({ run, state: 'completed', total: ROWS + 1, ok: ROWS + 1, failed: 0 });
  const prompts = edited.map(({ text, style }) => `Praise ${text}${style}`);
  const called = prompts.filter((_, index) => index >= DONE || anew.includes(index));
  expect([...answered].sort()).toEqual([...called].sort());
  expect(files.out.ok().map(({ seed, output }) => [seed, output])).toEqual(
    edited.map((row, index) => [row, `<${prompts[index]}>`]),
  );

  const receipt = files.out.receipt();
  expect(receipt.task_versions).toMatchObject([
    { changed: [], from_epoch: 1, ok: DONE - anew.length },
    { changed: ['prompt_template'], from_epoch: 2, ok: called.length },
  ]);
  expect(receipt.calls).toMatchObject({ answered: DONE + called.length, doubtful: 0 });
  expect(receipt.money.settled_usd).toBeCloseTo(((DONE + called.length) * 15) / 1e6, 9);
  expect((await home.run(['receipt', run, '--verify'])).stdout).toContain('everything adds up');
  const transcripts = files.out.bytes('transcripts.jsonl').toString().trimEnd().split('\n');
  expect(transcripts.map((line) => JSON.parse(line).messages.at(-2).content)).toEqual(prompts);

  for (const again of [[], ['--changed', 'redo']])
    expect((await home.run(['run', files.path, ...again, '--json'])).stdout).toContain('"kind":"finished"');
  expect(answered).toHaveLength(called.length);
});
