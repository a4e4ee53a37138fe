/** A server that a predecessor left behind (its leash was killed too): two servers must not share one database file. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isProcessAlive } from '../store/process-alive.js';

/** What is remembered of the last server. */
export interface LastServer {
  pid: number | null;
  /** Chosen by the system for this one start. */
  httpPort?: number;
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    try {
      return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    } catch {
      return '';
    }
  }
}

/** Kills the process when it still is that server, which its command line tells. Returns whether it did. */
export async function endOrphanServer(last: LastServer | null, home: string): Promise<boolean> {
  const pid = last?.pid;
  if (process.platform === 'win32' || pid == null || !isProcessAlive(pid)) return false;
  const command = commandLine(pid);
  // Earlier versions named the home there and remembered no port.
  const known = last?.httpPort === undefined ? command.includes(home) : command.includes(` --http-port ${last.httpPort} `);
  if (!command.includes('start-dev') || !known) return false;
  process.kill(pid, 'SIGTERM');
  for (let tries = 0; isProcessAlive(pid) && tries < 80; tries += 1) {
    if (tries === 50) process.kill(pid, 'SIGKILL');
    await sleep(100);
  }
  return true;
}
