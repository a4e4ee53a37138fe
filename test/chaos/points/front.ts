/** A door in front of the provider that does something at one call: the points that only the other side can see. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * `after send`: the first answer is there, nothing of it was sent. `mid body`: half of it was sent. `hold`: all calls but the first wait at
 * the door, the provider never sees them.
 */
export type FrontPoint = 'after send' | 'mid body' | 'hold';

/** What was sent is in the other process by then. */
const ARRIVES_MS = 30;

export class Front {
  readonly url: string;
  readonly #server: Server;
  #calls = 0;
  #open = false;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  }

  /** `strike` is called once. Calls pass from then on. */
  static async open(target: string, point: FrontPoint, strike: () => Promise<void>): Promise<Front> {
    const server = createServer((request, response) => {
      response.on('error', () => undefined);
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const url = `${target}${(request.url ?? '').replace(/^\/v1/, '')}`;
        const pass = async () => {
          const answer = await fetch(url, {
            method: 'POST',
            body: Buffer.concat(chunks),
            headers: { 'content-type': 'application/json' },
          });
          return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
        };
        void front.#answer(response, point, pass, strike);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const front = new Front(server);
    return front;
  }

  /** From now on every call passes. */
  release(): void {
    this.#open = true;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(
    response: ServerResponse,
    point: FrontPoint,
    pass: () => Promise<{ status: number; body: Buffer }>,
    strike: () => Promise<void>,
  ): Promise<void> {
    this.#calls += 1;
    if (point === 'hold' && !this.#open && this.#calls > 1) return;
    const { status, body } = await pass();
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length });
    if (point === 'hold' || this.#open) {
      response.end(body);
      return;
    }
    this.#open = true;
    if (point === 'mid body') {
      response.write(body.subarray(0, body.length / 2));
      await sleep(ARRIVES_MS);
    }
    await strike();
    response.destroy();
  }
}
