/** Text of answers, providers and files as it may go to a terminal: without anything that moves, hides or copies. */

import { Transform, type TransformCallback } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { stripVTControlCharacters } from 'node:util';

/** C0 without tab and newline, DEL, C1, and the marks that reverse the reading direction. */
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Removes escape sequences and control characters; keeps newlines and tabs. */
export function safeText(text: string): string {
  return stripVTControlCharacters(text).replace(UNSAFE, '');
}

/** As safeText, on one line: newlines and tabs become blanks. */
export function safeLine(text: string): string {
  return safeText(text.replace(/[\r\n\t]+/g, ' ')).trim();
}

/** A stream of UTF-8 text that passes on what safeText keeps. A sequence cut in two loses its escape character, so it is harmless. */
export function safeStream(): Transform {
  const decoder = new StringDecoder('utf8');
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      done(null, safeText(decoder.write(chunk)));
    },
    flush(done: TransformCallback) {
      done(null, safeText(decoder.end()));
    },
  });
}
