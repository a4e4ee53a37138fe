/** Who a process is, in the store and in Temporal: `<host name>:<pid>:<random>`. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { isProcessAlive } from '../../store/process-alive.js';

export function newIdentity(): string {
  return `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
}

/** What can be told of a process by its identity: nothing when it is on another machine. */
export function processOf(identity: string): 'alive' | 'gone' | 'elsewhere' {
  const [host, pid] = identity.split(':');
  if (host !== hostname() || !/^\d+$/.test(pid ?? '')) return 'elsewhere';
  return isProcessAlive(Number(pid)) ? 'alive' : 'gone';
}
