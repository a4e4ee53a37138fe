/** File operations that fail become SwarmErrors with the path and the system's code. */
import { EXIT, SwarmError } from '../core/errors.js';

const FIXES: Readonly<Record<string, string>> = {
  ENOSPC: 'free space on this disk, then run again: finished rows are in the store and are not paid for again',
  EDQUOT: 'free space in your quota, then run again: finished rows are in the store and are not paid for again',
  EFBIG: 'the file passed the size limit of the process or file system: raise it, then run again',
  EACCES: 'make the folder writable for this user, then run again',
  EPERM: 'make the folder writable for this user, then run again',
  EROFS: 'choose an output_dir on a disk that can be written',
  EMFILE: 'raise the limit of open files (ulimit -n), or lower workers, then run again',
  ENFILE: 'the machine has no file descriptor left: end other programs, or raise its limit (fs.file-max), then run again',
  ENOENT: 'the folder is gone: put it back, then run again',
  ENOTDIR: 'a file stands where a folder of this path should be: move it, or choose another path',
  EEXIST: 'a file stands where this folder should be: move it, or choose another path',
};

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && !SwarmError.is(error) && typeof (error as NodeJS.ErrnoException).code === 'string';
}

/** E_OUT_WRITE (exit 7) for a failed file operation; anything else stays as it is. */
export function writeError(error: unknown, path: string): unknown {
  if (!isSystemError(error)) return error;
  const code = error.code ?? '';
  return new SwarmError(
    {
      code: 'E_OUT_WRITE',
      place: { file: path },
      found: `the file could not be written (${code}${error.errno === undefined ? '' : `, errno ${Math.abs(error.errno)}`})`,
      fix: FIXES[code] ?? 'check the disk and the folder, then run again',
    },
    EXIT.diskWrite,
    { cause: error },
  );
}

/** Runs a file operation; its failure names the path. */
export async function writing<T>(path: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw writeError(error, path);
  }
}

/** Something stands where one of our files should be, and it is not a plain file. */
export function unsafeTarget(path: string, what: string): SwarmError {
  return new SwarmError(
    {
      code: 'E_OUT_TARGET',
      place: { file: path },
      found: `it is ${what}`,
      allowed: 'a plain file, or nothing',
      fix: 'remove it, then run again',
    },
    EXIT.diskWrite,
  );
}
