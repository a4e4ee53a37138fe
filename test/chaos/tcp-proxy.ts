/** A wire that can be cut: TCP connections to another port of this machine, passed on until told otherwise. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * What happens to the connections:
 * - `pass`: nothing.
 * - `refuse`: those that are open are reset, new ones too.
 * - `reset`: those that are open are reset, new ones pass.
 * - `truncate`: those that are open get a part of the next answer, then the end; new ones pass.
 * - `blackhole`: nothing goes either way, nobody is told; what was held comes when the wire passes again.
 * - `delay`: every piece comes late.
 */
export type WireState = 'pass' | 'refuse' | 'reset' | 'truncate' | 'blackhole' | 'delay';

export const CUTS: readonly WireState[] = ['refuse', 'reset', 'truncate', 'blackhole', 'delay'];

const LATE_MS = 300;
/** Of an answer's piece that is cut short. */
const PART = 0.5;

interface Pair {
  near: Socket;
  far: Socket;
}

export class TcpProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  /** Connections that were open when the wire began to truncate. */
  #short = new Set<Pair>();
  #state: WireState = 'pass';

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  static async open(target: number): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: false });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = new TcpProxy(server);
    server.on('connection', (near) => proxy.#join(near, target));
    return proxy;
  }

  set(state: WireState): void {
    this.#state = state;
    if (state === 'refuse' || state === 'reset')
      for (const { near, far } of this.#pairs) for (const end of [near, far]) end.resetAndDestroy();
    if (state === 'reset') this.#state = 'pass';
    this.#short = new Set(state === 'truncate' ? this.#pairs : []);
    for (const { near, far } of this.#pairs) {
      for (const end of [near, far]) {
        if (this.#state === 'blackhole') end.pause();
        else end.resume();
      }
    }
  }

  async close(): Promise<void> {
    for (const { near, far } of this.#pairs) for (const end of [near, far]) end.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near: Socket, target: number): void {
    if (this.#state === 'refuse') {
      near.resetAndDestroy();
      return;
    }
    const far = connect(target, '127.0.0.1');
    const pair = { near, far };
    this.#pairs.add(pair);
    const apart = () => {
      this.#pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const end of [near, far]) {
      end.setNoDelay(true);
      end.on('error', apart).on('close', apart);
      if (this.#state === 'blackhole') end.pause();
    }
    near.on('data', (piece) => this.#pass(piece, far));
    far.on('data', (piece) => {
      if (!this.#short.has(pair)) this.#pass(piece, near);
      else near.write(piece.subarray(0, piece.length * PART), apart);
    });
  }

  #pass(piece: Buffer, to: Socket): void {
    if (this.#state === 'delay') setTimeout(() => to.write(piece), LATE_MS);
    else to.write(piece);
  }
}
