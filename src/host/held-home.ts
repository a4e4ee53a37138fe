/** One host at a time in a home: its lock, and the file that names the holder. */
import { existsSync, rmSync } from 'node:fs';
import { EXIT, type ExitCode } from '../core/errors.js';
import { ensureHome, type HomePaths } from '../home.js';
import type { HostRecord } from '../host-protocol.js';
import { ProcessLock } from '../store/process-lock.js';
import { readJsonFile } from './json-file.js';

/** Runs `work` under the lock of the home. Returns its exit code; 6 when another host has the home. */
export async function holdingHome(home: string, work: (paths: HomePaths) => Promise<ExitCode>): Promise<ExitCode> {
  const paths = ensureHome(home);
  const lock = ProcessLock.tryAcquire(paths.lock);
  if (lock === null) {
    const holder = readJsonFile<HostRecord>(paths.info);
    const since = holder === null ? '' : ` since ${new Date(holder.startedAt).toISOString()} by pid ${holder.pid}`;
    process.stderr.write(`${home} is held${since}\n`);
    return EXIT.locked;
  }
  try {
    return await work(paths);
  } finally {
    if (namesUs(paths)) rmSync(paths.info, { force: true });
    lock.release();
  }
}

/** False when the home was removed under its holder, also when another host has made it anew. */
export function isHeld(paths: HomePaths): boolean {
  return existsSync(paths.lock) && namesUs(paths);
}

function namesUs(paths: HomePaths): boolean {
  return readJsonFile<HostRecord>(paths.info)?.pid === process.pid;
}
