/** Where Temporal's programs are kept for all homes, and the lock under which one process at a time makes them. */
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../config.js';
import { makeFolderSync } from '../../new-files.js';
import { ProcessLock } from '../../store/process-lock.js';
import { CLI_VERSION } from './version.js';

/** File name of a program on this platform. */
export function executable(name: string): string {
  return process.platform === 'win32' ? `${name}.exe` : name;
}

/** Where a downloaded or built program lies; `temporal` is the CLI with the embedded server. */
export function cachedProgram(config: Pick<Config, 'cacheDir'>, name = 'temporal'): string {
  return join(config.cacheDir, 'temporal', CLI_VERSION, executable(name));
}

export interface CacheLockOptions {
  /** Pause between lines while another process makes a program, in ms. Default 5,000. */
  progressMs?: number;
  /** Ends the waiting: then its reason is thrown. */
  signal?: AbortSignal;
}

/** Makes the cache's folder where it is missing and takes its one lock. `waited`: another process may have made what is wanted. */
export async function lockCache(
  config: Pick<Config, 'cacheDir'>,
  say: (line: string) => void,
  options: CacheLockOptions = {},
): Promise<{ waited: boolean; release: () => void }> {
  const path = `${cachedProgram(config)}.lock`;
  makeFolderSync(dirname(path));
  const since = performance.now();
  let nextLine = since;
  for (;;) {
    options.signal?.throwIfAborted();
    const lock = ProcessLock.tryAcquire(path);
    if (lock !== null) return { waited: nextLine !== since, release: () => lock.release() };
    if (performance.now() >= nextLine) {
      say(`another process is making the temporal binary: waiting, ${Math.round((performance.now() - since) / 1000)} s`);
      nextLine = performance.now() + (options.progressMs ?? 5_000);
    }
    await sleep(100);
  }
}
