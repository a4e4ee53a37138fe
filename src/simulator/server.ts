/** The simulated provider on a port of 127.0.0.1: routes and bodies. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EXIT, SwarmError } from '../core/errors.js';
import { WIRE_NAMES, WIRES, type WireName } from '../schema/wires.js';
import type { SimulatorStats } from './book.js';
import { errorBody } from './exchange.js';
import { type SimulatorOptions, withDefaults } from './options.js';
import { Provider } from './provider.js';
import { SIMULATED_WIRES } from './wires/all-wires.js';

export interface Simulator {
  /** Base URL of its chat wire, or of the only wire that it speaks. */
  url: string;
  /** Base URL of a wire, without a trailing slash. */
  urlOf(wire: WireName): string;
  port: number;
  stats(): SimulatorStats;
  /** Closes all connections and writes the rest of the log. Rejects when the log could not be written. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 32 * 1024 * 1024;

function sendJson(res: ServerResponse, status: number, body: string): void {
  res.writeHead(status, ['content-type', 'application/json', 'content-length', String(Buffer.byteLength(body))]);
  res.end(body);
}

/** Hands over the whole body; a body above the limit is answered with 413 and its connection closed. */
function readBody(req: IncomingMessage, res: ServerResponse, whole: (body: string) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  req.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  });
  req.on('end', () => {
    if (size > MAX_BODY_BYTES) {
      res.shouldKeepAlive = false;
      return sendJson(
        res,
        413,
        errorBody('The request body is larger than 32 MB.', 'invalid_request_error', 'request_too_large'),
      );
    }
    const [first] = chunks;
    whole(chunks.length === 1 && first ? first.toString() : Buffer.concat(chunks).toString());
  });
}

/**
 * Starts it and resolves when it listens. Same options, same messages: same answers, bytes and faults.
 * Throws E_PORT_BUSY (exit 4) and E_SIM_LOG (exit 7).
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const settings = withDefaults(options);
  const provider = new Provider(settings);
  const models = settings.models ?? ['sim-small', 'sim-large'];
  const wires = WIRE_NAMES.filter((name) => settings.wire === null || settings.wire === name).flatMap(
    (name) => SIMULATED_WIRES[name] ?? [],
  );
  const server = createServer({ keepAliveTimeout: 120_000, requestTimeout: 0, noDelay: true }, (req, res) => {
    const url = req.url ?? '/';
    const query = url.indexOf('?');
    const path = query < 0 ? url : url.slice(0, query);
    const wire = req.method === 'POST' ? wires.find((each) => each.takes(path)) : undefined;
    const reset = () => {
      provider.reset();
      res.socket?.resetAndDestroy();
    };
    if (provider.isOut()) {
      reset();
    } else if (wire !== undefined) {
      readBody(req, res, (body) => {
        // An outage may have begun while the body was coming in.
        if (provider.isOut()) reset();
        else provider.answer({ wire, body, path, res, headers: req.headers });
      });
    } else {
      const listed =
        req.method === 'GET'
          ? wires.map((each) => each.models(path, models, req.headers)).findLast((list) => list !== null)
          : null;
      if (listed) sendJson(res, 200, listed);
      else sendJson(res, 404, errorBody(`Unknown request URL: ${req.method} ${url}.`, 'invalid_request_error', 'unknown_url'));
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.port, '127.0.0.1', 4096, resolve);
  }).catch(async (error: NodeJS.ErrnoException) => {
    await provider.close();
    if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') throw error;
    const found = `port ${settings.port} on 127.0.0.1 cannot be used (${error.code})`;
    throw new SwarmError(
      { code: 'E_PORT_BUSY', found, fix: 'choose another --port, or leave it out for a free one' },
      EXIT.unreachable,
    );
  });
  const { port } = server.address() as AddressInfo;
  const urlOf = (wire: WireName) => `http://127.0.0.1:${port}${WIRES[wire].versionPath}`;
  return {
    url: urlOf(settings.wire ?? 'chat'),
    urlOf,
    port,
    stats: () => provider.stats(),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      // The connections' endings are booked in the turn after this one.
      await new Promise((resolve) => setImmediate(resolve));
      await provider.close();
    },
  };
}
