/** Lines of a file with the place where each ends, in bounded memory. A last line without its end is no line. */
import type { FileHandle } from 'node:fs/promises';

const READ_BYTES = 256 * 1024;
const LINE_END = 10;

/** A longer line is none of ours: an answer has at most 32 MiB. */
const MOST_LINE_BYTES = 128 * 1024 * 1024;

export interface Line {
  text: string;
  /** Bytes of the file up to and with its line end. */
  end: number;
}

export async function* linesOf(handle: FileHandle): AsyncGenerator<Line> {
  const buffer = Buffer.alloc(READ_BYTES);
  let begun: Buffer[] = [];
  let begunBytes = 0;
  for (let at = 0; ; ) {
    const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, at);
    if (bytesRead === 0) return;
    const read = buffer.subarray(0, bytesRead);
    let from = 0;
    for (let end = read.indexOf(LINE_END); end >= 0; end = read.indexOf(LINE_END, from)) {
      const text = Buffer.concat([...begun, read.subarray(from, end)]).toString('utf8');
      begun = [];
      begunBytes = 0;
      from = end + 1;
      yield { text, end: at + from };
    }
    at += bytesRead;
    if (from < bytesRead) begun.push(Buffer.from(read.subarray(from)));
    begunBytes += bytesRead - from;
    if (begunBytes > MOST_LINE_BYTES) return;
  }
}

export interface LastLine extends Line {
  /** Lines of the file, with this one. */
  lines: number;
}

/** Null when there is none, or when the file holds NUL, as after a power cut: no text of ours does. */
export async function lastLineOf(handle: FileHandle): Promise<LastLine | null> {
  const buffer = Buffer.alloc(READ_BYTES);
  let lines = 0;
  let begin = 0;
  let end = 0;
  for (let at = 0; ; ) {
    const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, at);
    if (bytesRead === 0) break;
    const read = buffer.subarray(0, bytesRead);
    if (read.includes(0)) return null;
    for (let found = read.indexOf(LINE_END); found >= 0; found = read.indexOf(LINE_END, found + 1)) {
      lines += 1;
      begin = end;
      end = at + found + 1;
    }
    at += bytesRead;
  }
  if (lines === 0 || end - begin > MOST_LINE_BYTES) return null;
  const line = Buffer.alloc(end - begin - 1);
  await handle.read(line, 0, line.length, begin);
  return { text: line.toString('utf8'), end, lines };
}
