/**
 * Our own fetch for model calls: one POST over undici, nothing retried, no redirect followed. What Node's fetch
 * cannot do: answers that take longer than 300 s, a cap on the body, and knowing for sure whether a request may have left.
 */
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { ProxySettings } from '../core/proxy.js';
import type { HeaderMap } from '../core/retry-after.js';
import { Routes } from './routes.js';
import { MAX_BODY_BYTES, reasonOf, TransportFault, WireRequest } from './wire-request.js';

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

/** `proxies`: of the environment. */
export function createTransport(proxies: ProxySettings): Transport {
  const routes = new Routes(proxies);
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
      const route = routes.to(String(input));
      const answer = await request.send(route, { method: 'POST', headers, body: init?.body as string });
      const { status } = answer;
      // Not of the endpoint, which never saw the request.
      if (status === 407 && route.proxy !== null) throw new TransportFault('connect', false, 'PROXY_407', null, {}, route.proxy);
      const body = withoutKeepAlives(await decode(answer.body, answer.headers, status));
      if (status < 200 || status > 299 || body.length === 0) throw new HttpRefusal(status, answer.headers, body.toString('utf8'));
      return responseOf(status, answer.headers, body);
    },
    async close() {
      await routes.close();
    },
  };
}
