/** Bytes to text: UTF-8 with or without a byte order mark, nothing else. */
import type { Problem } from '../core/errors.js';

const ALLOWED = 'UTF-8, with or without a byte order mark';

/** The problem when the first bytes of a file are UTF-16 or UTF-32; null for anything else. */
export function wideEncoding(head: Uint8Array): Omit<Problem, 'place'> | null {
  const [a, b, c, d] = head;
  const marked = (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff);
  const unmarked = head.length >= 4 && ((a !== 0 && b === 0 && c !== 0 && d === 0) || (a === 0 && b !== 0 && c === 0 && d !== 0));
  if (!marked && !unmarked) return null;
  return { code: 'E_ENCODING', found: 'the file is UTF-16', allowed: ALLOWED, fix: 'save the file again as UTF-8' };
}

/** Offset of the first byte that is not UTF-8, or -1. */
export function invalidUtf8Offset(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at] as number;
    let follow = 0;
    let low = 0x80;
    let high = 0xbf;
    if (lead < 0x80) {
      at += 1;
      continue;
    }
    if (lead >= 0xc2 && lead <= 0xdf) follow = 1;
    else if (lead >= 0xe0 && lead <= 0xef) follow = 2;
    else if (lead >= 0xf0 && lead <= 0xf4) follow = 3;
    else return at;
    if (lead === 0xe0) low = 0xa0;
    if (lead === 0xed) high = 0x9f;
    if (lead === 0xf0) low = 0x90;
    if (lead === 0xf4) high = 0x8f;
    for (let step = 1; step <= follow; step += 1) {
      const byte = bytes[at + step];
      if (byte === undefined || byte < low || byte > high) return at;
      low = 0x80;
      high = 0xbf;
    }
    at += follow + 1;
  }
  return -1;
}

/** The whole file as text without its byte order mark, or E_ENCODING with line and column (in bytes). */
export function decodeUtf8(bytes: Uint8Array): { text: string } | { problem: Problem } {
  const wide = wideEncoding(bytes);
  if (wide) return { problem: { ...wide, place: { line: 1, column: 1 } } };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    const offset = Math.max(0, invalidUtf8Offset(bytes));
    let line = 1;
    let lineStart = 0;
    for (let at = bytes.indexOf(10); at >= 0 && at < offset; at = bytes.indexOf(10, at + 1)) {
      line += 1;
      lineStart = at + 1;
    }
    const problem = {
      code: 'E_ENCODING',
      place: { line, column: offset - lineStart + 1 },
      found: `byte 0x${(bytes[offset] ?? 0).toString(16)} is not UTF-8`,
      allowed: ALLOWED,
      fix: 'save the file again as UTF-8',
    };
    return { problem };
  }
}
