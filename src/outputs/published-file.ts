/** Looks at a published file: its size, hash and rows, and where it parts from what the store would write. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Digest, Sink } from './sink.js';

const LINE_END = 10;
const QUOTE = 34;

export interface FileFacts extends Digest {
  /** Null where rows cannot be told without a reader of the format. */
  rows: number | null;
}

/** Line ends of a text, those within quotes counted apart. */
class LineEnds {
  all = 0;
  /** Of csv: a quote within a quoted field is doubled, so that each quote opens or closes. */
  unquoted = 0;
  #quoted = false;

  add(chunk: Buffer): void {
    for (const byte of chunk) {
      if (byte === QUOTE) this.#quoted = !this.#quoted;
      if (byte !== LINE_END) continue;
      this.all += 1;
      if (!this.#quoted) this.unquoted += 1;
    }
  }
}

/** As the writers lay out rows: a line each; in csv under a line of names; in json between two lines, or `[]`. */
function rowsOf(name: string, { all, unquoted }: LineEnds): number | null {
  switch (extname(name)) {
    case '.jsonl':
      return all;
    case '.csv':
      return unquoted - 1;
    case '.json':
      return Math.max(0, all - 2);
    default:
      return null;
  }
}

/** What a file is, read once; null when it is not there. */
export async function fileFacts(path: string): Promise<FileFacts | null> {
  const hash = createHash('sha256');
  const lines = new LineEnds();
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
      lines.add(chunk);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return { bytes, sha256: hash.digest('hex'), rows: rowsOf(path, lines) };
}

/** Where a file and what it should be part. */
export interface Parting {
  /** `line 3`; `byte 812` of a file that is no text. */
  place: string;
  /** What should be there, and what is: a few characters, or bytes in hex; `the end` of a file. */
  expected: string;
  found: string;
}

const SHOWN_BYTES = 60;

/** Reads a file along with what is written, in equal steps: nothing is kept, and of two long files one step is in memory. */
class ComparingSink implements Sink {
  parting: Parting | null = null;
  readonly #file: FileHandle;
  readonly #isText: boolean;
  #at = 0;
  #line = 1;

  constructor(file: FileHandle, isText: boolean) {
    this.#file = file;
    this.#isText = isText;
  }

  async write(chunk: string | Uint8Array): Promise<void> {
    if (this.parting) return;
    const expected = Buffer.from(chunk);
    const found = await this.#read(expected.length);
    if (found.equals(expected)) {
      this.#at += expected.length;
      this.#line += lineEnds(expected);
    } else this.#part(expected, found);
  }

  /** All is written. */
  async end(): Promise<void> {
    if (this.parting) return;
    const found = await this.#read(SHOWN_BYTES);
    if (found.length > 0) this.#part(Buffer.alloc(0), found);
  }

  async #read(length: number): Promise<Buffer> {
    const found = Buffer.alloc(length);
    let got = 0;
    while (got < length) {
      const { bytesRead } = await this.#file.read(found, got, length - got, this.#at + got);
      if (bytesRead === 0) break;
      got += bytesRead;
    }
    return found.subarray(0, got);
  }

  #part(expected: Buffer, found: Buffer): void {
    let same = 0;
    while (same < expected.length && same < found.length && expected[same] === found[same]) same += 1;
    // To where the character begins.
    while (this.#isText && same > 0 && ((expected[same] ?? 0) & 0xc0) === 0x80) same -= 1;
    const line = this.#line + lineEnds(expected.subarray(0, same));
    this.parting = {
      place: this.#isText ? `line ${line}` : `byte ${this.#at + same}`,
      expected: this.#shown(expected.subarray(same)),
      found: this.#shown(found.subarray(same)),
    };
  }

  #shown(bytes: Buffer): string {
    if (bytes.length === 0) return 'the end';
    const some = bytes.subarray(0, SHOWN_BYTES);
    return this.#isText ? (some.toString().split('\n', 1)[0] ?? '') : some.subarray(0, 16).toString('hex');
  }
}

function lineEnds(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_END); at !== -1; at = bytes.indexOf(LINE_END, at + 1)) count += 1;
  return count;
}

/** Where the file parts from what `fill` writes; null when they are the same. */
export async function partingOf(path: string, fill: (sink: Sink) => Promise<unknown>): Promise<Parting | null> {
  const file = await open(path);
  try {
    const sink = new ComparingSink(file, extname(path) !== '.parquet');
    await fill(sink);
    await sink.end();
    return sink.parting;
  } finally {
    await file.close();
  }
}
