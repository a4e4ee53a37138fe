/**
 * The Web UI's port. Temporal's own UI answers to any Host header and hands out tokens to whoever asks, so a web page could start workflows
 * by DNS rebinding: it listens where no page finds it, and what passes the rules here is handed on to it.
 */
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Agent } from 'undici';
import { hidingPlace, LOOPBACK, type Place } from './ports.js';
import { allowedHosts, refusalOf } from './ui-rules.js';

/** Of one hop, not of the exchange (RFC 9110, 7.6.1). Node and undici write their own. */
const OF_ONE_HOP = new Set(
  'connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade expect'.split(
    ' ',
  ),
);

/** More than browsers open; the host's descriptors are for its calls. */
const MOST_CONNECTIONS = 128;

function endToEnd(headers: NodeJS.Dict<string | string[]>): OutgoingHttpHeaders {
  const ofThisHop = String(headers['connection'] ?? '')
    .toLowerCase()
    .split(/\s*,\s*/);
  const kept = Object.entries(headers).filter(([name]) => !OF_ONE_HOP.has(name) && !ofThisHop.includes(name));
  return Object.fromEntries(kept);
}

function say(response: ServerResponse, status: number, text: string): void {
  // The request's body is not read.
  response.shouldKeepAlive = false;
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
  response.end(`${text}\n`);
}

export class WebUi {
  readonly url: string;
  readonly #server: Server;
  readonly #allowed: ReadonlySet<string>;
  /** Answers may take as long as Temporal holds a long poll. */
  readonly #agent = new Agent({ connections: MOST_CONNECTIONS, headersTimeout: 0, bodyTimeout: 0 });
  #hidden: Place | null = null;

  private constructor(port: number, added: readonly string[]) {
    this.url = `http://${LOOPBACK}:${port}`;
    this.#allowed = allowedHosts(port, added);
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.maxConnections = MOST_CONNECTIONS;
  }

  /** Listens on the port; null when it is taken. `added`: further values of Host that it answers to. */
  static async open(port: number, added: readonly string[]): Promise<WebUi | null> {
    const ui = new WebUi(port, added);
    return await new Promise((resolve, reject) => {
      ui.#server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(null) : reject(error)));
      ui.#server.listen({ port, host: LOOPBACK, exclusive: true }, () => resolve(ui));
    });
  }

  /** Where the next server's own UI is to listen: another place for each start. */
  async hide(): Promise<Place> {
    this.#hidden = await hidingPlace();
    return this.#hidden;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await Promise.all([closed, this.#agent.destroy()]);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = refusalOf(request, this.#allowed);
    if (refusal !== null) return say(response, 403, `${refusal} SWARM_UI_HOSTS adds to the hosts it answers to.`);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    try {
      await this.#handOn(request, response, gone.signal);
    } catch {
      if (response.headersSent) response.destroy();
      else say(response, 503, 'The Temporal server is not up. The host starts it again: reload in a few seconds.');
    }
  }

  async #handOn(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    if (this.#hidden === null) throw new Error('not started');
    const { address, port } = this.#hidden;
    const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
    const answer = await this.#agent.request({
      origin: `http://${address}:${port}`,
      path: request.url ?? '/',
      method: (request.method ?? 'GET') as 'GET',
      headers: endToEnd(request.headers) as Record<string, string>,
      body: hasBody ? request : null,
      signal,
    });
    response.writeHead(answer.statusCode, endToEnd(answer.headers));
    await pipeline(answer.body, response);
  }
}
