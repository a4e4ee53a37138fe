/** One process at a time changes the marker of a run folder. The lock ends with its process, so it is never left behind. */
import { lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, SwarmError } from '../core/errors.js';
import { makeLockFile, ProcessLock } from '../store/process-lock.js';
import { unsafeTarget, writing } from './write-errors.js';

export const LOCK_FILE = '.durable-swarm.lock';

const PATIENCE_MS = 10_000;
const LOOK_MS = 5;

function inode(path: string): number | null {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found && !found.isFile()) throw unsafeTarget(path, 'no plain file');
  return found?.ino ?? null;
}

/** Null when another process has it, or when its last holder took the file away between our opening and locking it. */
function tryAcquire(path: string): ProcessLock | null {
  if (inode(path) === null) makeLockFile(path);
  const before = inode(path);
  const lock = ProcessLock.tryAcquire(path);
  if (lock !== null && before !== null && inode(path) === before) return lock;
  lock?.release();
  return null;
}

/** Runs `work` while no other process changes the folder's marker. Throws E_LOCKED after 10 s. */
export async function withFolderLock<T>(dir: string, work: () => Promise<T>): Promise<T> {
  const path = join(dir, LOCK_FILE);
  const until = performance.now() + PATIENCE_MS;
  let lock: ProcessLock | null = null;
  for (;;) {
    lock = await writing(path, async () => tryAcquire(path));
    if (lock) break;
    if (performance.now() > until) {
      const found = 'another process is changing whose folder this is';
      throw new SwarmError({ code: 'E_LOCKED', place: { file: dir }, found, fix: 'wait for it, then run again' }, EXIT.locked);
    }
    await sleep(LOOK_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
    lock.release();
  }
}
