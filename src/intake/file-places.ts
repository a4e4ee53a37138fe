/** Places in a file that is read again for them: who only decodes or parses it does not know its lines. */
import { createReadStream } from 'node:fs';
import { invalidUtf8Offset } from './encoding.js';
import type { RawFault } from './raw-row.js';

const LF = 10;
const CR = 13;

/** Counts lines that end with LF, CRLF or CR. Line from 1, column in bytes from 1. */
class LineCount {
  line = 1;
  column = 1;
  #afterReturn = false;

  pass(bytes: Uint8Array): void {
    for (const byte of bytes) {
      const restOfEnd = byte === LF && this.#afterReturn;
      this.#afterReturn = byte === CR;
      if (restOfEnd) continue;
      if (byte === LF || byte === CR) {
        this.line += 1;
        this.column = 1;
      } else this.column += 1;
    }
  }
}

function chunks(path: string): AsyncIterable<Buffer> {
  return createReadStream(path, { highWaterMark: 256 * 1024 });
}

/** E_ENCODING at a byte. */
export function badByteFault(line: number, column: number, byte: number): RawFault {
  const found = `byte 0x${byte.toString(16).padStart(2, '0')} is not UTF-8`;
  return { line, column, fault: { code: 'E_ENCODING', found, allowed: 'UTF-8', fix: 'save the file again as UTF-8' } };
}

/** The first byte that is not UTF-8. Null when the file is UTF-8 by now. */
export async function badByteOf(path: string): Promise<RawFault | null> {
  const count = new LineCount();
  let held: Buffer = Buffer.alloc(0);
  for await (const read of chunks(path)) {
    const chunk = held.length === 0 ? read : Buffer.concat([held, read]);
    const offset = invalidUtf8Offset(chunk);
    count.pass(offset < 0 ? chunk : chunk.subarray(0, offset));
    held = offset < 0 ? Buffer.alloc(0) : chunk.subarray(offset);
    // A character that is cut by the end of the chunk goes on in the next one.
    if (held.length > 3) break;
  }
  return held.length > 0 ? badByteFault(count.line, count.column, held[0] ?? 0) : null;
}

/** Line of the first character after `bytes` bytes that ends no line. A byte order mark is not counted. */
export async function lineAfter(path: string, bytes: number): Promise<number> {
  const count = new LineCount();
  let at = 0;
  for await (const read of chunks(path)) {
    const chunk = at === 0 && read[0] === 0xef ? read.subarray(3) : read;
    const from = Math.max(0, Math.min(chunk.length, bytes - at));
    const next = chunk.subarray(from).findIndex((byte) => byte !== LF && byte !== CR);
    count.pass(chunk.subarray(0, next < 0 ? chunk.length : from + next));
    if (next >= 0) break;
    at += chunk.length;
  }
  return count.line;
}
