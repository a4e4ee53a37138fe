/** Lines of a file of any size: UTF-8, LF or CRLF, memory bounded by the longest allowed line. */
import { createReadStream } from 'node:fs';
import { invalidUtf8Offset, wideEncoding } from '../core/encoding.js';
import { LONGEST_ROW, type RawFault, tooLongFault } from './raw-row.js';

export interface Line {
  /** From 1. */
  line: number;
  /** Without its end. */
  text: string;
}

const CHUNK = 256 * 1024;

function withoutReturn(text: string): string {
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}

/** Decodes whole lines at once; only when that fails, line by line, to find the bad ones. */
function decodeLines(decoder: InstanceType<typeof TextDecoder>, block: Uint8Array, firstLine: number): (Line | RawFault)[] {
  try {
    return decoder
      .decode(block)
      .split('\n')
      .map((text: string, index: number) => ({ line: firstLine + index, text: withoutReturn(text) }));
  } catch {
    const found: (Line | RawFault)[] = [];
    let start = 0;
    for (let line = firstLine; start <= block.length; line += 1) {
      const newline = block.indexOf(10, start);
      const bytes = block.subarray(start, newline < 0 ? block.length : newline);
      const offset = invalidUtf8Offset(bytes);
      if (offset < 0) found.push({ line, text: withoutReturn(decoder.decode(bytes)) });
      else {
        const what = `byte 0x${(bytes[offset] ?? 0).toString(16)} is not UTF-8`;
        const fault = { code: 'E_ENCODING', found: what, allowed: 'UTF-8', fix: 'save the file again as UTF-8' };
        found.push({ line, column: offset + 1, fault });
      }
      if (newline < 0) break;
      start = newline + 1;
    }
    return found;
  }
}

/** Lines with their numbers, blank ones too, many at a time. A line over LONGEST_ROW is skipped and reported (E_SEED_TOO_LONG). */
export async function* readLines(path: string): AsyncGenerator<readonly (Line | RawFault)[]> {
  // The mark is taken off by hand at the start of the file only: elsewhere it is data.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let held: Buffer[] = [];
  let heldBytes = 0;
  let skipping = false;
  let line = 1;
  let first = true;
  for await (const read of createReadStream(path, { highWaterMark: CHUNK })) {
    let chunk = read as Buffer;
    if (first) {
      first = false;
      const wide = wideEncoding(chunk.subarray(0, 4));
      if (wide) {
        yield [{ line: 1, column: 1, fault: wide, fatal: true }];
        return;
      }
      if (chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf) chunk = chunk.subarray(3);
    }
    if (skipping) {
      const newline = chunk.indexOf(10);
      if (newline < 0) continue;
      chunk = chunk.subarray(newline + 1);
      skipping = false;
      line += 1;
    }
    const last = chunk.lastIndexOf(10);
    if (last >= 0) {
      const whole = chunk.subarray(0, last);
      const lines = decodeLines(decoder, held.length === 0 ? whole : Buffer.concat([...held, whole]), line);
      line += lines.length;
      held = [];
      heldBytes = 0;
      chunk = chunk.subarray(last + 1);
      yield lines;
    }
    if (chunk.length === 0) continue;
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes > LONGEST_ROW) {
      held = [];
      heldBytes = 0;
      skipping = true;
      yield [tooLongFault(line)];
    }
  }
  if (held.length > 0) yield decodeLines(decoder, Buffer.concat(held), line);
}
