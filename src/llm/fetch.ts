/**
 * Our own fetch for model calls: one POST over undici, nothing retried, no redirect followed. What Node's fetch
 * cannot do: answers that take longer than 300 s, a cap on the body, and knowing for sure whether a request may have left.
 */
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { Agent } from 'undici';
import type { HeaderMap } from '../core/retry-after.js';
import { sparingConnector } from './spare-descriptors.js';
import { MAX_BODY_BYTES, reasonOf, TransportFault, WireRequest } from './wire-request.js';

const CONNECT_TIMEOUT_MS = 10_000;

/** Shorter than the 5 s after which common servers drop an idle connection: a request must not race with that. */
const KEEP_ALIVE_MS = 4_000;

/** A whole answer that holds no completion: any status but 200 to 299, or one of these with an empty body. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';
  constructor(
    readonly status: number,
    readonly headers: HeaderMap,
    readonly body: string,
  ) {
    super(`HTTP ${status}`);
  }
}

/**
 * Names the exchange of a call to our fetch, which takes it out again. A provider package passes nothing else through
 * but a signal, and an AbortController for each call costs more than this.
 */
export const EXCHANGE_HEADER = 'x-swarm-exchange';

/** One request to come. Only its own deadline and a cancel end it early. */
export interface Exchange {
  /** Value for EXCHANGE_HEADER. */
  readonly id: string;
  /** Ends it: before it is sent, or by closing its socket. Nothing happens when it is over already. */
  end(kind: 'timeout' | 'abort'): void;
  /** Forgets it; to be called however the call went. */
  close(): void;
}

export interface Transport {
  open(): Exchange;
  /** For provider packages; throws TransportFault or HttpRefusal. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** Lets calls under way finish. */
  close(): Promise<void>;
}

const DECODERS: Readonly<Record<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/** Some servers compress though we do not ask for it. */
async function decode(body: Buffer, headers: HeaderMap, status: number): Promise<Buffer> {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return body;
  try {
    const decoder = DECODERS[encoding];
    if (!decoder) throw Object.assign(new Error(), { code: `encoding ${encoding.slice(0, 20)}` });
    return await decoder(body, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    const reason = reasonOf(error);
    throw new TransportFault(reason === 'ERR_BUFFER_TOO_LARGE' ? 'too-big' : 'cut', true, reason, status, headers);
  }
}

/** Waiting lines of some providers (`: keep-alive`) before the JSON; blank lines are no problem for a JSON reader. */
function withoutKeepAlives(body: Buffer): Buffer {
  let at = 0;
  for (;;) {
    while (at < body.length && (body[at] ?? 0) <= 0x20) at++;
    if (body[at] !== 0x3a) return body.subarray(at);
    const end = body.indexOf(0x0a, at);
    at = end === -1 ? body.length : end + 1;
  }
}

/**
 * What provider packages use of a Response, and no more: a real one builds web streams for a body that is here already, which
 * costs as much CPU as the whole exchange.
 */
function responseOf(status: number, headers: HeaderMap, body: Buffer): Response {
  let unread = true;
  const reader = {
    read: async () => {
      const first = unread;
      unread = false;
      return first ? { done: false, value: body } : { done: true, value: undefined };
    },
    cancel: async () => {},
    releaseLock: () => {},
  };
  const response = {
    ok: true,
    status,
    statusText: '',
    headers: new Map(Object.entries(headers)),
    body: { getReader: () => reader },
  };
  return response as unknown as Response;
}

/** Scheme and authority apart from path and query, remembered: there are few endpoints and many calls. */
function createSplitter(): (url: string) => { origin: string; path: string } {
  const known = new Map<string, { origin: string; path: string }>();
  return (text) => {
    let parts = known.get(text);
    if (!parts) {
      const url = new URL(text);
      parts = { origin: url.origin, path: `${url.pathname}${url.search}` };
      if (known.size >= 256) known.clear();
      known.set(text, parts);
    }
    return parts;
  };
}

/** As many connections as there are calls in flight (the gates bound these); HTTP/1.1, kept alive; no header or body timers of its own. */
export function createTransport(): Transport {
  const agent = new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect: sparingConnector({ timeout: CONNECT_TIMEOUT_MS, allowH2: false }),
    pipelining: 1,
  });
  const split = createSplitter();
  const requests = new Map<string, WireRequest>();
  let opened = 0;
  return {
    open() {
      const id = String(++opened);
      const request = new WireRequest();
      requests.set(id, request);
      return { id, end: (kind) => request.fail(kind, ''), close: () => requests.delete(id) };
    },
    async fetch(input, init) {
      const { [EXCHANGE_HEADER]: id, ...headers } = { ...(init?.headers as Record<string, string> | undefined) };
      const request = requests.get(id ?? '');
      if (!request) throw new Error('no exchange was opened for this request');
      const { origin, path } = split(String(input));
      const answer = await request.send(agent, { origin, path, method: 'POST', headers, body: init?.body as string });
      const { status } = answer;
      const body = withoutKeepAlives(await decode(answer.body, answer.headers, status));
      if (status < 200 || status > 299 || body.length === 0) throw new HttpRefusal(status, answer.headers, body.toString('utf8'));
      return responseOf(status, answer.headers, body);
    },
    async close() {
      await agent.close();
    },
  };
}
