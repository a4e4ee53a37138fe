/** Comma-separated rows under a header. Every value is text. A column `id` gives the ids. Rows end with CRLF, LF or CR, in any mixture. */
import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import { formatFault, parserFault } from './csv-faults.js';
import { headerFault, separatorFault } from './csv-header.js';
import { wideEncoding } from './encoding.js';
import { badByteOf, lineAfter } from './file-places.js';
import { LONGEST_ROW, type RawFault, type RawItem, type RowReader } from './raw-row.js';

const BATCH = 256;
const LINE_END = /\r\n|\n|\r/g;

class BadEncoding extends Error {}

/** Bytes to text; the error says only that it failed. */
function decoding(): Transform {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (chunk: Buffer | undefined, done: (error: Error | null, text?: string) => void) => {
    try {
      done(null, chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true }));
    } catch {
      done(new BadEncoding());
    }
  };
  return new Transform({
    readableObjectMode: false,
    decodeStrings: true,
    encoding: 'utf8',
    transform: (chunk: Buffer, _encoding, done) => decode(chunk, done),
    flush: (done) => decode(undefined, done),
  });
}

async function wideFault(path: string): Promise<RawFault | null> {
  for await (const head of createReadStream(path, { end: 3 })) {
    const fault = wideEncoding(head as Buffer);
    return fault === null ? null : { line: 1, column: 1, fault, fatal: true };
  }
  return null;
}

/** The records before it may not have come out of the parser yet, so its line is counted in the file. */
async function faultOf(error: unknown, path: string): Promise<RawFault> {
  if (error instanceof CsvError) return parserFault(error, await lineAfter(path, Number(error['bytes'] ?? 0)));
  const bad = error instanceof BadEncoding ? await badByteOf(path) : null;
  if (bad === null) throw error;
  return { ...bad, fatal: true };
}

/** Line ends inside quotes. */
function innerLines(record: readonly string[]): number {
  let count = 0;
  for (const value of record) if (/[\r\n]/.test(value)) count += value.match(LINE_END)?.length ?? 0;
  return count;
}

/** Lines of nothing but separators: what spreadsheets leave below a table. */
class Blanks {
  #count = 0;
  #first = 0;

  /** True for a record that is no row. In a table of one column an empty value in quotes is a row. */
  takes(record: readonly string[], columns: number, line: number): boolean {
    if (columns < 2 || record.some((value) => value.trim() !== '')) return false;
    if (this.#count++ === 0) this.#first = line;
    return true;
  }

  note(notes: Set<string>): void {
    if (this.#count > 0) notes.add(`lines without a value are no rows: ${this.#count} skipped, the first is line ${this.#first}`);
  }
}

function itemOf(line: number, header: readonly string[], record: readonly string[]): RawItem {
  if (record.length !== header.length) {
    const found = `the row has ${record.length} values, the header ${header.length} columns`;
    return formatFault(line, found, { fix: 'put values with commas in double quotes' });
  }
  // fromEntries makes own fields even of __proto__.
  const content: Record<string, unknown> = Object.fromEntries(header.map((name, index) => [name, record[index]]));
  return Object.hasOwn(content, 'id') ? { line, content, id: content['id'] } : { line, content };
}

export function csvRows(path: string): RowReader {
  return async function* read(notes) {
    const unreadable = (await wideFault(path)) ?? (await separatorFault(path));
    if (unreadable) {
      yield [unreadable];
      return;
    }
    const parser = parse({
      bom: true,
      info: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: LONGEST_ROW,
    });
    const feeding = pipeline(createReadStream(path, { highWaterMark: 256 * 1024 }), decoding(), parser);
    // The failure comes out of the loop below; nobody may be told twice.
    feeding.catch(() => {});
    const blanks = new Blanks();
    let header: string[] | null = null;
    let items: RawItem[] = [];
    /** Without the empty lines before the next record: the parser counts those. */
    let nextLine = 1;
    try {
      for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { empty_lines: number } }>) {
        const line = nextLine + info.empty_lines;
        nextLine += 1 + innerLines(record);
        if (header === null) {
          header = record;
          const fault = headerFault(record, line);
          if (fault) {
            yield [fault];
            return;
          }
          continue;
        }
        if (blanks.takes(record, header.length, line)) continue;
        items.push(itemOf(line, header, record));
        if (items.length < BATCH) continue;
        yield items;
        items = [];
      }
    } catch (error) {
      items.push(await faultOf(error, path));
    } finally {
      parser.destroy();
    }
    blanks.note(notes);
    yield items;
  };
}
