/** The files of a run that hold one row of the store each, and what writes them. The same rows always give the same bytes. */
import type { Outcome } from '../core/model.js';
import type { Task } from '../schema/task-types.js';
import { FAILED_FILE, FILTERED_FILE, outputFile } from './folder.js';
import { FORMAT_WRITERS } from './formats.js';
import { failedLine, filteredLine } from './row-lines.js';
import { type OutputReader, rowPages } from './row-pages.js';
import type { Sink } from './sink.js';
import { writeLines } from './text-formats.js';

export interface RowFile {
  name: string;
  status: Outcome['status'];
  /** Returns how many rows it wrote. */
  write(sink: Sink): Promise<number>;
}

/** The output, the failed rows, the filtered rows. */
export function rowFiles(store: OutputReader, run: { id: string; task: Pick<Task, 'outputFormat' | 'csvGuard'> }): RowFile[] {
  const { outputFormat } = run.task;
  const pages = (status: Outcome['status']) => rowPages(store, run.id, status);
  return [
    { name: outputFile(outputFormat), status: 'ok', write: (sink) => FORMAT_WRITERS[outputFormat](pages('ok'), sink, run.task) },
    { name: FAILED_FILE, status: 'failed', write: (sink) => writeLines(pages('failed'), sink, failedLine) },
    { name: FILTERED_FILE, status: 'filtered', write: (sink) => writeLines(pages('filtered'), sink, filteredLine) },
  ];
}
