/** The writer of each output format. */
import type { OutputFormat, Task } from '../schema/task-types.js';
import { writeParquet } from './parquet.js';
import { okLine } from './row-lines.js';
import type { Sink } from './sink.js';
import { type Pages, writeCsv, writeJson, writeLines } from './text-formats.js';

/** Writes pages of ok rows; returns how many rows there were. */
type FormatWriter = (pages: Pages, sink: Sink, task: Pick<Task, 'csvGuard'>) => Promise<number>;

export const FORMAT_WRITERS: Readonly<Record<OutputFormat, FormatWriter>> = {
  jsonl: (pages, sink) => writeLines(pages, sink, okLine),
  json: writeJson,
  csv: (pages, sink, { csvGuard = false }) => writeCsv(pages, sink, csvGuard),
  parquet: writeParquet,
};
