/**
 * output.partial.jsonl: the ok rows so far, in order of arrival, for a look while the run goes on. It is a convenience: the store is the
 * truth, and publishing removes it. After a crash or a failed write it goes on behind the rows that are surely there: what follows them
 * (a torn, blank or foreign line) is cut off, and written anew from the store.
 */

import { constants } from 'node:fs';
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { callsByRow, outputOf } from '../core/conversation/output.js';
import type { Outcome } from '../core/model.js';
import { knownRun } from '../core/run-errors.js';
import { fileModeIn } from '../new-files.js';
import { PARTIAL_FILE } from './folder.js';
import { lastLineOf, linesOf } from './partial-lines.js';
import { okLine } from './row-lines.js';
import type { OutputReader } from './row-pages.js';
import { unsafeTarget, writing } from './write-errors.js';

const OUTCOMES_AT_ONCE = 500;

/** Id and index of the row that a whole line of ours holds; null for any other line. */
function rowOf(line: string): { id: string; index: number } | null {
  try {
    const row = JSON.parse(line) as { id?: unknown; index?: unknown; cost_usd?: unknown } | null;
    const { id, index } = row ?? {};
    return typeof id === 'string' && Number.isSafeInteger(index) && typeof row?.cost_usd === 'number'
      ? { id, index: index as number }
      : null;
  } catch {
    return null;
  }
}

function isRowOf({ id, index }: Outcome, line: string): boolean {
  const row = rowOf(line);
  return row?.id === id && row.index === index;
}

/** Takes the file away, if there is one. Throws E_OUT_WRITE. */
export async function removePartial(dir: string): Promise<void> {
  const path = join(dir, PARTIAL_FILE);
  await writing(path, () => rm(path, { force: true }));
}

export class PartialOutput {
  /** Up to here the outcomes are in the file. */
  private seq = 0;
  /** Length of the file. */
  private bytes = 0;
  /** False until the file was compared with the store, and again after a write that failed. */
  private trusted = false;

  private constructor(
    private readonly store: OutputReader,
    private readonly runId: string,
    private readonly path: string,
    private readonly handle: FileHandle,
  ) {}

  /** Opens or creates the file in the run's folder. Throws E_RUN_UNKNOWN, E_OUT_WRITE, E_OUT_TARGET. */
  static async open(store: OutputReader, runId: string): Promise<PartialOutput> {
    const run = await knownRun(store, runId);
    const path = join(run.outputDir, PARTIAL_FILE);
    const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants;
    const handle = await writing(path, async () => {
      try {
        return await open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, fileModeIn(await stat(run.outputDir)));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ELOOP') throw unsafeTarget(path, 'a symbolic link');
        throw error;
      }
    });
    try {
      if (!(await handle.stat()).isFile()) throw unsafeTarget(path, 'a special file');
      const partial = new PartialOutput(store, runId, path, handle);
      await partial.compare();
      return partial;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Appends the rows that ended well since the last call. Returns how many. One call at a time. */
  async append(): Promise<number> {
    if (!this.trusted) await this.compare();
    let rows = 0;
    for (;;) {
      const arrived = await this.store.outcomesAfter(this.runId, this.seq, OUTCOMES_AT_ONCE);
      const last = arrived.at(-1);
      if (!last) return rows;
      const ok = arrived.map(({ outcome }) => outcome).filter(({ status }) => status === 'ok');
      const text = await this.textOf(ok);
      if (text !== '') await this.appendWhole(Buffer.from(text));
      this.seq = last.seq;
      rows += ok.length;
    }
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  /** Finds the rows of the store that the file begins with, in their order, and cuts off the rest. */
  private async compare(): Promise<void> {
    if (!(await this.compareEnd())) await this.compareAll();
    await writing(this.path, () => this.handle.truncate(this.bytes));
    this.trusted = true;
  }

  /**
   * What a crash leaves is told by the end of the file: its last whole line is the row that stands there, and it has as many lines as there
   * are rows up to that one. Each line against the store would take the process seconds for a million rows, just when calls are to go on.
   */
  private async compareEnd(): Promise<boolean> {
    const last = await writing(this.path, () => lastLineOf(this.handle));
    const row = last && rowOf(last.text);
    const place = row && (await this.store.okPlace(this.runId, row.index));
    if (!place || place.id !== row.id || place.nth !== last.lines) return false;
    this.seq = place.seq;
    this.bytes = last.end;
    return true;
  }

  private async compareAll(): Promise<void> {
    const lines = linesOf(this.handle);
    this.seq = 0;
    this.bytes = 0;
    for await (const { seq, outcome } of this.okOutcomes()) {
      const line = await writing(this.path, () => lines.next());
      if (line.done || !isRowOf(outcome, line.value.text)) break;
      this.seq = seq;
      this.bytes = line.value.end;
    }
  }

  /** Ok outcomes arrive in a fixed order and are never taken back. */
  private async *okOutcomes(): AsyncGenerator<{ seq: number; outcome: Outcome }> {
    for (let from = 0; ; ) {
      const arrived = await this.store.outcomesAfter(this.runId, from, OUTCOMES_AT_ONCE);
      const last = arrived.at(-1);
      if (!last) return;
      from = last.seq;
      yield* arrived.filter(({ outcome }) => outcome.status === 'ok');
    }
  }

  /** All of the lines or none: after a failure the file is compared with the store before the next line is written. */
  private async appendWhole(lines: Buffer): Promise<void> {
    this.trusted = false;
    try {
      await writing(this.path, () => this.handle.appendFile(lines));
    } catch (error) {
      await this.handle.truncate(this.bytes).catch(() => {});
      throw error;
    }
    this.bytes += lines.length;
    this.trusted = true;
  }

  private async textOf(outcomes: readonly Outcome[]): Promise<string> {
    if (outcomes.length === 0) return '';
    const list = outcomes.map(({ index }) => index);
    const [seeds, calls] = await Promise.all([this.store.seeds(this.runId, { list }), this.store.calls(this.runId, { list })]);
    const contents = new Map(seeds.map(({ index, content }) => [index, content]));
    const ofSeed = callsByRow(calls);
    let text = '';
    for (const outcome of outcomes) {
      const { index } = outcome;
      const output = outputOf(ofSeed.get(index) ?? [], outcome);
      text += `${okLine({ ...outcome, seed: contents.get(index), output })}\n`;
    }
    return text;
  }
}
