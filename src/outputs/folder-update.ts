/**
 * Several files of one folder that appear together: each is written whole beside its place, all are synced, then each is renamed
 * into place. A reader sees an old file, a new file or none, never a part of one.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileModeIn } from '../new-files.js';
import { isProcessAlive } from '../store/process-alive.js';
import { type Digest, FileSink, type Sink } from './sink.js';
import { unsafeTarget, writing } from './write-errors.js';

interface Pending {
  temporary: string;
  path: string;
  handle: FileHandle;
}

/** Temporary names tell whose they are: `.<name>.<pid>-<random>.tmp`. */
const TEMPORARY = /^\..+\.(\d+)-[0-9a-f]{12}\.tmp$/;

async function kindOf(path: string): Promise<string | null> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (!found || found.isFile()) return null;
  if (found.isSymbolicLink()) return 'a symbolic link';
  return found.isDirectory() ? 'a folder' : 'a special file';
}

export class FolderUpdate {
  private readonly files: Pending[] = [];
  private readonly stale: string[] = [];

  private constructor(
    private readonly dir: string,
    private readonly folder: FileHandle,
    private readonly fileMode: number,
  ) {}

  /** Opens an existing folder; a symbolic link in its place is refused. */
  static async begin(dir: string): Promise<FolderUpdate> {
    const folder = await writing(dir, async () => {
      try {
        return await open(dir, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      } catch (error) {
        if ((await kindOf(dir)) === 'a symbolic link') throw unsafeTarget(dir, 'a symbolic link');
        throw error;
      }
    });
    return new FolderUpdate(dir, folder, fileModeIn(await writing(dir, () => folder.stat())));
  }

  /** Opens the folder, has `fill` write its files, puts them in place. After a failure nothing of us is left beside them. */
  static async apply(dir: string, fill: (update: FolderUpdate) => Promise<void>): Promise<void> {
    const update = await FolderUpdate.begin(dir);
    try {
      await fill(update);
      await update.commit();
    } finally {
      await update.abandon();
    }
  }

  /** Writes one file beside its place. */
  async write(name: string, fill: (sink: Sink) => Promise<void>): Promise<Digest> {
    const path = join(this.dir, name);
    const temporary = join(this.dir, `.${name}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const handle = await writing(path, () => open(temporary, flags, this.fileMode));
    this.files.push({ temporary, path, handle });
    const sink = new FileSink(handle, path);
    // Both at once: a run's end waits for each step here, and the machine is busy with its last calls.
    await Promise.all([this.refuseUnsafe(path), fill(sink)]);
    return sink.digest();
  }

  /** Removes this file, if it is there, when the others are in place. */
  remove(name: string): void {
    this.stale.push(join(this.dir, name));
  }

  /** Puts the files in place, in the order in which they were written. After a failure nothing of us is left beside them. */
  async commit(): Promise<void> {
    try {
      await Promise.all(this.files.map(({ handle, path }) => writing(path, () => handle.datasync())));
      await Promise.all(this.files.map(({ handle, path }) => writing(path, () => handle.close())));
      await Promise.all([this.refuseSwapped(), ...this.files.map(({ path }) => this.refuseUnsafe(path))]);
      for (const { temporary, path } of this.files) await writing(path, () => rename(temporary, path));
      this.files.length = 0;
      await Promise.all([this.sweep(), ...this.stale.map((path) => writing(path, () => rm(path, { force: true })))]);
      await writing(this.dir, () => this.folder.sync());
    } finally {
      await this.abandon();
    }
  }

  /** Removes what was written beside. Safe to call at any time. */
  async abandon(): Promise<void> {
    for (const { handle, temporary } of this.files.splice(0)) {
      await handle.close().catch(() => {});
      await rm(temporary, { force: true }).catch(() => {});
    }
    await this.folder.close().catch(() => {});
  }

  private async refuseUnsafe(path: string): Promise<void> {
    const kind = await writing(path, () => kindOf(path));
    if (kind) throw unsafeTarget(path, kind);
  }

  /** The name of the folder must still lead to the folder that was opened. */
  private async refuseSwapped(): Promise<void> {
    const [opened, found] = await writing(this.dir, () => Promise.all([this.folder.stat(), lstat(this.dir)]));
    if (opened.ino !== found.ino || opened.dev !== found.dev)
      throw unsafeTarget(this.dir, 'another folder than the one that was opened');
  }

  /** Temporary files of processes that died while writing. */
  private async sweep(): Promise<void> {
    for (const name of await writing(this.dir, () => readdir(this.dir))) {
      const pid = TEMPORARY.exec(name)?.[1];
      if (pid !== undefined && !isProcessAlive(Number(pid))) await rm(join(this.dir, name), { force: true }).catch(() => {});
    }
  }
}
