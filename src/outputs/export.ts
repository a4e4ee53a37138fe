/** The ok rows of a run in any format, at any time, to a file or a stream. */
import { basename, dirname, resolve } from 'node:path';
import { knownRun } from '../core/run-errors.js';
import { makeFolder } from '../new-files.js';
import type { OutputFormat } from '../schema/task-types.js';
import { FolderUpdate } from './folder-update.js';
import { FORMAT_WRITERS } from './formats.js';
import { type OutputReader, rowPages } from './row-pages.js';
import { StreamSink } from './sink.js';
import { writing } from './write-errors.js';

/**
 * Writes the ok rows in input order; a file appears whole or not at all, a stream is not ended. Returns how many rows. As with output_dir,
 * folders of the path that are missing are made.
 * Throws E_RUN_UNKNOWN (exit 2), E_OUT_WRITE and E_OUT_TARGET (exit 7).
 */
export async function exportRun(
  store: OutputReader,
  runId: string,
  format: OutputFormat,
  target: string | NodeJS.WritableStream,
): Promise<number> {
  const run = await knownRun(store, runId);
  const pages = rowPages(store, runId, 'ok');
  if (typeof target !== 'string') {
    const sink = new StreamSink(target);
    try {
      return await FORMAT_WRITERS[format](pages, sink, run.task);
    } finally {
      sink.release();
    }
  }
  const path = resolve(target);
  const dir = dirname(path);
  await writing(dir, () => makeFolder(dir));
  let rows = 0;
  await FolderUpdate.apply(dir, async (update) => {
    await update.write(basename(path), async (sink) => {
      rows = await FORMAT_WRITERS[format](pages, sink, run.task);
    });
  });
  return rows;
}
