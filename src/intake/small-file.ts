/** A file of a person that is read whole: of a bounded size, and a file indeed. */
import { open, stat } from 'node:fs/promises';

export type SmallFile =
  | { bytes: Uint8Array }
  /** `absent`, `too big`, or what keeps it from being read, for people. */
  | { reason: string; cause?: unknown };

/** @param most bytes. Never throws. */
export async function readSmallFile(path: string, most: number): Promise<SmallFile> {
  try {
    const facts = await stat(path);
    if (facts.isDirectory()) return { reason: 'EISDIR, it is a folder' };
    if (!facts.isFile()) return { reason: 'it is not a regular file' };
    if (facts.size > most) return { reason: 'too big' };
    const handle = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(most + 1), 0, most + 1, 0);
      return { bytes: buffer.subarray(0, bytesRead) };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException;
    return { reason: code === 'ENOENT' || code === 'ENOTDIR' ? 'absent' : code, cause };
  }
}
