/** How much room the file system of a path has: what a message about a full disk must say. */
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { EXIT, SwarmError } from '../core/errors.js';

/** With less than this a database cannot make one more group of pages. */
const FULL_BYTES = 256 * 1024;

/** Free bytes for this user where the path is, or will be; null when the system does not tell. */
export function freeBytes(path: string): number | null {
  for (let here = path; ; here = dirname(here)) {
    try {
      const { bavail, bsize } = statfsSync(here);
      return bavail * bsize;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(here) === here) return null;
    }
  }
}

/** True when the disk of this path is as good as full. */
export function isDiskFull(path: string): boolean {
  const free = freeBytes(path);
  return free !== null && free < FULL_BYTES;
}

/** `0 bytes are free there`, `1.2 MB are free there`; '' when the system does not tell. */
export function freeSpaceText(path: string): string {
  const free = freeBytes(path);
  if (free === null) return '';
  const text = free < 10_000 ? `${free} bytes` : free < 1e9 ? `${(free / 1e6).toFixed(1)} MB` : `${(free / 1e9).toFixed(1)} GB`;
  return `${text} are free there`;
}

/** The disk of a home is full: what that has stopped, and how to go on. */
export function diskFull(folder: string, stopped: string): SwarmError {
  return new SwarmError(
    {
      code: 'E_DISK_FULL',
      place: { file: folder },
      found: `${stopped}: the disk of this folder is full; ${freeSpaceText(folder)}`,
      fix: 'free space on it, then run the same command again: it goes on, and nothing that was stored is paid for again',
    },
    EXIT.diskWrite,
  );
}
