/** The host's end of the socket: reads requests, writes answers. Only the user of the home can connect. */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { type HostSettings, settingsAnswer } from '../core/host-settings.js';
import { encodeLine, HOST_VERSION, type HostReply, type HostRequest, type HostStatus, readMessages } from '../host-protocol.js';
import type { WorkflowExecution } from '../store/port/store.js';
import type { Clients } from './clients.js';
import type { Startup, StartupEnd } from './startup.js';

export interface SocketHandlers {
  startup: Startup;
  clients: Clients;
  hand(keys: Readonly<Record<string, string>>): void;
  /** A run's workflow was started. */
  opens(runId: string, workflow: WorkflowExecution): void;
  /** A run was let go on. */
  goOn(runId: string): void;
  status(): Promise<HostStatus>;
  /** Begins to stop; returns at once. */
  stop(): void;
}

/** More than any user has terminals; a runaway program must not take all descriptors. */
const MOST_CONNECTIONS = 512;

export class SocketServer {
  readonly #server: Server;
  readonly #path: string;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
  }

  /** Takes the path over from a dead host: the caller holds the home's lock. */
  static async listen(path: string, handlers: SocketHandlers): Promise<SocketServer> {
    const named = process.platform === 'win32';
    if (!named) rmSync(path, { force: true });
    const server = createServer();
    server.maxConnections = MOST_CONNECTIONS;
    const made = new SocketServer(server, path);
    server.on('connection', (socket) => made.#serve(socket, handlers));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    if (!named) chmodSync(path, 0o600);
    return made;
  }

  /** The host was told to stop: said to all that are connected, whatever they asked. */
  tellStop(): void {
    for (const socket of this.#sockets) if (socket.writable) socket.write(encodeLine({ type: 'told-to-stop' }));
  }

  /** Ends all connections and removes the path. */
  async close(): Promise<void> {
    if (process.platform !== 'win32') rmSync(this.#path, { force: true });
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.end();
    const late = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, 500);
    await closed;
    clearTimeout(late);
  }

  #serve(socket: Socket, handlers: SocketHandlers): void {
    this.#sockets.add(socket);
    const undo: (() => void)[] = [];
    const send = (reply: HostReply) => {
      if (socket.writable) socket.write(encodeLine(reply));
    };
    readMessages(socket, (value) => {
      answer(value as HostRequest, socket, handlers, send, undo).catch((error: Error) =>
        send({ type: 'refused', problem: { code: 'E_HOST_REQUEST', found: error.message } }),
      );
    });
    socket.once('close', () => {
      this.#sockets.delete(socket);
      handlers.clients.gone(socket);
      for (const step of undo) step();
    });
  }
}

function endReply(end: StartupEnd, asked: HostSettings): HostReply {
  if (end.kind === 'ready') return { type: 'ready', info: end.info, settings: settingsAnswer(asked, end.settings) };
  if (end.kind === 'failed') return { type: 'failed', problems: end.error.problems, exitCode: end.error.exitCode };
  return { type: 'stopping', pid: process.pid };
}

async function answer(
  request: HostRequest,
  socket: Socket,
  handlers: SocketHandlers,
  send: (reply: HostReply) => void,
  undo: (() => void)[],
): Promise<void> {
  // Being looked at is not being needed: a monitor must not keep an idle host.
  if (request.type !== 'status') handlers.clients.touch();
  const done = () => send({ type: 'done' });
  switch (request.type) {
    case 'hello':
      if (request.version !== HOST_VERSION) return send({ type: 'version', version: HOST_VERSION, pid: process.pid });
      undo.push(
        handlers.startup.follow({
          onLine: (line) => send({ type: 'progress', line }),
          onEnd: (end) => send(endReply(end, request.settings)),
        }),
      );
      return;
    case 'keys':
      handlers.hand(stringsOf(request.keys));
      return done();
    case 'attach':
      handlers.clients.attach(socket, request.run);
      return done();
    case 'detach':
      handlers.clients.detach(socket, request.run);
      return done();
    case 'opens': {
      const { run, workflowId, executionId } = request;
      handlers.opens(run, { workflowId, executionId });
      return done();
    }
    case 'go-on':
      handlers.goOn(request.run);
      return done();
    case 'keep':
      handlers.clients.kept = true;
      return done();
    case 'status':
      return send({ type: 'status', status: await handlers.status() });
    case 'stop':
      done();
      return handlers.stop();
    default:
      send({
        type: 'refused',
        problem: {
          code: 'E_HOST_REQUEST',
          found: `the host does not know the request "${String((request as { type: unknown }).type)}"`,
        },
      });
  }
}

function stringsOf(keys: unknown): Record<string, string> {
  const pairs = Object.entries((keys ?? {}) as object).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return Object.fromEntries(pairs);
}
