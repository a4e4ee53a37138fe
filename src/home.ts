/** The home folder: what lies where in it, and that only its user can read it. */
import { createHash, randomUUID } from 'node:crypto';
import { chmodSync, lstatSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { EXIT, SwarmError } from './core/errors.js';
import { makeFolderSync, PRIVATE_FILE_MODE, PRIVATE_FOLDER_MODE } from './new-files.js';

export interface HomePaths {
  /** Small database whose exclusive lock says that a host lives. */
  lock: string;
  /** Who the host is: pid, version, addresses. */
  info: string;
  /** JSON lines of the host; its output when it fails before it can log. */
  log: string;
  temporalLog: string;
  /** Ports and pid of the embedded server, so that a restart uses the same ports. */
  temporalState: string;
  /** Unix socket, or a named pipe on Windows. */
  socket: string;
}

/** Longest path of a Unix socket in bytes, without the closing zero; macOS has the smallest limit (104). */
const LONGEST_SOCKET_PATH = process.platform === 'linux' ? 107 : 103;

function socketPath(home: string): string {
  const hash = createHash('sha256').update(home).digest('hex').slice(0, 16);
  if (process.platform === 'win32') return `\\\\.\\pipe\\durable-swarm-${hash}`;
  const path = join(home, 'host.sock');
  if (Buffer.byteLength(path) <= LONGEST_SOCKET_PATH) return path;
  return join(tmpdir(), `durable-swarm-${userInfo().uid}-${hash}`, 'host.sock');
}

/** Paths of the files of a home. Pure: creates nothing. */
export function homePaths(home: string): HomePaths {
  return {
    lock: join(home, 'host.lock'),
    info: join(home, 'host.json'),
    log: join(home, 'host.log'),
    temporalLog: join(home, 'temporal.log'),
    temporalState: join(home, 'temporal.json'),
    socket: socketPath(home),
  };
}

function refuse(path: string, found: string, cause?: unknown): never {
  throw new SwarmError(
    {
      code: 'E_HOME',
      place: { file: path },
      found,
      allowed: 'a folder that belongs to you and that no one else may enter (mode 0700)',
      fix: 'chmod 700 the folder, or set SWARM_HOME to another one',
    },
    EXIT.diskWrite,
    cause === undefined ? undefined : { cause },
  );
}

/** Makes a folder that only this user may enter. Throws E_HOME. */
function ensurePrivateFolder(path: string, mayBeLink: boolean): void {
  try {
    makeFolderSync(path, PRIVATE_FOLDER_MODE);
    const found = mayBeLink ? statSync(path) : lstatSync(path);
    if (!found.isDirectory()) refuse(path, 'this is not a folder');
    if (process.platform === 'win32') return;
    if (found.uid !== userInfo().uid) refuse(path, 'this folder belongs to another user');
    if ((found.mode & 0o077) !== 0) chmodSync(path, PRIVATE_FOLDER_MODE);
  } catch (error) {
    if (SwarmError.is(error)) throw error;
    refuse(path, `the folder cannot be used: ${(error as Error).message}`, error);
  }
}

/** What an earlier version, or another program, left open to others there. */
function closeToOthers(home: string): void {
  for (const name of readdirSync(home)) {
    const path = join(home, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined || (found.mode & 0o077) === 0) continue;
    if (found.isFile()) chmodSync(path, found.mode & 0o100 ? PRIVATE_FOLDER_MODE : PRIVATE_FILE_MODE);
    else if (found.isDirectory()) chmodSync(path, PRIVATE_FOLDER_MODE);
  }
}

/** Creates the home and the folder of its socket where they are missing. Throws E_HOME. */
export function ensureHome(home: string): HomePaths {
  ensurePrivateFolder(home, true);
  if (process.platform !== 'win32') closeToOthers(home);
  const paths = homePaths(home);
  if (process.platform !== 'win32' && !paths.socket.startsWith(home)) ensurePrivateFolder(join(paths.socket, '..'), false);
  return paths;
}

/** Random id of this home, made at first use. Homes of different machines may share a database, so a path would not do. */
export function homeId(home: string): string {
  const file = join(home, 'home-id');
  try {
    writeFileSync(file, `${randomUUID()}\n`, { flag: 'wx', mode: PRIVATE_FILE_MODE });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8').trim();
}

/** Where the store of a home is: its own file, or the database of SWARM_DATABASE_URL. */
export function storeLocation(config: { home: string; databaseUrl: string | null }): { file: string } | { url: string } {
  return config.databaseUrl === null ? { file: join(config.home, 'store.db') } : { url: config.databaseUrl };
}
