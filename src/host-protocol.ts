/**
 * What a client and the host say to each other: one JSON object a line over the home's socket. A client sends requests,
 * the host answers them in order. `hello` has many answers: progress lines until the host is ready, has failed or stops.
 */
import type { Socket } from 'node:net';
import type { Problem } from './core/errors.js';
import type { HostSettings, SettingsAnswer } from './core/host-settings.js';
import type { EpochMs } from './core/model.js';
import { packageVersion } from './package-info.js';
import { NEWEST_SCHEMA } from './store/migrate.js';

/**
 * What a host and its clients must have in common: the package's version, and the newest schema of the store, which also tells two checkouts
 * apart that bear the same version.
 */
export const HOST_VERSION = `${packageVersion} (store ${NEWEST_SCHEMA})`;

/** A host that is ready. */
export interface HostInfo {
  pid: number;
  /** Package version of the host. */
  version: string;
  /** Random id of the home. */
  homeId: string;
  startedAt: EpochMs;
  /** `host:port` of the Temporal frontend. */
  temporalAddress: string;
  namespace: string;
  /** Null for an existing cluster, and with SWARM_UI=off. */
  uiUrl: string | null;
  /** Path of the socket. */
  socket: string;
}

/** What `host.json` holds: written by the holder of the lock, first without the addresses. */
export type HostRecord = Pick<HostInfo, 'pid' | 'version' | 'homeId' | 'startedAt' | 'socket'> & Partial<HostInfo>;

export interface HostStatus {
  state: 'starting' | 'ready' | 'stopping';
  pid: number;
  version: string;
  startedAt: EpochMs;
  /** Last progress line. */
  line: string;
  /** Null until ready. */
  info: HostInfo | null;
  /** True when it does not leave when idle. */
  kept: boolean;
  /** Connected clients that attached themselves. */
  clients: number;
  /** Runs with an attached client. */
  attachedRuns: string[];
  /** Runs that the worker works on. */
  activeRuns: number;
  /** Pid of the embedded Temporal server; null for an existing cluster or while it is down. */
  temporalPid: number | null;
  /** How often the embedded server died and was started again. */
  temporalRestarts: number;
}

export type HostRequest =
  /**
   * Follows the start; the last answer is `ready`, `failed`, `stopping` or `version`. `version`: HOST_VERSION of the client. `settings`: those of
   * the client.
   */
  | { type: 'hello'; version: string; settings: HostSettings }
  /** API keys by the name of their variable; kept in memory only, the latest value counts. */
  | { type: 'keys'; keys: Record<string, string> }
  /** This connection belongs to a client of a run (null: of no run in particular). The host stays while it is open. */
  | { type: 'attach'; run: string | null }
  | { type: 'detach'; run: string | null }
  /** The run's workflow was started: its first calls are begun at once, ahead of Temporal. */
  | { type: 'opens'; run: string; workflowId: string; executionId: string }
  /** A run that rested was let go on: what its last process was cut off from is begun at once, ahead of Temporal. */
  | { type: 'go-on'; run: string }
  /** No idle exit from now on. */
  | { type: 'keep' }
  | { type: 'status' }
  /** Answered at once; the host is gone when the socket closes. */
  | { type: 'stop' };

export type HostReply =
  | { type: 'progress'; line: string }
  | { type: 'ready'; info: HostInfo; settings: SettingsAnswer }
  | { type: 'failed'; problems: readonly Problem[]; exitCode: number }
  | { type: 'stopping'; pid: number }
  /** No answer: said to all clients when a stop was asked for. The connection ends when the host is gone. */
  | { type: 'told-to-stop' }
  | { type: 'version'; version: string; pid: number }
  | { type: 'done' }
  | { type: 'status'; status: HostStatus }
  | { type: 'refused'; problem: Problem };

/** Longest line that either side accepts, in characters. */
export const LONGEST_LINE = 1_048_576;

/** One message as a line. */
export function encodeLine(message: HostRequest | HostReply): string {
  return `${JSON.stringify(message)}\n`;
}

/**
 * Cuts a byte stream into the JSON values of its lines. Throws on a line over LONGEST_LINE or one that is not JSON:
 * such a peer does not speak this protocol.
 */
export function lineDecoder(onValue: (value: unknown) => void): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE) throw new Error('line too long');
    for (const line of lines) if (line !== '') onValue(JSON.parse(line));
  };
}

/** Hands over what the other side sends. A line that breaks the protocol, or a broken socket, ends the connection. */
export function readMessages(socket: Socket, onValue: (value: unknown) => void): void {
  const decode = lineDecoder(onValue);
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    try {
      decode(chunk);
    } catch {
      socket.destroy();
    }
  });
  socket.on('error', () => socket.destroy());
}
