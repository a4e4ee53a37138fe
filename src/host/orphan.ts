/** A server that a predecessor left behind (its leash was killed too): two servers must not share one database file. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isProcessAlive } from '../store/process-alive.js';

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

/** Kills the process when it still is the server of this home, which its command line tells. Returns whether it did. */
export async function endOrphanServer(pid: number | null | undefined, home: string): Promise<boolean> {
  if (process.platform === 'win32' || pid == null || !isProcessAlive(pid)) return false;
  const command = commandLine(pid);
  if (!command.includes('start-dev') || !command.includes(home)) return false;
  process.kill(pid, 'SIGTERM');
  for (let tries = 0; isProcessAlive(pid) && tries < 80; tries += 1) {
    if (tries === 50) process.kill(pid, 'SIGKILL');
    await sleep(100);
  }
  return true;
}
