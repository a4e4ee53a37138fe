/**
 * Our own fetch for model calls: one POST over undici, nothing retried, no redirect followed. What Node's fetch
 * cannot do: answers that take longer than 300 s, a cap on the body, and knowing for sure whether a request may have left.
 */
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { Agent, type Dispatcher } from 'undici';
import type { HeaderMap } from '../core/retry-after.js';

/** Largest answer that is read, in bytes, compressed and not. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024;

const CONNECT_TIMEOUT_MS = 10_000;

/** Shorter than the 5 s after which common servers drop an idle connection: a request must not race with that. */
const KEEP_ALIVE_MS = 4_000;

/** How the transport failed. */
export type FaultKind =
  | 'connect' // never connected: refused, no route, unknown host, TLS
  | 'timeout' // our deadline passed
  | 'abort' // our caller's signal
  | 'reset' // the connection ended before the headers of an answer
  | 'cut' // the connection ended, or the encoding broke, within the body
  | 'too-big'; // the body passed the cap

/** No answer, or not a whole one. */
export class TransportFault extends Error {
  override readonly name = 'TransportFault';
  constructor(
    readonly kind: FaultKind,
    /** False only when it is sure that no byte of the request was written. */
    readonly sent: boolean,
    /** Short word of the system or of undici: ECONNREFUSED, UND_ERR_SOCKET, ...; or '' */
    readonly reason: string,
    /** Status of the answer that was cut. */
    readonly status: number | null,
    readonly headers: HeaderMap,
  ) {
    super(`${kind}${reason === '' ? '' : ` (${reason})`}`);
  }
}

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

/** Thrown into the signal of a call by its own deadline; tells it from a cancel. */
export const DEADLINE = Symbol('deadline');

export interface Transport {
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

function reasonOf(error: unknown): string {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const first: unknown = at instanceof AggregateError ? at.errors[0] : undefined;
    const code = (at as NodeJS.ErrnoException).code ?? (first as NodeJS.ErrnoException | undefined)?.code;
    if (typeof code === 'string') return code;
  }
  return '';
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) flat[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return flat;
}

/** The only headers that are read from a good answer; others may hold bytes that a Headers object refuses. */
function identity(headers: HeaderMap): Record<string, string> {
  const id = headers['x-request-id'] ?? headers['request-id'];
  return id !== undefined && /^[\x21-\x7e]{1,200}$/.test(id) ? { 'x-request-id': id } : {};
}

interface Answer {
  status: number;
  headers: HeaderMap;
  body: Buffer;
}

/** One request on the wire. Settles exactly once; late events of an aborted request are ignored. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<Answer>;
  #resolve!: (answer: Answer) => void;
  #reject!: (fault: TransportFault) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #settled = false;
  #status: number | null = null;
  #headers: HeaderMap = {};
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor() {
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Ends the exchange: at once when it waits for a connection, else by closing its socket. */
  fail(kind: FaultKind, reason: string): void {
    if (this.#settled) return;
    this.#settled = true;
    // undici starts a request on its socket just before it writes the first byte.
    const sent = this.#controller !== null;
    const fault = new TransportFault(kind, sent, reason, this.#status, this.#headers);
    this.#chunks = [];
    this.#reject(fault);
    this.#controller?.abort(fault);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#settled) controller.abort(new Error('given up before it was sent'));
    else this.#controller = controller;
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = flatten(headers);
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_BODY_BYTES) this.fail('too-big', '');
    else if (!this.#settled) this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#settled) return;
    this.#settled = true;
    const first = this.#chunks[0];
    const body = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status ?? 0, headers: this.#headers, body });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    const kind = this.#controller === null ? 'connect' : this.#status === null ? 'reset' : 'cut';
    this.fail(kind, reasonOf(error));
  }
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
    connect: { timeout: CONNECT_TIMEOUT_MS },
    allowH2: false,
    pipelining: 1,
  });
  const split = createSplitter();
  return {
    async fetch(input, init) {
      const signal = init?.signal ?? null;
      const exchange = new Exchange();
      const onAbort = () => exchange.fail(signal?.reason === DEADLINE ? 'timeout' : 'abort', '');
      const { origin, path } = split(String(input));
      if (signal?.aborted) onAbort();
      else {
        signal?.addEventListener('abort', onAbort);
        const headers = init?.headers as Record<string, string>;
        agent.dispatch({ origin, path, method: 'POST', headers, body: init?.body as string }, exchange);
      }
      try {
        const { status, headers, body } = await exchange.answer;
        const plain = withoutKeepAlives(await decode(body, headers, status));
        if (status < 200 || status > 299 || plain.length === 0) throw new HttpRefusal(status, headers, plain.toString('utf8'));
        return new Response(plain, { status, headers: identity(headers) });
      } finally {
        signal?.removeEventListener('abort', onAbort);
      }
    },
    async close() {
      await agent.close();
    },
  };
}
