/** Which result files a run folder has. */
import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRow } from '../store/port/store.js';
import { FAILED_FILE, outputFile, PARTIAL_FILE, RECEIPT_FILE, RESULT_FILES, TRANSCRIPTS_FILE } from './folder.js';
import { publishedReceipt } from './receipt.js';

/** What this run was published with, or is to be by its task of today, and is not in its folder. Changed files are the user's business. */
export async function missingFiles(run: RunRow): Promise<string[]> {
  const receipt = await publishedReceipt(run);
  const { outputFormat, transcripts } = run.task;
  const own = [outputFile(outputFormat), FAILED_FILE, ...(transcripts ? [TRANSCRIPTS_FILE] : []), RECEIPT_FILE];
  // An earlier format went with the publication of this one.
  const told = (receipt?.files ?? []).map(({ name }) => name).filter((name) => !name.startsWith('output.'));
  const missing: string[] = [];
  for (const name of new Set([...own, ...told])) if ((await sizeOf(join(run.outputDir, name))) === null) missing.push(name);
  return missing;
}

/** True when every result in `dir` is in `original`, too, byte for byte. Partial output is not a result: it is in the store. */
export async function isCopy(dir: string, original: string): Promise<boolean> {
  for (const name of await readdir(dir)) {
    if (name === PARTIAL_FILE || !RESULT_FILES.includes(name)) continue;
    if (!(await isSame(join(dir, name), join(original, name)))) return false;
  }
  return true;
}

async function sizeOf(path: string): Promise<number | null> {
  return await lstat(path).then(
    (found) => found.size,
    () => null,
  );
}

async function isSame(one: string, other: string): Promise<boolean> {
  const size = await sizeOf(one);
  if (size === null || size !== (await sizeOf(other))) return false;
  const others = createReadStream(other)[Symbol.asyncIterator]();
  // Both streams cut files of the same size into the same pieces.
  for await (const piece of createReadStream(one)) {
    const next = await others.next();
    if (next.done || !(piece as Buffer).equals(next.value as Buffer)) return false;
  }
  return true;
}
