/** What the databases throw, as errors that a person can act on. */
import { EXIT, isSystemFault, SwarmError } from '../core/errors.js';
import { freeSpaceText, isDiskFull } from './free-space.js';

/** SQLite result codes that mean: the file cannot be written or read now. */
const FILE_FAULT = /^SQLITE_(FULL|IOERR|READONLY|CANTOPEN|BUSY|LOCKED|PERM|NOMEM|PROTOCOL)/;
/** The file is there and is not, or is no longer, a sound database. */
const FILE_DAMAGED = /^SQLITE_(CORRUPT|NOTADB)/;
/** PostgreSQL classes 53 (no resources) and 58 (system error), and 25006: it answers but cannot write. */
const SERVER_FAULT = /^(53...|58...|25006|57014)$/;
/** Class 08 (connection), 57P0x (shutdown, starting up), 28xxx (login), 3D000 (no such database). */
const SERVER_AWAY = /^(08...|57P0.|28...|3D000)$/;
const SOCKET_FAULT = /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EACCES|ENOENT)$/;
const DRIVER_TEXT = /Connection terminated|connection error|timeout exceeded when trying to connect|Client has encountered|SSL/i;

function codeOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** How long PostgreSQL may be away before what was asked of it is refused. */
export const PATIENCE_MS = 15_000;

/** True when a statement failed because the connection to PostgreSQL is gone or could not be made. */
export function isAway(cause: unknown): boolean {
  if (SwarmError.is(cause)) return false;
  const code = codeOf(cause);
  const errors = (cause as { errors?: unknown } | null)?.errors;
  if (Array.isArray(errors) && errors.some(isAway)) return true;
  if (SERVER_AWAY.test(code) || SOCKET_FAULT.test(code)) return true;
  return code === '' && cause instanceof Error && DRIVER_TEXT.test(cause.message);
}

/** True when PostgreSQL asks to run the transaction again (deadlock, serialization). */
export function isContention(cause: unknown): boolean {
  return codeOf(cause) === '40P01' || codeOf(cause) === '40001';
}

/**
 * E_STORE_WRITE (exit 7) when the file or disk fails, E_STATE_LOST (exit 7) when the file is damaged, E_STORE_UNREACHABLE (exit 4) when
 * PostgreSQL is away; a SwarmError stays as it is, and so does anything else: that is our bug.
 */
export function storeError(cause: unknown, where: string): Error {
  if (SwarmError.is(cause)) return cause;
  const code = codeOf(cause);
  const text = cause instanceof Error ? cause.message || (code ?? cause.name) : String(cause);
  if (FILE_DAMAGED.test(code)) return stateLost(cause, code, text, where);
  if (FILE_FAULT.test(code) || (!isUrl(where) && isSystemFault(cause))) return fileFault(cause, code, text, where);
  if (SERVER_FAULT.test(code)) {
    const found = `PostgreSQL cannot store now: ${text} (${code})`;
    const fix = 'free space or resources of the database server, then run again: nothing that was stored is paid for again';
    return new SwarmError({ code: 'E_STORE_WRITE', place: { file: where }, found, fix }, EXIT.diskWrite, { cause });
  }
  if (isAway(cause)) {
    return new SwarmError(
      {
        code: 'E_STORE_UNREACHABLE',
        place: { file: where },
        found: `PostgreSQL did not answer: ${text}${code ? ` (${code})` : ''}`,
        fix: 'check SWARM_DATABASE_URL and that the server is up',
      },
      EXIT.unreachable,
      { cause },
    );
  }
  return cause instanceof Error ? cause : new Error(text);
}

function isUrl(where: string): boolean {
  return where.startsWith('postgres://');
}

function fileFault(cause: unknown, code: string, text: string, where: string): SwarmError {
  const free = freeSpaceText(where);
  const found = `the store could not be used: ${text} (${code})${free === '' ? '' : `; ${free}`}`;
  return new SwarmError(
    {
      code: 'E_STORE_WRITE',
      place: { file: where },
      found,
      fix: `${fixOf(code, where)}, then run again: nothing that was stored is paid for again`,
    },
    EXIT.diskWrite,
    { cause },
  );
}

function fixOf(code: string, where: string): string {
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return 'another process holds the file: end it';
  if (/^(EMFILE|ENFILE)$/.test(code)) return 'raise the limit of open files (ulimit -n)';
  if (/^(SQLITE_(READONLY|PERM)|EACCES|EPERM|EROFS)/.test(code)) return 'make the file and its folder writable for this user';
  if (isDiskFull(where)) return 'free space on this disk';
  // Pages that its index names are not there. What they held is in no other file.
  if (code === 'SQLITE_IOERR_SHORT_READ')
    return 'the -wal beside the file was removed or replaced while a process had it open: stop the host and put a backup of both back';
  return 'check the disk (free space, permissions, health) and the limits of the process (ulimit -f, ulimit -n)';
}

function stateLost(cause: unknown, code: string, text: string, where: string): SwarmError {
  return new SwarmError(
    {
      code: 'E_STATE_LOST',
      place: { file: where },
      found: `the store is damaged: ${text} (${code}); nothing was written over, and published output folders are whole`,
      fix: `put a backup of the file in its place, or move it away together with its -wal and -shm files to start with an empty store (unfinished runs then start over)`,
    },
    EXIT.diskWrite,
    { cause },
  );
}

export function runExists(runId: string): SwarmError {
  return new SwarmError({ code: 'E_RUN_EXISTS', found: `a run ${runId} is in this store already`, fix: 'choose another id' });
}

export function runNotStaged(runId: string): SwarmError {
  return new SwarmError({
    code: 'E_RUN_NOT_STAGED',
    found: `the rows of run ${runId} were never written in full: its starter died`,
    fix: 'start the run again',
  });
}
