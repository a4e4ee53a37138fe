/** Publishes a run: writes its folder's final files, whole, and takes the partial one away. */
import { join } from 'node:path';
import { knownRun } from '../core/run-errors.js';
import { OUTPUT_FORMATS } from '../schema/task-types.js';
import { FILTERED_FILE, outputFile, PARTIAL_FILE, RECEIPT_FILE, releaseFolder, TRANSCRIPTS_FILE } from './folder.js';
import { FolderUpdate } from './folder-update.js';
import { buildReceipt, publishedReceipt, type ReceiptFile, receiptText } from './receipt.js';
import { rowFiles } from './row-files.js';
import type { OutputReader } from './row-pages.js';
import type { Sink } from './sink.js';
import { type MessagesOf, writeTranscripts } from './transcripts.js';

export interface PublishOptions {
  /** Time in the receipt, ms since the Unix epoch. */
  at: number;
  /** Names and versions in the receipt. */
  versions: Readonly<Record<string, string>>;
  /** For transcripts.jsonl; called only when the task asks for transcripts. */
  messagesOf: MessagesOf;
}

export interface Published {
  /** Absolute paths, the receipt last. */
  files: string[];
  /** Path of the output file. */
  outputFile: string;
}

/**
 * Writes the output in the task's format, failed.jsonl, filtered.jsonl (only when there are any), transcripts.jsonl (when asked) and
 * receipt.json into the run's folder, which must exist. All are synced before the first one appears; the receipt appears last. What an
 * earlier publication left and this one does not have is removed. The folder is released. Does not mark the run as published.
 * Throws E_RUN_UNKNOWN (exit 2), E_OUT_WRITE and E_OUT_TARGET (exit 7).
 */
export async function publishRun(store: OutputReader, runId: string, options: PublishOptions): Promise<Published> {
  const run = await knownRun(store, runId);
  const update = await FolderUpdate.begin(run.outputDir);
  const files: ReceiptFile[] = [];
  async function file(name: string, fill: (sink: Sink) => Promise<number>): Promise<number> {
    let rows = 0;
    const digest = await update.write(name, async (sink) => {
      rows = await fill(sink);
    });
    files.push({ name, rows, ...digest });
    return rows;
  }
  try {
    const { outputFormat, transcripts } = run.task;
    const counted = { ok: 0, failed: 0, filtered: 0 };
    for (const { name, status, write } of rowFiles(store, run)) {
      const none = status === 'filtered' && (await store.outputRows(runId, { status, from: 0, limit: 1 })).length === 0;
      if (!none) counted[status] = await file(name, write);
    }
    if (transcripts) await file(TRANSCRIPTS_FILE, (sink) => writeTranscripts(store, runId, run.total, options.messagesOf, sink));
    const { at, versions } = options;
    const receipt = await buildReceipt(store, runId, { at, versions, files, counted });
    await update.write(RECEIPT_FILE, (sink) => sink.write(receiptText(receipt)));
    const written = [...files.map(({ name }) => name), RECEIPT_FILE];
    const others = [...OUTPUT_FORMATS.map(outputFile), FILTERED_FILE, TRANSCRIPTS_FILE, PARTIAL_FILE];
    for (const name of others) if (!written.includes(name)) update.remove(name);
    await releaseFolder(run.outputDir, runId, update);
    return { files: written.map((name) => join(run.outputDir, name)), outputFile: join(run.outputDir, outputFile(outputFormat)) };
  } finally {
    await update.abandon();
  }
}

/**
 * Writes receipt.json anew after calls of a published run were settled, with the files that it names. Nothing is written where the folder,
 * or the receipt of this epoch, is not here.
 */
export async function republishReceipt(
  store: OutputReader,
  runId: string,
  { at, versions }: Pick<PublishOptions, 'at' | 'versions'>,
): Promise<void> {
  const run = await store.run(runId);
  const before = run ? await publishedReceipt(run) : null;
  if (!run || !before) return;
  const { ok, failed, filtered } = before.counts;
  const receipt = await buildReceipt(store, runId, { at, versions, files: before.files, counted: { ok, failed, filtered } });
  await FolderUpdate.apply(run.outputDir, async (update) => {
    await update.write(RECEIPT_FILE, (sink) => sink.write(receiptText(receipt)));
  });
}
