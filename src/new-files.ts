/**
 * How files and folders are made: the umask decides who may read them, and nobody but their user may ever write them, whatever it says. In
 * the home, and in folders that only their user may enter, nobody else may read them either.
 */
import { mkdirSync, type Stats, statSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, relative, sep } from 'node:path';

/** Asked for when a folder is made; the umask takes from it. */
export const FOLDER_MODE = 0o755;
export const PRIVATE_FOLDER_MODE = 0o700;
/** Asked for when a file is made beside things of the user. */
export const FILE_MODE = 0o644;
export const PRIVATE_FILE_MODE = 0o600;

/** Of a file that is made in this folder. */
export function fileModeIn(folder: Pick<Stats, 'mode'>): number {
  return (folder.mode & 0o077) === 0 ? PRIVATE_FILE_MODE : FILE_MODE;
}

/** Of an output folder: what lies in the home is as private as the home. */
export function folderModeIn(home: string, folder: string): number {
  const path = relative(home, folder);
  return path === '..' || path.startsWith(`..${sep}`) ? FOLDER_MODE : PRIVATE_FOLDER_MODE;
}

/** For a program of ours: also what it makes through others (databases, child processes) is not for group or others to write. */
export function keepOthersFromWriting(): void {
  process.umask(process.umask(0o022) | 0o022);
}

/** Also false when the way there is no folder. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT';

/**
 * Makes a folder and its parents where they are missing. Throws the error of the system. Node's own `recursive` never returns where a folder
 * is there that can hold none, as /proc.
 */
export function makeFolderSync(path: string, mode: number = FOLDER_MODE): void {
  const make = () => {
    try {
      mkdirSync(path, { mode });
    } catch (error) {
      if (!isFolder(path)) throw error;
    }
  };
  try {
    make();
  } catch (error) {
    if (!isMissing(error) || dirname(path) === path) throw error;
    makeFolderSync(dirname(path), mode);
    make();
  }
}

/** As makeFolderSync, for folders that may be on a slow disk. */
export async function makeFolder(path: string, mode: number = FOLDER_MODE): Promise<void> {
  const make = async () => {
    try {
      await mkdir(path, { mode });
    } catch (error) {
      const found = await stat(path).catch(() => null);
      if (!found?.isDirectory()) throw error;
    }
  };
  try {
    await make();
  } catch (error) {
    if (!isMissing(error) || dirname(path) === path) throw error;
    await makeFolder(dirname(path), mode);
    await make();
  }
}
