/** Stands before a provider: keys, credit and models end here while the provider goes on. Its book knows what it turned away. */
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FAULTS } from '../../src/simulator/faults.js';

/** A request whose whole body has arrived. */
export interface DoorCall {
  /** Ms since the Unix epoch. */
  t: number;
  /** Its `x-client-request-id`. */
  id: string;
  /** The API key that it brought; empty without one. */
  key: string;
  model: string;
  /** Name of the fault that it was turned away with; null: it was let through. */
  refused: string | null;
  endedAt: number | null;
}

/** Name of a refusing fault of the simulated provider; null lets the call through. */
export type DoorRule = (call: DoorCall) => string | null;

export class FrontDoor {
  readonly url: string;
  readonly calls: DoorCall[] = [];
  /** Every call is let through until it is set. */
  rule: DoorRule = () => null;
  readonly #target: URL;
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(target: string, server: Server) {
    this.#target = new URL(target);
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${this.#target.pathname}`;
    server.on('request', (req: IncomingMessage, res: ServerResponse) => this.#comes(req, res));
  }

  /** `target`: base URL of a provider of this machine. */
  static async open(target: string): Promise<FrontDoor> {
    const server = createServer({ keepAliveTimeout: 120_000, noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4_096, resolve));
    return new FrontDoor(target, server);
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #comes(req: IncomingMessage, res: ServerResponse): void {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => this.#decide(req, res, Buffer.concat(chunks)));
  }

  #decide(req: IncomingMessage, res: ServerResponse, body: Buffer): void {
    const { model } = JSON.parse(body.toString()) as { model: string };
    const key = (req.headers.authorization ?? '').replace(/^Bearer /, '');
    const id = String(req.headers['x-client-request-id'] ?? '');
    const call: DoorCall = { t: Date.now(), id, key, model, refused: null, endedAt: null };
    this.calls.push(call);
    res.once('close', () => {
      call.endedAt = Date.now();
    });
    call.refused = this.rule(call);
    const fault = call.refused === null ? null : FAULTS[call.refused];
    if (fault === null) this.#pass(req, res, body);
    else if (fault?.kind === 'refuse') {
      res.writeHead(fault.status, { 'content-type': 'application/json' }).end(fault.body);
    } else throw new Error(`${call.refused} is no refusal`);
  }

  #pass({ url = '/', headers }: IncomingMessage, res: ServerResponse, body: Buffer): void {
    const { hostname, port } = this.#target;
    const options = { hostname, port, path: url, method: 'POST', headers: { ...headers, host: `${hostname}:${port}` } };
    const onward = request({ ...options, agent: this.#agent }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    onward.once('error', () => res.destroy());
    res.once('close', () => void (res.writableFinished || onward.destroy()));
    onward.end(body);
  }
}
