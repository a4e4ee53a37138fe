import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { spareConnections, sparing } from '../../../src/llm/transport/spare-descriptors.js';

let waiting: (() => void)[] = [];
const server = createServer((_, response) => waiting.push(() => response.end('ok')));
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise((resolve) => server.close(resolve)));

it('spareConnections: a limit and what is open -> some are kept, one at least is given', () => {
  expect(spareConnections({ limit: 1024, open: 60 })).toBe(900);
  expect(spareConnections({ limit: 64, open: 60 })).toBe(1);
});

it('sparing: one connection more than there may be -> EMFILE; again when one was closed', async () => {
  const agent = new Agent({ connect: sparing(buildConnector({}), 2), pipelining: 1 });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const request = () => agent.request({ origin, path: '/', method: 'GET', reset: true });
  const held = [request(), request()];
  await expect.poll(() => waiting.length, { timeout: 10_000 }).toBe(2);
  await expect(request()).rejects.toMatchObject({ code: 'EMFILE' });
  for (const answer of waiting.splice(0)) answer();
  for (const each of held) expect(await (await each).body.text()).toBe('ok');
  let late: Promise<unknown> | null = null;
  await expect
    .poll(
      async () => {
        late ??= request().catch(() => {
          late = null;
        });
        await new Promise((resolve) => setImmediate(resolve));
        return waiting.length;
      },
      { timeout: 10_000 },
    )
    .toBe(1);
  waiting = waiting.flatMap((answer) => answer() ?? []);
  await late;
  await agent.destroy();
});
