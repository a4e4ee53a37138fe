/** The Web UI behind its guard, before a server of the test; then all ports of the real one, as a web page would try them. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Config, hostEnvironment, loadConfig } from '../../src/config.js';
import { ensureHome } from '../../src/home.js';
import { freePorts, hidingPlace, LOOPBACK } from '../../src/host/ports.js';
import { resolveTemporalBinary } from '../../src/host/temporal/binary.js';
import { TemporalServer } from '../../src/host/temporal/server.js';
import { WebUi } from '../../src/host/web-ui.js';
import { PATIENCE } from '../support/patience.js';
import { endHomes, newConfig, until } from './host-support.js';
import { ask, type Listener, listenersOf } from './open-ports.js';

vi.setConfig(PATIENCE);

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await endHomes();
});

async function listen(server: Server, { address, port }: Listener): Promise<void> {
  closing.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
}

/** A guard on a port of its own, before a server that answers by `answer`. */
async function guarded(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  added: readonly string[] = [],
): Promise<{ ui: WebUi; at: Listener; own: string }> {
  const [port] = (await freePorts(1)) as [number];
  const ui = (await WebUi.open(port, added)) as WebUi;
  closing.push(() => ui.close());
  await listen(createServer(answer), await ui.hide());
  return { ui, at: { address: LOOPBACK, port }, own: `${LOOPBACK}:${port}` };
}

describe('SWARM_UI, SWARM_UI_HOSTS', () => {
  it('default, off, hosts -> as written, and handed on to the host', () => {
    expect(loadConfig({}).webUi).toEqual({ hosts: [] });
    expect(loadConfig({ SWARM_UI: 'off', SWARM_UI_HOSTS: 'a.example' }).webUi).toBeNull();
    const config = loadConfig({ SWARM_UI_HOSTS: 'swarm.example.com, localhost:9000,[::1]:8233' });
    expect(config.webUi).toEqual({ hosts: ['swarm.example.com', 'localhost:9000', '[::1]:8233'] });
    expect(loadConfig(hostEnvironment(config, {})).webUi).toEqual(config.webUi);
    expect(loadConfig(hostEnvironment({ ...config, webUi: null }, {})).webUi).toBeNull();
  });

  it.each([{ SWARM_UI: 'no' }, { SWARM_UI_HOSTS: '*' }, { SWARM_UI_HOSTS: 'https://a.example/' }])('%j -> E_SETTING', (env) => {
    expect(() => loadConfig(env)).toThrow(expect.objectContaining({ code: 'E_SETTING', exitCode: 2 }));
  });
});

describe('hidingPlace', () => {
  it('Linux -> another address of 127/8 each time; elsewhere -> a port that browsers do not connect to', async () => {
    const places = await Promise.all(Array.from({ length: 20 }, () => hidingPlace('linux')));
    expect(new Set(places.map(({ address }) => address)).size).toBe(20);
    for (const { address } of places) expect(address).toMatch(/^127\.(?!0\.0\.)\d+\.\d+\.\d+$/);
    const { address, port } = await hidingPlace('darwin');
    expect(address).toBe(LOOPBACK);
    await expect(fetch(`http://${LOOPBACK}:${port}/`)).rejects.toMatchObject({ cause: { message: 'bad port' } });
  });
});

describe('WebUi', () => {
  it('foreign Host, Origin or page -> 403, and the UI hears nothing', async () => {
    let heard = 0;
    const { at, own } = await guarded((_, response) => {
      heard += 1;
      response.end('secret');
    });
    const foreign: Record<string, string>[] = [
      { host: 'evil.example' },
      { host: `evil.example:${at.port}` },
      { host: LOOPBACK },
      { host: `${LOOPBACK}:${at.port + 1}` },
      { host: `localhost.:${at.port}` },
      { host: `${own}.evil.example` },
      { host: own, origin: 'http://evil.example' },
      { host: own, origin: `http://evil.example:${at.port}` },
      { host: own, origin: 'null' },
      { host: own, origin: `file://${own}` },
      { host: own, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
      { host: own, 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' },
    ];
    for (const headers of foreign) {
      const got = await ask(at, '/api/v1/namespaces', { headers });
      expect({ headers, status: got?.status }).toEqual({ headers, status: 403 });
      expect(got?.body).not.toContain('secret');
    }
    expect((await ask(at, `http://${own}/`, { headers: { host: own } }))?.status).toBe(403);
    const formOfAnotherPage = { host: own, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect((await ask(at, '/', { headers: formOfAnotherPage, method: 'POST' }))?.status).toBe(403);
    expect(heard).toBe(0);
  });

  it('own Host, a link from elsewhere, a host of SWARM_UI_HOSTS -> answered', async () => {
    const { at, own } = await guarded((_, response) => response.end('page'), ['Swarm.example.com']);
    const welcome: Record<string, string>[] = [
      { host: own },
      { host: `LOCALHOST:${at.port}` },
      { host: own, origin: `http://${own}`, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' },
      { host: own, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
      { host: 'swarm.example.com', origin: 'https://swarm.example.com' },
    ];
    for (const headers of welcome) {
      expect({ headers, status: (await ask(at, '/', { headers }))?.status }).toEqual({ headers, status: 200 });
    }
  });

  it('method, path, headers, body, cookies and status -> pass as they are', async () => {
    const { at, own } = await guarded((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        response.writeHead(
          418,
          [
            ['set-cookie', 'a=1'],
            ['set-cookie', 'b=2'],
            ['connection', 'x-hop'],
            ['x-hop', '1'],
          ].flat(),
        );
        const { host, 'x-csrf-token': token } = request.headers;
        response.end(
          JSON.stringify({ method: request.method, url: request.url, host, token, body: Buffer.concat(chunks).toString() }),
        );
      });
    });
    const got = await ask(at, '/api/v1/x%2Fy?q=a%20b', {
      method: 'PUT',
      headers: { host: own, 'x-csrf-token': 't' },
      body: '{"a":1}',
    });
    expect(got).toMatchObject({ status: 418, cookies: ['a=1', 'b=2'] });
    expect(JSON.parse(got?.body ?? '')).toEqual({
      method: 'PUT',
      url: '/api/v1/x%2Fy?q=a%20b',
      host: own,
      token: 't',
      body: '{"a":1}',
    });
  });

  it('an answer in parts -> each passed when it comes; a browser that leaves ends the request', async () => {
    let left = false;
    const { ui, own } = await guarded((request, response) => {
      response.write('first');
      request.once('close', () => {
        left = true;
      });
    });
    const leave = new AbortController();
    const response = await fetch(`${ui.url}/poll`, { headers: { host: own }, signal: leave.signal });
    const { value } = (await response.body?.getReader().read()) ?? {};
    expect(Buffer.from(value ?? []).toString()).toBe('first');
    leave.abort();
    await until('the UI sees that nobody waits', () => left);
  });

  it('no server behind it -> 503 that says so; closing ends what is open', async () => {
    const { ui, own, at } = await guarded(() => undefined);
    const waiting = ask(at, '/long', { headers: { host: own } });
    await sleep(50);
    await ui.hide();
    expect(await ask(at, '/', { headers: { host: own } })).toMatchObject({
      status: 503,
      body: expect.stringContaining('starts it again'),
    });
    await ui.close();
    expect(await waiting).toBeNull();
  });

  it('a port that is taken -> null', async () => {
    const { at } = await guarded(() => undefined);
    expect(await WebUi.open(at.port, [])).toBeNull();
  });
});

async function startServer(config: Config): Promise<{ server: TemporalServer; lines: string[] }> {
  const lines: string[] = [];
  const binary = await resolveTemporalBinary(config);
  const paths = ensureHome(config.home);
  const server = await TemporalServer.start({ config, paths, binary, onProgress: (line) => lines.push(line) });
  closing.push(() => server.stop());
  return { server, lines };
}

/** As the page of the Web UI does: the token of the cookie comes back in a header. */
async function startWorkflow(ui: string, id: string): Promise<number> {
  const { cookies = [] } = (await ask(at(ui), '/', { headers: { host: new URL(ui).host } })) ?? {};
  const token = /_csrf=([^;]+)/.exec(cookies.join(';'))?.[1] ?? '';
  const headers = { host: new URL(ui).host, origin: ui, cookie: `_csrf=${token}`, 'x-csrf-token': token };
  const body = JSON.stringify({ workflowType: { name: 'nobody' }, taskQueue: { name: 'none' }, requestId: id });
  return (await ask(at(ui), `/api/v1/namespaces/default/workflows/${id}`, { method: 'POST', headers, body }))?.status ?? 0;
}

const at = (url: string): Listener => ({ address: new URL(url).hostname, port: Number(new URL(url).port) });

describe('the ports of the embedded server', () => {
  it('foreign Host at every one of them -> nothing that a web page could use', async () => {
    const { server } = await startServer(await newConfig());
    const listeners = listenersOf(server.pid as number);
    // gRPC of four services, HTTP API, metrics, and the hidden UI.
    expect(listeners.length).toBeGreaterThanOrEqual(7);
    const open: string[] = [];
    for (const listener of listeners) {
      expect(listener.address).toMatch(/^127\./);
      for (const path of ['/', '/api/v1/namespaces', '/metrics', '/api/v1/settings']) {
        const got = await ask(listener, path, { headers: { host: `evil.example:${listener.port}` } });
        if (got !== null && got.status < 400) open.push(`${listener.address}:${listener.port}`);
      }
    }
    for (const url of new Set(open)) {
      // A random address, or a port that browsers connect to for nobody.
      if (url.startsWith(`${LOOPBACK}:`))
        await expect(fetch(`http://${url}/`)).rejects.toMatchObject({ cause: { message: 'bad port' } });
    }
    expect(new Set(open).size).toBeLessThanOrEqual(2);
    expect((await ask(at(server.uiUrl ?? ''), '/', { headers: { host: 'evil.example' } }))?.status).toBe(403);
  });

  it('the page at its own address -> served, can act, and still does after the server was killed', async () => {
    const { server, lines } = await startServer(await newConfig());
    const ui = server.uiUrl as string;
    expect((await ask(at(ui), '/', { headers: { host: new URL(ui).host } }))?.body).toContain('<!doctype html>');
    // The services behind the frontend come up a moment later.
    await until('a workflow is started', async () => (await startWorkflow(ui, 'one')) === 200);
    process.kill(server.pid as number, 'SIGKILL');
    await until('the server is back', () => lines.some((line) => line.includes('is back at')), 60_000);
    await until('another one is started', async () => (await startWorkflow(ui, 'two')) === 200);
  });

  it('SWARM_UI=off -> no Web UI, on no port', async () => {
    const config = await newConfig({ webUi: null });
    const { server } = await startServer(config);
    expect(server.uiUrl).toBeNull();
    const listeners = listenersOf(server.pid as number);
    expect(listeners.every(({ address, port }) => address === LOOPBACK && port !== config.temporalPort + 1000)).toBe(true);
    for (const listener of listeners) {
      const got = await ask(listener, '/', { headers: { host: `${LOOPBACK}:${listener.port}` } });
      expect(got?.body ?? '').not.toContain('<!doctype html>');
    }
  });
});
