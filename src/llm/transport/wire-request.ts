/** One request on one connection, without retries: what was sent, what came back, how it ended. */
import type { Dispatcher } from 'undici';
import type { HeaderMap } from './retry-after.js';
import type { Route } from './routes.js';

/** Largest answer that is read, in bytes, compressed and not. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** How the transport failed. */
export type FaultKind =
  | 'connect' // never connected: refused, no route, unknown host, TLS
  | 'timeout' // our deadline passed
  | 'abort' // our caller's signal
  | 'reset' // the connection ended before the headers of an answer
  | 'cut' // the connection ended, or the encoding broke, within the body
  | 'too-big'; // the body passed the cap

export interface FaultFacts {
  /** False only when it is sure that no byte of the request was written. */
  sent: boolean;
  /** Short word of the system or of undici: ECONNREFUSED, UND_ERR_SOCKET, ...; or '' */
  reason: string;
  /** Status of the answer that was cut. @default null, none came */
  status?: number | null;
  /** Of that answer. @default none */
  headers?: HeaderMap;
  /** What had come of its body. @default null, nothing */
  begun?: Buffer | null;
  /** Name of the proxy that was on the way. @default null, none was */
  proxy?: string | null;
}

/** No answer, or not a whole one. */
export class TransportFault extends Error {
  override readonly name = 'TransportFault';
  readonly kind: FaultKind;
  readonly sent: boolean;
  readonly reason: string;
  readonly status: number | null;
  readonly headers: HeaderMap;
  readonly begun: Buffer | null;
  readonly proxy: string | null;

  constructor(kind: FaultKind, { sent, reason, status = null, headers = {}, begun = null, proxy = null }: FaultFacts) {
    super(`${kind}${reason === '' ? '' : ` (${reason})`}`);
    this.kind = kind;
    this.sent = sent;
    this.reason = reason;
    this.status = status;
    this.headers = headers;
    this.begun = begun;
    this.proxy = proxy;
  }
}

/** The system's or undici's word for an error, wherever in its causes it stands; '' when there is none. */
export function reasonOf(error: unknown): string {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const first: unknown = at instanceof AggregateError ? at.errors[0] : undefined;
    const code = (at as NodeJS.ErrnoException).code ?? (first as NodeJS.ErrnoException | undefined)?.code;
    if (typeof code === 'string') return code === 'UND_ERR_SOCKET' && at.message === 'bad response' ? 'bad response' : code;
    if (at.name === 'HTTPParserError') return at.name;
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

export interface Answer {
  status: number;
  headers: HeaderMap;
  body: Buffer;
}

/** One request on the wire. Settles exactly once; late events of an ended request are ignored. */
export class WireRequest implements Dispatcher.DispatchHandler {
  #resolve: (answer: Answer) => void = () => {};
  #reject: (fault: TransportFault) => void = () => {};
  #controller: Dispatcher.DispatchController | null = null;
  #settled = false;
  #fault: TransportFault | null = null;
  #status: number | null = null;
  #headers: HeaderMap = {};
  #chunks: Buffer[] = [];
  #bytes = 0;
  #proxy: string | null = null;

  send(
    { agent, origin, path, headers, proxy }: Route,
    request: { method: 'POST' | 'GET'; headers: Record<string, string>; body?: string },
  ): Promise<Answer> {
    if (this.#fault) return Promise.reject(this.#fault);
    this.#proxy = proxy;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      agent.dispatch(
        { ...request, origin, path, headers: proxy === null ? request.headers : { ...request.headers, ...headers } },
        this,
      );
    });
  }

  fail(kind: FaultKind, reason: string): void {
    if (this.#settled) return;
    this.#settled = true;
    // undici starts a request on its socket just before it writes the first byte.
    const sent = this.#controller !== null;
    const begun = kind === 'cut' ? Buffer.concat(this.#chunks) : null;
    this.#fault = new TransportFault(kind, {
      sent,
      reason,
      status: this.#status,
      headers: this.#headers,
      begun,
      proxy: this.#proxy,
    });
    this.#chunks = [];
    this.#reject(this.#fault);
    this.#controller?.abort(this.#fault);
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
