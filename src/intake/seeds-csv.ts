/** Comma-separated rows under a header. Every value is text. A column `id` gives the ids. */
import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import { wideEncoding } from '../core/encoding.js';
import { LONGEST_ROW, type RawFault, type RawItem, type RowReader, tooLongFault } from './raw-row.js';

const ALLOWED =
  'a header line, then rows with as many values, separated by commas; values with commas, quotes or line ends in double quotes';
const BATCH = 256;

class BadEncoding extends Error {}

/** Bytes to text; the error says only that it failed, the line is the parser's to know. */
function decoding(): Transform {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let first = true;
  return new Transform({
    readableObjectMode: false,
    decodeStrings: true,
    encoding: 'utf8',
    transform(chunk: Buffer, _encoding, done) {
      if (first && wideEncoding(chunk.subarray(0, 4))) return done(new BadEncoding('the file is UTF-16'));
      first = false;
      try {
        done(null, decoder.decode(chunk, { stream: true }));
      } catch {
        done(new BadEncoding('the file holds bytes that are not UTF-8'));
      }
    },
    flush(done) {
      try {
        done(null, decoder.decode());
      } catch {
        done(new BadEncoding('the file ends inside a UTF-8 character'));
      }
    },
  });
}

function formatFault(line: number, found: string, fix: string, fatal = false): RawFault {
  return { line, column: 1, fault: { code: 'E_SEED_FORMAT', found, allowed: ALLOWED, fix }, ...(fatal ? { fatal } : {}) };
}

function headerFault(names: readonly string[], line: number): RawFault | null {
  const empty = names.findIndex((name) => name.trim() === '');
  if (empty >= 0) return formatFault(line, `column ${empty + 1} of the header has no name`, 'name every column', true);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return null;
  return formatFault(line, `the header has two columns named ${JSON.stringify(twice)}`, 'give each column its own name', true);
}

function faultOf(error: unknown, line: number): RawFault {
  if (error instanceof BadEncoding) {
    const fault = { code: 'E_ENCODING', found: error.message, allowed: 'UTF-8', fix: 'save the file again as UTF-8' };
    return { line, column: 1, fault, fatal: true };
  }
  if (error instanceof CsvError) {
    const at = typeof error['lines'] === 'number' ? error['lines'] : line;
    if (error.code === 'CSV_MAX_RECORD_SIZE') return { ...tooLongFault(line), fatal: true };
    return formatFault(at, error.message, 'check the quotes of this row', true);
  }
  throw error;
}

export function csvRows(path: string): RowReader {
  return async function* read() {
    const parser = parse({
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: LONGEST_ROW,
    });
    const feeding = pipeline(createReadStream(path, { highWaterMark: 256 * 1024 }), decoding(), parser);
    // The failure comes out of the loop below; nobody may be told twice.
    feeding.catch(() => {});
    let header: string[] | null = null;
    let items: RawItem[] = [];
    let nextLine = 1;
    try {
      for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
        const line = nextLine;
        nextLine = info.lines + 1;
        if (header === null) {
          header = record;
          const fault = headerFault(record, line);
          if (fault) {
            yield [fault];
            return;
          }
          continue;
        }
        if (record.length !== header.length) {
          const found = `the row has ${record.length} values, the header ${header.length} columns`;
          items.push(formatFault(line, found, 'put values with commas in double quotes'));
        } else {
          const names = header;
          // fromEntries makes own fields even of __proto__.
          const content: Record<string, unknown> = Object.fromEntries(names.map((name, index) => [name, record[index]]));
          items.push(Object.hasOwn(content, 'id') ? { line, content, id: content['id'] } : { line, content });
        }
        if (items.length < BATCH) continue;
        yield items;
        items = [];
      }
    } catch (error) {
      items.push(faultOf(error, nextLine));
    } finally {
      parser.destroy();
    }
    yield items;
  };
}
