/** Which process is at work in a run folder, and whether it still lives. */
import { hostname } from 'node:os';
import { isProcessAlive, processStart } from '../store/process-alive.js';

/** Written into the folder's marker. */
export interface Holder {
  /** Its process id. */
  pid: number;
  /** Ms since the Unix epoch. */
  since: number;
  /** Name of its machine. */
  machine: string;
  /** Start of the process as its system counts it, since pids come again; null where the system does not tell. */
  start: string | null;
}

export function thisProcess(since: number): Holder {
  return { pid: process.pid, since, machine: hostname(), start: processStart(process.pid) };
}

/** A process of another machine cannot be looked at: it counts as living. */
export function isHolding({ pid, machine, start }: Holder): boolean {
  if (machine !== hostname()) return true;
  return isProcessAlive(pid) && (start === null || processStart(pid) === start);
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
