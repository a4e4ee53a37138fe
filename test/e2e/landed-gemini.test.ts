/** A run that version 0.1.0 began with a Gemini model goes on as it began, over the OpenAI-style API; a new one speaks Gemini's own. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startSimulator } from '../../src/simulator/server.js';
import { TestAuthority } from '../support/certificates.js';
import { LANDED_RUNS, LandedHome, saidThen } from '../support/landed-home.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';

const GOOGLE = 'generativelanguage.googleapis.com';
const MODEL = 'gemini-3.5-flash';
const KEY = 'key-of-the-test';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** What Google's address was asked for: path, and the headers that may carry a key. */
let asked: { path: string; bearer: string | undefined; key: string | string[] | undefined }[];
beforeEach(() => {
  asked = [];
});

async function listen(server: Pick<Server, 'listen' | 'address' | 'close' | 'once'>): Promise<number> {
  closing.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** The simulated provider behind Google's name: a proxy that leads there, whose address is told to a home. */
async function google(folder: string): Promise<string> {
  const simulator = await startSimulator({ latency: { kind: 'fixed', value: 20 }, answerTokens: { kind: 'fixed', value: 12 } });
  closing.push(() => simulator.close());
  const { ca } = await TestAuthority.create(folder, GOOGLE);
  const endpoint = createSecureServer({ cert: readFileSync(ca.cert), key: readFileSync(ca.key) }, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { authorization: bearer, 'x-goog-api-key': key } = request.headers;
    asked.push({ path: request.url ?? '', bearer, key });
    const answer = await fetch(`http://127.0.0.1:${simulator.port}${request.url}`, {
      method: 'POST',
      body: Buffer.concat(chunks),
    });
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  });
  closing.push(() => endpoint.closeAllConnections());
  const to = await listen(endpoint);
  const sockets = new Set<Socket>();
  const proxy = createServer((_, response) => response.writeHead(403).end());
  proxy.on('connect', (request, socket: Socket) => {
    if (request.url !== `${GOOGLE}:443`) return socket.end('HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n');
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    const upstream = connect(to, '127.0.0.1');
    for (const each of [socket, upstream]) sockets.add(each.on('error', () => each.destroy()));
    socket.pipe(upstream).pipe(socket);
  });
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
  });
  return `http://127.0.0.1:${await listen(proxy)}`;
}

it('a Gemini run of 0.1.0 -> run again by its file it goes on over the chat wire, no turn twice; a new one speaks the Gemini wire', async () => {
  const env: NodeJS.ProcessEnv = { GEMINI_API_KEY: KEY, NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' };
  const home = await SwarmHome.create(env);
  closing.push(() => home.close());
  home.env['HTTPS_PROXY'] = await google(home.folder);
  const landed = new LandedHome(home, 'http://127.0.0.1:1');
  const apiBase = `https://${GOOGLE}/v1beta/openai`;
  landed.ofModel('paused', { provider: 'gemini', model: MODEL, apiBase, apiKeyEnv: 'GEMINI_API_KEY' });

  const went = endEvent(await home.run(['run', landed.task('paused'), '--json']));
  expect(went).toMatchObject({ run: LANDED_RUNS.paused, state: 'completed', ok: 6, failed: 0 });
  const { calls } = JSON.parse(saidThen('paused.status.json')) as { calls: number };
  expect(asked).toEqual(
    Array(18 - calls).fill({ path: '/v1beta/openai/chat/completions', bearer: `Bearer ${KEY}`, key: undefined }),
  );
  expect((await home.run(['receipt', LANDED_RUNS.paused, '--verify'])).stdout).toMatch(/everything adds up/);

  asked.length = 0;
  const anew = home.task('anew', { worker_model: `gemini/${MODEL}`, max_cost: 1 }, ['a', 'b']);
  expect(endEvent(await home.run(['run', anew.path, '--json']))).toMatchObject({ state: 'completed', ok: 2 });
  expect(asked).toEqual(Array(2).fill({ path: `/v1beta/models/${MODEL}:generateContent`, bearer: undefined, key: KEY }));
});
