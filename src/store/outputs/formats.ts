/** The writer of each output format. */
import type { OutputFormat } from '../../schema/task-types.js';
import { writeParquet } from './parquet.js';
import { okLine } from './row-lines.js';
import type { Sink } from './sink.js';
import { type Pages, writeCsv, writeJson, writeLines } from './text-formats.js';

/** Writes pages of ok rows; returns how many rows there were. */
export const FORMAT_WRITERS: Readonly<Record<OutputFormat, (pages: Pages, sink: Sink) => Promise<number>>> = {
  jsonl: (pages, sink) => writeLines(pages, sink, okLine),
  json: writeJson,
  csv: writeCsv,
  parquet: writeParquet,
};
