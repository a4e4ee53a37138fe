/**
 * Requests over Node's own HTTP client with its parser set to lenient, for servers whose answers undici refuses: bare line feeds, a length
 * beside chunks, control characters or blanks in headers, an interim answer. Other HTTP clients read those without a word. Slower than
 * undici, so only for origins that were found to need it.
 */
import http from 'node:http';
import https from 'node:https';
import type { Dispatcher } from 'undici';

const MAX_HEADER_BYTES = 256 * 1024;

/** What undici says of an answer that its parser does not take. */
const UNPARSABLE = /^(?:HTTPParserError|HPE_\w+|UND_ERR_HEADERS_OVERFLOW|UND_ERR_RES_CONTENT_LENGTH_MISMATCH|bad response)$/;

/** `reason`: of a request that failed after it was sent. */
export function isUnparsable(reason: string): boolean {
  return UNPARSABLE.test(reason);
}

interface Options {
  keepAliveMs: number;
  connectMs: number;
}

/** The part of undici's Dispatcher that a WireRequest uses. */
export class LaxAgent implements Pick<Dispatcher, 'dispatch'> {
  readonly #agents: { http: http.Agent; https: https.Agent };
  readonly #connectMs: number;
  readonly #underWay = new Set<Promise<void>>();

  constructor({ keepAliveMs, connectMs }: Options) {
    const settings = { keepAlive: true, timeout: keepAliveMs };
    this.#agents = { http: new http.Agent(settings), https: new https.Agent(settings) };
    this.#connectMs = connectMs;
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { origin, path, method, headers, body } = options;
    const secure = String(origin).startsWith('https:');
    const request = (secure ? https : http).request(`${origin}${path}`, {
      method,
      headers: { ...(headers as Record<string, string>), 'content-length': Buffer.byteLength(body as string) },
      agent: secure ? this.#agents.https : this.#agents.http,
      insecureHTTPParser: true,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
    const over = new Promise<void>((resolve) => request.once('close', resolve));
    this.#underWay.add(over);
    void over.then(() => this.#underWay.delete(over));
    const controller = { abort: (reason: Error) => void request.destroy(reason) } as unknown as Dispatcher.DispatchController;
    const fail = (error: Error) => handler.onResponseError?.(controller, error);
    request.once('socket', (socket) => {
      // No timer of its own once it is connected: the call's deadline is the only one.
      const tooLong = setTimeout(
        () => request.destroy(Object.assign(new Error('no connection'), { code: 'UND_ERR_CONNECT_TIMEOUT' })),
        this.#connectMs,
      );
      const ready = () => {
        clearTimeout(tooLong);
        socket.setTimeout(0);
        handler.onRequestStart?.(controller, {});
      };
      socket.once('close', () => clearTimeout(tooLong));
      if (!socket.connecting && (!secure || request.reusedSocket)) ready();
      else socket.once(secure ? 'secureConnect' : 'connect', ready);
    });
    request.on('error', fail);
    request.once('response', (response) => {
      handler.onResponseStart?.(controller, response.statusCode ?? 0, response.headers, response.statusMessage ?? '');
      response.on('data', (chunk: Buffer) => handler.onResponseData?.(controller, chunk));
      response.once('end', () => handler.onResponseEnd?.(controller, {}));
      response.on('error', fail);
    });
    request.end(body as string);
    return true;
  }

  /** Lets requests under way finish. */
  async close(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }
}
