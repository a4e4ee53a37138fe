/** Real processes: a row that the provider refuses ends that row; an address that speaks another language ends the run, and both say what came. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AnsweringServer, completion, json, startAnsweringServer } from '../llm/answering-server.js';
import { SwarmHome } from '../support/swarm-home.js';

const KEY = 'wrapped-key-0123456789-abcdefgh';
let home: SwarmHome;
let server: AnsweringServer;

beforeAll(async () => {
  server = await startAnsweringServer();
  home = await SwarmHome.create();
});
afterAll(async () => {
  await home?.close();
  await server?.close();
});

const rows = Array.from({ length: 30 }, (_, index) => `row ${index}`);
const task = (name: string, more: object) =>
  home.task(name, { prompt_template: 'Say {{seed}}', worker_model: 'a-model', worker_api_base: server.base, ...more }, rows);

it.each([1, 8])(
  'one of 30 rows refused at once, before slower answers, workers: %d -> that row fails by name, 29 are ok',
  async (workers) => {
    const strict = json({ error: { message: 'invalid unicode in messages', type: 'invalid_request_error' } }, 400);
    server.answer((request, response, socket) => {
      const isBad = request.body.includes('Say row 0"');
      setTimeout(() => (isBad ? strict : json(completion()))(request, response, socket), isBad ? 0 : 30);
    });
    const files = task(`bad-row-${workers}`, { workers });
    await home.run(['run', files.path], 1);
    expect(files.out.ok()).toHaveLength(29);
    expect(files.out.failed()).toMatchObject([{ seed: 'row 0', cause: 'refused', code: 'E_REQUEST_REFUSED' }]);
  },
);

it.each([
  ['a page', '<!doctype html><title>Sign in to the network</title>', 'but a page: Sign in to the network'],
  ['other JSON', '{"status":"up"}', 'but other JSON: {"status":"up"}'],
  ['an error', '{"error":"no such route"}', 'an error in the body: no such route'],
])('an address that answers 200 with %s -> the run ends at once with E_ENDPOINT and says what came', async (name, body, said) => {
  server.received.length = 0;
  server.answer(json(body));
  const files = task(`endpoint-${name.replaceAll(' ', '-')}`, { workers: 4 });
  const ended = await home.run(['run', files.path], 2);
  expect(`${ended.stdout}\n${ended.stderr}`.replace(/\s+/g, ' ')).toContain('E_ENDPOINT: no chat completions at this address');
  expect(`${ended.stdout}\n${ended.stderr}`.replace(/\s+/g, ' ')).toContain(said);
  expect(server.received.length).toBeLessThan(12);
  expect(ended.ms).toBeLessThan(15_000);
});

it('a provider that repeats the key over two lines -> no half of it in terminal, failed.jsonl or store', async () => {
  const wrapped = `${KEY.slice(0, 14)}\n    ${KEY.slice(14)}`;
  server.answer((request, response, socket) => {
    const isBad = request.body.includes('Say row 3"');
    json(isBad ? { error: { message: `bad request of key ${wrapped}` } } : completion(), isBad ? 400 : 200)(
      request,
      response,
      socket,
    );
  });
  const files = task('wrapped', { worker_api_key_env: 'WRAPPED_KEY' });
  const ended = await home.run(['run', files.path], 1, { WRAPPED_KEY: KEY });
  const failed = JSON.stringify(files.out.failed());
  expect(failed).toContain('[redacted]');
  const store = readdirSync(home.home).filter((file) => file.startsWith('store.db'));
  const kept = store.map((file) => readFileSync(join(home.home, file), 'latin1'));
  expect(kept.join('')).toContain('[redacted]');
  const shown = [failed, ended.stdout, ended.stderr, ...kept].join('\n');
  for (const half of [KEY.slice(0, 10), KEY.slice(-10)]) expect(shown.includes(half)).toBe(false);
});
