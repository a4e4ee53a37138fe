/** A small run against an OpenAI-wire server that this project did not write. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LLMock } from '@copilotkit/aimock';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { SwarmHome } from '../support/swarm-home.js';

const mock = new LLMock({ port: 0, host: '127.0.0.1' });
const seeds = ['Oslo', 'Lima', 'Kyoto', 'Accra'];
let home: SwarmHome;

beforeAll(async () => {
  await mock.start();
  for (const city of seeds) {
    mock.onMessage(`Country of ${city}?`, {
      content: `The country of ${city}`,
      usage: { prompt_tokens: 11, completion_tokens: 7 },
    });
  }
  home = await SwarmHome.create();
});
afterAll(async () => {
  await mock.stop();
  await home?.close();
});
beforeEach(() => mock.clearRequests());

it.each([
  ['the base', '/v1'],
  ['the form of other tools', '/v1/chat/completions'],
])('worker_api_base as %s -> every row answered once, tokens and money as that server says', async (_, path) => {
  const name = path === '/v1' ? 'base' : 'full';
  const keys = { worker_api_base: `${mock.url}${path}`, worker_api_key_env: 'FOREIGN_KEY', price: { input: 1, output: 2 } };
  const files = home.task(name, { prompt_template: 'Country of {{seed}}?', worker_model: 'gpt-5-mini', ...keys }, seeds);
  await home.run(['run', files.path], 0, { FOREIGN_KEY: 'sk-foreign-1234' });
  const rows = files.out.ok();
  expect(rows.map(({ seed, output }) => [seed, output])).toEqual(seeds.map((city) => [city, `The country of ${city}`]));
  for (const row of rows) expect(row).toMatchObject({ usage: { input: 11, output: 7 }, cost_usd: 0.000025, turns: 1 });
  const requests = mock.getRequests();
  expect(requests).toHaveLength(seeds.length);
  expect(requests.map((request) => request.path)).toEqual(seeds.map(() => '/v1/chat/completions'));
});

it('runs that went well -> Temporal warns of nothing in the log of the host', () => {
  const text = readFileSync(join(home.home, 'host.log'), 'utf8');
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { level: number; sdkComponent?: string });
  expect(lines.length).toBeGreaterThan(3);
  const { warn = 0 } = pino.levels.values;
  expect(lines.filter(({ level, sdkComponent }) => sdkComponent !== undefined && level >= warn)).toEqual([]);
});
