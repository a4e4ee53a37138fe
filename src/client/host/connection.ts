/** One connection of a client to the host: requests one after the other, each with its answers. */
import { createConnection, type Socket } from 'node:net';
import { EXIT, type ExitCode, SwarmError } from '../../core/errors.js';
import { type HostSettings, otherPlace, type SettingsAnswer } from '../../core/host-settings.js';
import {
  encodeLine,
  HOST_VERSION,
  type HostInfo,
  type HostReply,
  type HostRequest,
  type HostStatus,
  readMessages,
} from '../../host-protocol.js';
import type { WorkflowExecution } from '../../store/port/store.js';

/** What following a start ended with. `closed`: the host went away in the middle of it. `silent`: it holds the socket and says nothing. */
export type HelloResult =
  | { kind: 'ready'; info: HostInfo; settings: SettingsAnswer }
  | { kind: 'stopping' | 'closed' | 'silent' };

/** How long a live host may take to answer anything but `hello`, in ms. */
const ANSWER_MS = 5_000;

function versionError(host: { version: string; pid: number }): SwarmError {
  return new SwarmError(
    {
      code: 'E_HOST_VERSION',
      found: `the running host (pid ${host.pid}) is durable-swarm ${host.version}, this is ${HOST_VERSION}`,
      allowed: 'a host and its clients of the same version',
      fix: 'run `swarm stop`, then the command again: runs go on where they were',
    },
    EXIT.unreachable,
  );
}

export class HostConnection {
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #onReply: ((reply: HostReply | null) => void) | null = null;
  #ended = false;
  #toldToStop = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    readMessages(socket, (value) => {
      const reply = value as HostReply;
      if (reply.type === 'told-to-stop') this.#toldToStop = true;
      else this.#onReply?.(reply);
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#ended = true;
        this.#onReply?.(null);
        resolve();
      });
    });
  }

  /** True when the host stops because somebody asked for it. */
  get toldToStop(): boolean {
    return this.#toldToStop;
  }

  /** Null when nothing listens there. */
  static async open(path: string): Promise<HostConnection | null> {
    return await new Promise((resolve) => {
      const socket = createConnection(path);
      const fail = () => {
        socket.destroy();
        resolve(null);
      };
      socket.once('error', fail);
      socket.once('connect', () => {
        socket.off('error', fail);
        resolve(new HostConnection(socket));
      });
    });
  }

  /**
   * Follows the host's start to its end. Throws E_HOST_VERSION, E_HOST_SETTINGS, or what the host failed with. `silentMs`: longest wait for
   * the first answer.
   */
  async hello(settings: HostSettings, onProgress: (line: string) => void, silentMs: number): Promise<HelloResult> {
    return await new Promise((resolve, reject) => {
      const silent = setTimeout(() => resolve({ kind: 'silent' }), silentMs);
      this.#send({ type: 'hello', version: HOST_VERSION, settings }, (reply) => {
        clearTimeout(silent);
        if (reply?.type === 'progress') return onProgress(reply.line);
        this.#onReply = null;
        if (reply === null) resolve({ kind: 'closed' });
        else if (reply.type === 'ready') {
          const elsewhere = otherPlace(reply.settings, reply.info.pid);
          if (elsewhere) reject(elsewhere);
          else resolve({ kind: 'ready', info: reply.info, settings: reply.settings });
        } else if (reply.type === 'stopping') resolve({ kind: 'stopping' });
        else if (reply.type === 'version') reject(versionError(reply));
        else if (reply.type === 'failed') reject(new SwarmError(reply.problems, reply.exitCode as ExitCode));
        else reject(unexpected(reply));
      });
    });
  }

  async keys(keys: Readonly<Record<string, string>>): Promise<void> {
    await this.#ask({ type: 'keys', keys: { ...keys } });
  }

  /** The host stays, and knows that this run has a client, until `detach` or the connection's end. Null: no run in particular. */
  async attach(run: string | null): Promise<void> {
    await this.#ask({ type: 'attach', run });
  }

  async detach(run: string | null): Promise<void> {
    await this.#ask({ type: 'detach', run });
  }

  /** The run's workflow was started: the host opens the run and begins its calls. */
  async opens(run: string, workflow: WorkflowExecution): Promise<void> {
    await this.#ask({ type: 'opens', run, ...workflow });
  }

  /** The run's control row says that it goes on: the host begins its calls. */
  async goOn(run: string): Promise<void> {
    await this.#ask({ type: 'go-on', run });
  }

  async keep(): Promise<void> {
    await this.#ask({ type: 'keep' });
  }

  async stop(): Promise<void> {
    await this.#ask({ type: 'stop' });
  }

  async status(): Promise<HostStatus> {
    const reply = await this.#ask({ type: 'status' });
    if (reply.type !== 'status') throw unexpected(reply);
    return reply.status;
  }

  /** Lets the process end while the connection is open. */
  unref(): void {
    this.#socket.unref();
  }

  close(): void {
    this.#socket.destroy();
  }

  #send(request: HostRequest, onReply: (reply: HostReply | null) => void): void {
    if (this.#ended) {
      onReply(null);
      return;
    }
    this.#onReply = onReply;
    this.#socket.write(encodeLine(request));
  }

  #queue: Promise<unknown> = Promise.resolve();

  #ask(request: HostRequest): Promise<HostReply> {
    const answer = this.#queue.then(
      () =>
        new Promise<HostReply>((resolve, reject) => {
          const late = setTimeout(() => {
            reject(silent(request.type));
            this.close();
          }, ANSWER_MS);
          this.#send(request, (reply) => {
            clearTimeout(late);
            this.#onReply = null;
            if (reply === null) reject(gone(request.type));
            else if (reply.type === 'refused') reject(new SwarmError(reply.problem, EXIT.unreachable));
            else resolve(reply);
          });
        }),
    );
    this.#queue = answer.catch(() => undefined);
    return answer;
  }
}

function gone(request: string): SwarmError {
  return new SwarmError(
    { code: 'E_HOST_GONE', found: `the host went away before it answered "${request}"`, fix: 'run the command again' },
    EXIT.unreachable,
  );
}

function silent(request: string): SwarmError {
  return new SwarmError(
    {
      code: 'E_HOST_SILENT',
      found: `the host did not answer "${request}" in ${ANSWER_MS / 1000} s`,
      fix: 'look whether its process is stopped or the machine is overloaded; `pid` in host.json names the process',
    },
    EXIT.unreachable,
  );
}

function unexpected(reply: HostReply): Error {
  return new Error(`the host answered with "${reply.type}", which does not belong to the request`);
}
