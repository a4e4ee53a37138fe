/** Model calls through proxies: the real transport, a proxy and endpoints of the test. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ProxySettings } from '../../src/core/proxy.js';
import type { ModelAdapter } from '../../src/llm/port.js';
import { createSdkAdapter } from '../../src/llm/sdk-adapter.js';
import { ALL_WIRES } from '../../src/llm/wires/all-wires.js';
import { TestAuthority } from '../support/certificates.js';
import { completion } from './answering-server.js';
import { modelCall } from './model-call.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Of the requests that the proxy got: method, target, credentials. */
let seen: { method: string; url: string; auth: string | undefined; key: string | undefined }[] = [];
beforeEach(() => {
  seen = [];
});

async function listen(server: Server): Promise<number> {
  closing.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const note = ({ method = '', url = '', headers }: IncomingMessage) =>
  seen.push({ method, url, auth: headers['proxy-authorization'], key: headers.authorization });

const answer = JSON.stringify(completion());

/** Answers http itself; opens tunnels to `port`, whatever was asked for, or refuses with a status. */
async function proxy(tunnel: { port: number } | { status: number }): Promise<number> {
  const server = createServer((request, response) => {
    note(request);
    if ('status' in tunnel) response.writeHead(tunnel.status).end('no');
    else response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
  });
  server.on('connect', (request, socket) => {
    note(request);
    socket.on('error', () => undefined);
    if ('status' in tunnel) return socket.end(`HTTP/1.1 ${tunnel.status} No\r\ncontent-length: 0\r\n\r\n`);
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    const upstream = connect(tunnel.port, '127.0.0.1');
    upstream.on('error', () => socket.destroy());
    socket.pipe(upstream).pipe(socket);
    closing.push(
      () => upstream.destroy(),
      () => socket.destroy(),
    );
  });
  return await listen(server);
}

function adapterWith(proxies: Partial<ProxySettings>): ModelAdapter {
  const adapter = createSdkAdapter(ALL_WIRES, { proxies: { https: null, http: null, none: [], ...proxies } });
  closing.push(() => adapter.close());
  return adapter;
}

it('http -> the proxy gets the whole address, with its credentials', async () => {
  const port = await proxy({ port: 0 });
  const adapter = adapterWith({ http: { url: `http://ada:s%40cret@127.0.0.1:${port}`, variable: 'HTTP_PROXY' } });
  const result = await adapter.call(modelCall('http://model.test:8000/v1'));
  expect(result).toMatchObject({ ok: true, answer: 'four' });
  const auth = `Basic ${Buffer.from('ada:s@cret').toString('base64')}`;
  expect(seen).toMatchObject([{ method: 'POST', url: 'http://model.test:8000/v1/chat/completions', auth }]);
});

it('https -> a tunnel: the proxy sees name and port, the endpoint the call; the next call takes the same connection', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'swarm-proxy-'));
  closing.push(() => rmSync(folder, { recursive: true }));
  const authority = await TestAuthority.create(folder, 'ca');
  const [cert, key] = [authority.ca.cert, authority.ca.key].map((path) => readFileSync(path)) as [Buffer, Buffer];
  let calls = 0;
  const endpoint = createSecureServer({ cert, key }, (request, response) => {
    calls += 1;
    expect(request.headers['proxy-authorization']).toBeUndefined();
    response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
  });
  const port = await proxy({ port: await listen(endpoint as unknown as Server) });
  const adapter = adapterWith({ https: { url: `http://ada:x@127.0.0.1:${port}`, variable: 'https_proxy' } });
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  closing.push(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
  for (let n = 0; n < 2; n += 1) {
    expect(await adapter.call(modelCall('https://model.test/v1'))).toMatchObject({ ok: true, answer: 'four' });
    // The first connection is free for the next call a moment after its answer.
    await sleep(100);
  }
  expect(calls).toBe(2);
  expect(seen).toMatchObject([{ method: 'CONNECT', url: 'model.test:443', key: undefined }]);
});

it('an endpoint on this machine, or listed in NO_PROXY -> directly', async () => {
  const unused = await proxy({ status: 500 });
  const port = await proxy({ port: 0 });
  const http = { url: `http://127.0.0.1:${unused}`, variable: 'HTTP_PROXY' };
  expect(await adapterWith({ http }).call(modelCall(`http://127.0.0.1:${port}/v1`))).toMatchObject({ ok: true });
  expect(seen.map(({ url }) => url)).toEqual(['/v1/chat/completions']);
  const listed = await adapterWith({ http, none: ['model.test'] }).call(modelCall('http://model.test:9/v1'));
  expect(listed).toMatchObject({ ok: false, code: 'E_CALL_CONNECT' });
  expect(seen).toHaveLength(1);
});

it.each([
  ['https://model.test/v1', 407, 'the proxy wants a name and a password'],
  ['http://model.test/v1', 407, 'the proxy wants a name and a password'],
  ['https://model.test/v1', 403, 'the proxy refuses it'],
])('%s, the proxy answers %i -> not sent, and the proxy is named without its password', async (base, status, words) => {
  const port = await proxy({ status });
  const one = { url: `http://ada:secret@127.0.0.1:${port}`, variable: 'HTTPS_PROXY' };
  const result = await adapterWith({ https: one, http: one }).call(modelCall(base));
  expect(result).toMatchObject({ ok: false, code: 'E_CALL_CONNECT', mayHaveBeenBilled: false });
  const { message = '' } = result as { message?: string };
  expect(message).toContain(`no connection to model.test through the proxy of HTTPS_PROXY (127.0.0.1:${port})`);
  expect(message).toContain(words);
  expect(message).not.toContain('secret');
});

it.each([
  ['http://127.0.0.1:1', 'nothing accepts connections there'],
  ['socks5://127.0.0.1:1', 'the address of the proxy must be http://HOST:PORT'],
])('%s -> not sent, says why', async (url, words) => {
  const result = await adapterWith({ https: { url, variable: 'HTTPS_PROXY' } }).call(modelCall('https://model.test/v1'));
  expect(result).toMatchObject({ ok: false, code: 'E_CALL_CONNECT', mayHaveBeenBilled: false });
  expect((result as { message?: string }).message).toContain(words);
});
