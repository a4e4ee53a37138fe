/**
 * A wall clock for the processes of one test, which the test sets while they run: `libfaketime`, preloaded. Their steady clock is the
 * system's, as it is where somebody sets the clock of a machine. Programs that do not use the C library, such as the Temporal server, keep
 * the system's wall clock, as on another machine.
 */
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Debian, Fedora and Alpine, other Linux. */
const FOLDERS = ['/usr/lib64/faketime', '/usr/lib/faketime', '/usr/local/lib/faketime'];
const NAME = 'libfaketimeMT.so.1';

function library(): string | null {
  const debian = existsSync('/usr/lib') ? readdirSync('/usr/lib').map((arch) => `/usr/lib/${arch}/faketime`) : [];
  return [...debian, ...FOLDERS].map((folder) => join(folder, NAME)).find((path) => existsSync(path)) ?? null;
}

/** Why there is no such clock here; null when there is one. */
export function noSettableClock(): string | null {
  if (process.platform !== 'linux') return 'libfaketime is tried on Linux alone';
  return library() === null ? 'libfaketime is not installed (apt-get install libfaketime)' : null;
}

export class SettableClock {
  readonly #folder = mkdtempSync(join(tmpdir(), 'swarm-clock-'));
  readonly #file = join(this.#folder, 'offset');
  readonly env: NodeJS.ProcessEnv;
  /** Seconds that the wall is ahead of the system's. */
  offset = 0;

  constructor() {
    this.set(0);
    this.env = {
      LD_PRELOAD: library() ?? '',
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
      // Files are stamped by the kernel.
      NO_FAKE_STAT: '1',
    };
  }

  /** Sets the wall so many seconds ahead of the system's; below 0 = behind. Met within a second. */
  set(offset: number): void {
    this.offset = offset;
    // Never half of it.
    writeFileSync(`${this.#file}.new`, `${offset < 0 ? '-' : '+'}${Math.abs(offset)}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }

  /** Sets it so many seconds forward; below 0 = back. */
  step(seconds: number): void {
    this.set(this.offset + seconds);
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
