/** The end of a host's log as text for people. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Enough for a stack and the lines before it, in bytes. */
const TAIL_BYTES = 16_384;

function readable(line: string): string {
  try {
    const record = JSON.parse(line) as { msg?: unknown; err?: { message?: unknown } };
    const message = typeof record.msg === 'string' ? record.msg : line;
    return typeof record.err?.message === 'string' && !message.includes(record.err.message)
      ? `${message}: ${record.err.message}`
      : message;
  } catch {
    return line;
  }
}

/** Byte length of a log, 0 when it does not exist. */
export function logSize(path: string): number {
  return withFile(path, (file) => fstatSync(file).size) ?? 0;
}

/** The last `count` lines written after byte `from`, JSON lines reduced to their message. Default from the start. */
export function endOfHostLog(path: string, count: number, from = 0): string[] {
  const text = withFile(path, (file) => {
    const size = fstatSync(file).size;
    const start = Math.max(from > size ? 0 : from, size - TAIL_BYTES);
    const buffer = Buffer.alloc(size - start);
    readSync(file, buffer, 0, buffer.length, start);
    return buffer.toString('utf8');
  });
  const lines = (text ?? '').split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-count).map(readable);
}

function withFile<T>(path: string, read: (file: number) => T): T | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    return read(file);
  } finally {
    closeSync(file);
  }
}
