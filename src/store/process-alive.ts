/** What can be told of another process of this machine by its pid. */
import { readFileSync } from 'node:fs';

/**
 * Fields of /proc/<pid>/stat from the third on (proc_pid_stat(5)): state, ..., start in ticks after the boot as the twentieth. Null where the
 * system does not tell. The command before them may hold blanks and brackets.
 */
function statOf(pid: number): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/**
 * True when a process of this machine lives, whoever's it is. One that has died and that nobody has waited for is dead, although its pid is
 * still taken: as process 1 many containers have a program that never waits, and some systems one that is seconds late.
 */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return !['Z', 'X'].includes(statOf(pid)?.[0] ?? '');
}

/** Start of the process as its system counts it, since pids come again; null where the system does not tell. */
export function processStart(pid: number): string | null {
  return statOf(pid)?.[19] ?? null;
}
