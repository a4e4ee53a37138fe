/** Lines of a file of any size: UTF-8, ended by LF, CRLF or CR in any mixture, memory bounded by the longest allowed line. */
import { createReadStream } from 'node:fs';
import { invalidUtf8Offset, wideEncoding } from './encoding.js';
import { badByteFault } from './file-places.js';
import { LONGEST_ROW, type RawFault, tooLongFault } from './raw-row.js';

export interface Line {
  /** From 1. */
  line: number;
  /** Without its end. */
  text: string;
}

const CHUNK = 256 * 1024;
const LF = 10;
const CR = 13;

/** Decodes whole lines at once; only when that fails, line by line, to find the bad ones. */
function decodeLines(decoder: InstanceType<typeof TextDecoder>, block: Uint8Array, firstLine: number): (Line | RawFault)[] {
  let text: string;
  try {
    text = decoder.decode(block);
  } catch {
    return decodeEach(decoder, block, firstLine);
  }
  const texts: string[] = text.includes('\r') ? text.split(/\r\n|\n|\r/) : text.split('\n');
  return texts.map((line, index) => ({ line: firstLine + index, text: line }));
}

function decodeEach(decoder: InstanceType<typeof TextDecoder>, block: Uint8Array, firstLine: number): (Line | RawFault)[] {
  const found: (Line | RawFault)[] = [];
  let start = 0;
  for (let line = firstLine; ; line += 1) {
    const end = firstEnd(block, start);
    const bytes = block.subarray(start, end < 0 ? block.length : end);
    const offset = invalidUtf8Offset(bytes);
    found.push(offset < 0 ? { line, text: decoder.decode(bytes) } : badByteFault(line, offset + 1, bytes[offset] ?? 0));
    if (end < 0) return found;
    start = end + (block[end] === CR && block[end + 1] === LF ? 2 : 1);
  }
}

/** Where the first line end at or after `from` begins, or -1. */
function firstEnd(bytes: Uint8Array, from: number): number {
  const feed = bytes.indexOf(LF, from);
  const before = feed < 0 ? bytes : bytes.subarray(0, feed);
  const back = before.indexOf(CR, from);
  return back >= 0 ? back : feed;
}

/** Where the last line end ends that is sure to be whole, or -1: a CR at the very end may be half of one. */
function afterLastEnd(bytes: Uint8Array): number {
  const last = Math.max(bytes.lastIndexOf(LF), bytes.lastIndexOf(CR, -2));
  return last < 0 ? -1 : last + 1;
}

/** Without the one line end at its end. */
function trimmed(block: Uint8Array): Uint8Array {
  const crlf = block.at(-1) === LF && block.at(-2) === CR;
  return block.subarray(0, block.length - (crlf ? 2 : 1));
}

/** Lines with their numbers, blank ones too, many at a time. A line over LONGEST_ROW is skipped and reported (E_SEED_TOO_LONG). */
export async function* readLines(path: string): AsyncGenerator<readonly (Line | RawFault)[]> {
  // The mark is taken off by hand at the start of the file only: elsewhere it is data.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let held: Buffer[] = [];
  let heldBytes = 0;
  /** In a line that is too long; the CR that ended it, where its LF may still come. */
  let skipping: 'no' | 'line' | 'feed' = 'no';
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
    if (skipping === 'line') {
      const end = firstEnd(chunk, 0);
      if (end < 0) continue;
      skipping = chunk[end] === CR ? 'feed' : 'no';
      chunk = chunk.subarray(end + 1);
      line += 1;
    }
    if (skipping === 'feed' && chunk.length > 0) {
      if (chunk[0] === LF) chunk = chunk.subarray(1);
      skipping = 'no';
    }
    const after = afterLastEnd(chunk);
    if (after > 0) {
      const whole = chunk.subarray(0, after);
      const lines = decodeLines(decoder, trimmed(held.length === 0 ? whole : Buffer.concat([...held, whole])), line);
      line += lines.length;
      held = [];
      heldBytes = 0;
      chunk = chunk.subarray(after);
      yield lines;
    }
    if (chunk.length === 0) continue;
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes > LONGEST_ROW) {
      held = [];
      heldBytes = 0;
      skipping = 'line';
      yield [tooLongFault(line)];
    }
  }
  if (held.length > 0) yield decodeLines(decoder, Buffer.concat(held), line);
}
