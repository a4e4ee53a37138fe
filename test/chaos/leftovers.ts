/** Processes that a home left behind, found by what they were started with. Linux only: elsewhere none is found. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').replaceAll('\0', ' ');
  } catch {
    // It has ended, or it is another user's.
    return '';
  }
}

/** The Temporal server names its database by the folder that it works in. */
function workingFolder(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

/** Living processes with this folder in their command line or environment, or that work in it: `pid command`. */
function processesOf(folder: string): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => (read(`/proc/${pid}/cmdline`) + read(`/proc/${pid}/environ`) + workingFolder(pid)).includes(folder))
    .map((pid) => `${pid} ${read(`/proc/${pid}/cmdline`).trim()}`)
    .filter((line) => !/^\d+ $/.test(line));
}

/** What is still there after this long. Returns as soon as all are gone. */
export async function leftovers(folder: string, patienceMs: number): Promise<string[]> {
  for (const until = Date.now() + patienceMs; ; await sleep(50)) {
    const found = processesOf(folder);
    if (found.length === 0 || Date.now() >= until) return found;
  }
}
