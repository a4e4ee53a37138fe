/** The way to each endpoint: directly, or through a proxy of the environment. */
import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { type HttpProxy, type ProxySettings, proxyName, proxyOf } from '../../core/proxy.js';
import { sparing } from './spare-descriptors.js';

export const CONNECT_TIMEOUT_MS = 10_000;

/** Shorter than the 5 s after which common servers drop an idle connection: a request must not race with that. */
export const KEEP_ALIVE_MS = 4_000;

const TLS = { timeout: CONNECT_TIMEOUT_MS, allowH2: false } as const;

/** What a request to an address is sent with. */
export interface Route {
  agent: Pick<Dispatcher, 'dispatch'>;
  origin: string;
  path: string;
  /** Beside the request's own. */
  headers: Readonly<Record<string, string>>;
  /** `HTTPS_PROXY (proxy.example:3128)`; null: none is on the way. */
  proxy: string | null;
}

/** As many connections as there are calls in flight (the gates bound these); HTTP/1.1, kept alive; no header or body timers of its own. */
function newAgent(connect: buildConnector.connector): Agent {
  return new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect: sparing(connect),
    pipelining: 1,
  });
}

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** Basic credentials of a proxy's URL. */
function credentials({ username, password }: URL): Record<string, string> {
  if (username === '') return {};
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(text).toString('base64')}` };
}

/** Connects by the proxy's CONNECT, and speaks TLS with the endpoint itself: the proxy sees its name and port, no key, no prompt. */
function tunnel(proxy: URL): buildConnector.connector {
  const overTunnel = buildConnector(TLS);
  const request = proxy.protocol === 'https:' ? secureRequest : plainRequest;
  return (target, callback) => {
    const to = `${target.hostname}:${target.port || '443'}`;
    const headers = { host: to, ...credentials(proxy) };
    // Not by the URL: its name and password would go out as those of the endpoint.
    const asked = request({
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || undefined,
      method: 'CONNECT',
      path: to,
      headers,
      agent: false,
      timeout: CONNECT_TIMEOUT_MS,
    });
    asked.once('timeout', () => asked.destroy(coded('UND_ERR_CONNECT_TIMEOUT')));
    asked.once('error', (error) => callback(error, null));
    asked.once('response', (response) => asked.destroy(coded(`PROXY_${response.statusCode}`)));
    asked.once('connect', ({ statusCode = 0 }, socket) => {
      socket.setTimeout(0);
      if (statusCode >= 200 && statusCode < 300) return overTunnel({ ...target, httpSocket: socket as never }, callback);
      socket.destroy();
      callback(coded(`PROXY_${statusCode}`), null);
    });
    asked.end();
  };
}

/** An address of a proxy that no request can be sent to. */
const noTunnel: buildConnector.connector = (_, callback) => {
  setImmediate(() => callback(coded('PROXY_ADDRESS'), null));
};

export class Routes {
  readonly #proxies: ProxySettings;
  readonly #direct = newAgent(buildConnector(TLS));
  readonly #tunnels = new Map<string, Agent>();
  /** There are few endpoints and many calls. */
  readonly #known = new Map<string, Route>();

  constructor(proxies: ProxySettings) {
    this.#proxies = proxies;
  }

  to(text: string): Route {
    let route = this.#known.get(text);
    if (!route) {
      route = this.#routeTo(new URL(text));
      if (this.#known.size >= 256) this.#known.clear();
      this.#known.set(text, route);
    }
    return route;
  }

  /** Lets requests under way finish. */
  async close(): Promise<void> {
    await Promise.all([this.#direct, ...this.#tunnels.values()].map((agent) => agent.close()));
  }

  #routeTo(url: URL): Route {
    const found = proxyOf(url, this.#proxies);
    const direct = { origin: url.origin, path: `${url.pathname}${url.search}`, headers: {} };
    if (found === null) return { ...direct, agent: this.#direct, proxy: null };
    const proxy = proxyName(found);
    const address = readable(found);
    if (url.protocol === 'https:' || address === null) return { ...direct, agent: this.#tunnel(found, address), proxy };
    // Not by CONNECT: many proxies allow that for port 443 alone.
    const headers = { host: url.host, ...credentials(address) };
    return { agent: this.#direct, origin: address.origin, path: `${url.origin}${direct.path}`, headers, proxy };
  }

  #tunnel({ url }: HttpProxy, address: URL | null): Agent {
    const agent = this.#tunnels.get(url) ?? newAgent(address === null ? noTunnel : tunnel(address));
    this.#tunnels.set(url, agent);
    return agent;
  }
}

/** Null for what is no http or https address. */
function readable({ url }: HttpProxy): URL | null {
  return URL.canParse(url) && /^https?:\/\/./i.test(url) ? new URL(url) : null;
}
