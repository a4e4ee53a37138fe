/** From the bytes of a body to its text, as liberal as other HTTP clients: whatever it is compressed with and whatever charset it is in. */
import { promisify } from 'node:util';
import { brotliDecompress, constants, gunzip, inflate, inflateRaw } from 'node:zlib';
import type { HeaderMap } from './retry-after.js';
import { MAX_BODY_BYTES } from './wire-request.js';

type Decoder = (body: Buffer) => Promise<Buffer>;

// A stream without its end is unpacked as far as it goes, as browsers do: whether the answer is whole is seen by its text.
const zlibOptions = { maxOutputLength: MAX_BODY_BYTES, finishFlush: constants.Z_SYNC_FLUSH };
const brotliOptions = { maxOutputLength: MAX_BODY_BYTES, finishFlush: constants.BROTLI_OPERATION_FLUSH };
const ungzip = promisify(gunzip);
const inflateZlib = promisify(inflate);
const inflateBare = promisify(inflateRaw);
const unbrotli = promisify(brotliDecompress);

const gzipDecoder: Decoder = (body) => ungzip(body, zlibOptions);
const DECODERS: Readonly<Record<string, Decoder>> = {
  gzip: gzipDecoder,
  'x-gzip': gzipDecoder,
  // Some servers leave the zlib header out, whose first byte ends in 8.
  deflate: (body) => (((body[0] ?? 0) & 0x0f) === 8 ? inflateZlib(body, zlibOptions) : inflateBare(body, zlibOptions)),
  br: (body) => unbrotli(body, brotliOptions),
};

/** Looks like the text of an answer: some servers say that it is compressed when it is not. A brotli stream may begin so, too. */
function isPlain(body: Buffer): boolean {
  return /^\s*(?:[{[<]|data:|event:)/.test(body.subarray(0, 64).toString('latin1'));
}

async function decoded(body: Buffer, encoding: string): Promise<Buffer> {
  try {
    const decoder = DECODERS[encoding];
    if (!decoder) throw Object.assign(new Error(), { code: `encoding ${encoding.slice(0, 20)}` });
    return await decoder(body);
  } catch (error) {
    if (isPlain(body)) return body;
    throw error;
  }
}

/** Some servers compress though we do not ask for it. Throws an error with a `code`: an encoding that nobody knows, broken or too much. */
export async function decompress(body: Buffer, headers: HeaderMap): Promise<Buffer> {
  const encodings = (headers['content-encoding'] ?? '').toLowerCase().split(',');
  let plain = body;
  for (const encoding of encodings.map((name) => name.trim()).reverse()) {
    if (encoding === '' || encoding === 'identity' || plain.length === 0) continue;
    plain = await decoded(plain, encoding);
  }
  return plain;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** One byte a character: often a server's default that says nothing of the body. */
const ONE_BYTE = /^(?:us-ascii|ascii|latin-?1|iso-?8859|windows-125|cp125|l1$)/;

/** The charset that byte order marks, zero bytes or the headers tell; null: UTF-8, unless it cannot be. */
function charsetOf(body: Buffer, headers: HeaderMap): { sure: string | null; named: string | null } {
  const [first, second] = body;
  if (first === 0xff && second === 0xfe) return { sure: 'utf-16le', named: null };
  if (first === 0xfe && second === 0xff) return { sure: 'utf-16be', named: null };
  // JSON and pages begin with ASCII.
  if (second === 0 && first !== 0) return { sure: 'utf-16le', named: null };
  if (first === 0 && second !== 0 && second !== undefined) return { sure: 'utf-16be', named: null };
  const named = /charset\s*=\s*["']?([^\s"';,]{1,40})/i.exec(headers['content-type'] ?? '')?.[1]?.toLowerCase() ?? null;
  return named === null || ONE_BYTE.test(named) ? { sure: null, named } : { sure: named, named };
}

function inCharset(body: Buffer, charset: string): string | null {
  try {
    return new TextDecoder(charset).decode(body);
  } catch {
    return null;
  }
}

function isUtf8(name: string): boolean {
  return name === 'utf-8' || name === 'utf8';
}

/** Never throws. Without a byte order mark; what fits no charset is read as UTF-8, with replacement characters. */
export function textOf(body: Buffer, headers: HeaderMap): string {
  const { sure, named } = charsetOf(body, headers);
  const told = sure === null || isUtf8(sure) ? null : inCharset(body, sure);
  if (told !== null) return told;
  try {
    return UTF8.decode(body);
  } catch {
    return (named !== null && !isUtf8(named) ? inCharset(body, named) : null) ?? inCharset(body, 'utf-8') ?? '';
  }
}
