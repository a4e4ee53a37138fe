/** Text of answers, providers and files as it may go to a terminal: without anything that moves, hides or copies. */

import { Transform, type TransformCallback } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** C0 without tab and newline, DEL, C1, and the marks that reverse the reading direction. */
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** A text that a program is told, to its end in the same line: titles, links, the clipboard, palettes. */
const TOLD =
  '(?:\\u001b[\\]PX^_k]|[\\u0090\\u0098\\u009d-\\u009f])[^\\u0007\\n\\u0018\\u001a\\u001b\\u0080-\\u009f]*' +
  '(?:\\u0007|\\u001b\\\\|\\u009c)';
/** Colours, movements, erasing. */
const CONTROL = '(?:\\u001b\\[|\\u009b)[0-?]*[ -/]*[@-~]';
/** Short ones, such as a reset or another set of characters. */
const SHORT = '\\u001b(?:[ -/]+[0-~]|[\\dA-PR-TZcf-oq-uy=><~|}])';
/**
 * No part reads on over the next escape character, so that a hostile text takes no longer than a kind one. Node's own
 * `stripVTControlCharacters` does since version 24, and takes minutes for some hundred thousand characters.
 */
const SEQUENCE = new RegExp(`${TOLD}|${CONTROL}|${SHORT}`, 'g');

/** Removes escape sequences and control characters; keeps newlines and tabs. */
export function safeText(text: string): string {
  return text.replace(SEQUENCE, '').replace(UNSAFE, '');
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
