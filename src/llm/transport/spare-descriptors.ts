/**
 * How many connections this process may hold. A process that uses its last file descriptor is not merely slow: Node ends itself when it
 * cannot make an event loop (Temporal's workflow threads make one for every activation), and every call under way is then in doubt.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { buildConnector } from 'undici';

/** Kept for files, databases, Temporal's client and event loops. */
const KEPT = 64;

/** The soft limit and what is open now; null where the system does not tell (proc(5) of Linux). */
function openFiles(): { limit: number; open: number } | null {
  try {
    const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
    return Number.isInteger(limit) ? { limit, open: readdirSync('/proc/self/fd').length } : null;
  } catch {
    return null;
  }
}

/** Connections that fit beside what is open now, at least one. */
export function spareConnections({ limit, open }: { limit: number; open: number }): number {
  return Math.max(1, limit - open - KEPT);
}

/** The same connector, but a connection that would take a descriptor that is kept fails with EMFILE, as one without any would. */
export function sparing(connect: buildConnector.connector, most: number | null = null): buildConnector.connector {
  let allowed = most;
  let held = 0;
  return (target, callback) => {
    if (allowed === null) {
      const files = openFiles();
      allowed = files ? spareConnections(files) : Number.POSITIVE_INFINITY;
    }
    if (held >= allowed) {
      const error = Object.assign(new Error('no file descriptor to spare'), { code: 'EMFILE' });
      // As from the system: never before the caller has gone on.
      setImmediate(() => callback(error, null));
      return;
    }
    held += 1;
    connect(target, (...result) => {
      const [error, socket] = result;
      if (error || !socket) held -= 1;
      else
        socket.once('close', () => {
          held -= 1;
        });
      callback(...result);
    });
  };
}
