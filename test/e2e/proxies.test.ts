/** A proxy in the environment that swallows everything: what is on this machine never goes there. */

import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { endEvent, SwarmHome } from '../support/swarm-home.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

it('every proxy variable in both spellings -> host, server, worker, command and calls to this machine go without it', async () => {
  let asked = 0;
  const swallowing = createServer(() => {
    asked += 1;
  });
  await new Promise<void>((resolve) => swallowing.listen(0, '127.0.0.1', resolve));
  closing.push(() => swallowing.close());
  const url = `http://127.0.0.1:${(swallowing.address() as AddressInfo).port}`;
  const names = ['http_proxy', 'https_proxy', 'all_proxy', 'grpc_proxy'].flatMap((name) => [name, name.toUpperCase()]);
  const bed = await SwarmHome.create(Object.fromEntries(names.map((name) => [name, url])));
  closing.push(() => bed.close());
  const provider = await bed.provider();
  const { path } = bed.task(
    'behind',
    { worker_model: 'openai/m', worker_api_base: provider.url, max_cost: 1, price: { input: 1, output: 1 } },
    ['a', 'b'],
  );
  const { state, ok } = endEvent(await bed.run(['run', path, '--json'], 0, { OPENAI_API_KEY: 'k-of-the-test' }));
  expect({ state, ok, asked }).toEqual({ state: 'completed', ok: 2, asked: 0 });
});
