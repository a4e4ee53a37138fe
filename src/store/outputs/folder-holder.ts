/** Which process is at work in a run folder, and whether it still lives. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { isProcessAlive } from '../process-alive.js';

/** Written into the folder's marker. */
export interface Holder {
  pid: number;
  /** Ms since the Unix epoch. */
  since: number;
  machine: string;
  /** Start of the process as its system counts it, since pids come again; null where the system does not tell. */
  start: string | null;
}

/** Field 22 of /proc/<pid>/stat: start in ticks after the boot (proc_pid_stat(5)). The command in field 2 may hold blanks. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

export function thisProcess(since: number): Holder {
  return { pid: process.pid, since, machine: hostname(), start: startOf(process.pid) };
}

/** A process of another machine cannot be looked at: it counts as living. */
export function isHolding({ pid, machine, start }: Holder): boolean {
  if (machine !== hostname()) return true;
  return isProcessAlive(pid) && (start === null || startOf(pid) === start);
}

export function isHolder(value: unknown): value is Holder {
  const holder = value as Holder | null;
  return (
    typeof holder?.pid === 'number' &&
    typeof holder.since === 'number' &&
    typeof holder.machine === 'string' &&
    (holder.start === null || typeof holder.start === 'string')
  );
}
