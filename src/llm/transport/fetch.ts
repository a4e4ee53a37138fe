/**
 * Our own fetch for model calls: one POST over undici, nothing retried, no redirect followed. What Node's fetch
 * cannot do: answers that take longer than 300 s, a cap on the body, and knowing for sure whether a request may have left.
 */
import type { ProxySettings } from '../../core/proxy.js';
import { decompress, textOf } from './body-text.js';
import { isUnparsable, LaxAgent } from './lax-agent.js';
import type { HeaderMap } from './retry-after.js';
import { CONNECT_TIMEOUT_MS, KEEP_ALIVE_MS, Routes } from './routes.js';
import { reasonOf, TransportFault, WireRequest } from './wire-request.js';

/**
 * What came back, of any status. It is thrown past the provider package, which builds requests but is not asked to read answers: it would
 * drop what it does not know, and refuse an answer that is paid for because of an odd field.
 */
export class HttpAnswer extends Error {
  override readonly name = 'HttpAnswer';
  constructor(
    readonly status: number,
    readonly headers: HeaderMap,
    /** Unpacked and decoded, without a byte order mark. */
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
  /**
   * `isWhole`: whether a text holds all of an answer, though its connection ended otherwise than the server had said. `finish`: makes what is
   * sent of the body that the package built; null: nothing is to be done.
   */
  open(isWhole: (body: string) => boolean, finish: ((body: string) => string) | null): Exchange;
  /** For provider packages; always throws: HttpAnswer or TransportFault. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<never>;
  /** Lets calls under way finish. */
  close(): Promise<void>;
}

async function answerText({ status, headers, body }: { status: number; headers: HeaderMap; body: Buffer }): Promise<string> {
  try {
    return textOf(await decompress(body, headers), headers);
  } catch (error) {
    const reason = reasonOf(error);
    throw new TransportFault(reason === 'ERR_BUFFER_TOO_LARGE' ? 'too-big' : 'cut', { sent: true, reason, status, headers });
  }
}

/**
 * The server ended the connection otherwise than it had said (a wrong length, no last chunk), but the answer in it is whole: it is paid for,
 * and JSON says itself where it ends. Throws the fault when it is not.
 */
async function wholeInCut(fault: unknown, isWhole: (body: string) => boolean): Promise<HttpAnswer> {
  if (!(fault instanceof TransportFault) || fault.begun === null || fault.status === null) throw fault;
  const { status, headers, begun } = fault;
  const text = await answerText({ status, headers, body: begun });
  if (!isWhole(text)) throw fault;
  return new HttpAnswer(status, headers, text);
}

interface ExchangeRules {
  isWhole(body: string): boolean;
  finish: ((body: string) => string) | null;
}

/** `proxies`: of the environment. */
export function createTransport(proxies: ProxySettings): Transport {
  const routes = new Routes(proxies);
  const lax = new LaxAgent({ keepAliveMs: KEEP_ALIVE_MS, connectMs: CONNECT_TIMEOUT_MS });
  /** Servers whose answers undici refuses. */
  const laxOrigins = new Set<string>();
  const requests = new Map<string, { request: WireRequest } & ExchangeRules>();
  let opened = 0;
  return {
    open(isWhole, finish) {
      const id = String(++opened);
      const request = new WireRequest();
      requests.set(id, { request, isWhole, finish });
      return { id, end: (kind) => request.fail(kind, ''), close: () => requests.delete(id) };
    },
    async fetch(input, init) {
      const { [EXCHANGE_HEADER]: id, ...headers } = { ...(init?.headers as Record<string, string> | undefined) };
      const exchange = requests.get(id ?? '');
      if (!exchange) throw new Error('no exchange was opened for this request');
      // One call is one paid request, whatever a package thinks should follow.
      requests.delete(id ?? '');
      const route = routes.to(String(input));
      const { origin, proxy } = route;
      const way = proxy === null && laxOrigins.has(origin) ? { ...route, agent: lax } : route;
      const built = init?.body as string;
      const sent = exchange.request.send(way, { method: 'POST', headers, body: exchange.finish?.(built) ?? built });
      throw await sent.then(
        async (answer) => {
          // Not of the endpoint, which never saw the request.
          if (answer.status === 407 && proxy !== null)
            return new TransportFault('connect', { sent: false, reason: 'PROXY_407', proxy });
          return new HttpAnswer(answer.status, answer.headers, await answerText(answer));
        },
        async (fault: unknown) => {
          // This call is lost, the next ones are not.
          if (fault instanceof TransportFault && isUnparsable(fault.reason) && laxOrigins.size < 256) laxOrigins.add(origin);
          return await wholeInCut(fault, exchange.isWhole);
        },
      );
    },
    async close() {
      await Promise.all([routes.close(), lax.close()]);
    },
  };
}
