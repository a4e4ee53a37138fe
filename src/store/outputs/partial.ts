/**
 * output.partial.jsonl: the ok rows so far, in order of arrival, for a look while the run goes on. It is a convenience: the store is the
 * truth, and publishing removes it. After a crash it goes on where it stopped: a torn last line is cut off.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outcome } from '../../core/model.js';
import { unknownRun } from '../store-errors.js';
import { PARTIAL_FILE } from './folder.js';
import { okLine } from './row-lines.js';
import type { OutputReader } from './row-pages.js';
import { callsBySeed } from './transcripts.js';
import { unsafeTarget, writing } from './write-errors.js';

const OUTCOMES_AT_ONCE = 500;
const READ_BYTES = 256 * 1024;
const LINE_END = 10;

/** Complete lines of a file, and how many bytes they are. */
async function wholeLines(handle: FileHandle): Promise<{ lines: number; bytes: number }> {
  const buffer = Buffer.alloc(READ_BYTES);
  let lines = 0;
  let bytes = 0;
  for (let at = 0; ; ) {
    const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, at);
    if (bytesRead === 0) return { lines, bytes };
    for (let end = buffer.indexOf(LINE_END); end >= 0 && end < bytesRead; end = buffer.indexOf(LINE_END, end + 1)) {
      lines += 1;
      bytes = at + end + 1;
    }
    at += bytesRead;
  }
}

/** Takes the file away, if there is one. Throws E_OUT_WRITE. */
export async function removePartial(dir: string): Promise<void> {
  const path = join(dir, PARTIAL_FILE);
  await writing(path, () => rm(path, { force: true }));
}

export class PartialOutput {
  private seq = 0;

  private constructor(
    private readonly store: OutputReader,
    private readonly runId: string,
    private readonly path: string,
    private readonly handle: FileHandle,
    /** Rows that the file has already: ok outcomes arrive in a fixed order and are never taken back. */
    private skip: number,
    private bytes: number,
  ) {}

  /** Opens or creates the file in the run's folder. Throws E_RUN_UNKNOWN, E_OUT_WRITE, E_OUT_TARGET. */
  static async open(store: OutputReader, runId: string): Promise<PartialOutput> {
    const run = await store.run(runId);
    if (!run) throw unknownRun(runId);
    const path = join(run.outputDir, PARTIAL_FILE);
    const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants;
    const handle = await writing(path, async () => {
      try {
        return await open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0o666);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ELOOP') throw unsafeTarget(path, 'a symbolic link');
        throw error;
      }
    });
    try {
      if (!(await handle.stat()).isFile()) throw unsafeTarget(path, 'a special file');
      const { lines, bytes } = await writing(path, () => wholeLines(handle));
      await writing(path, () => handle.truncate(bytes));
      return new PartialOutput(store, runId, path, handle, lines, bytes);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Appends the rows that ended well since the last call. Returns how many. One call at a time. */
  async append(): Promise<number> {
    let rows = 0;
    for (;;) {
      const arrived = await this.store.outcomesAfter(this.runId, this.seq, OUTCOMES_AT_ONCE);
      const last = arrived.at(-1);
      if (!last) return rows;
      const ok = arrived.map(({ outcome }) => outcome).filter(({ status }) => status === 'ok');
      const known = Math.min(this.skip, ok.length);
      const fresh = ok.slice(known);
      const text = await this.linesOf(fresh);
      if (text !== '') await this.appendWhole(Buffer.from(text));
      this.skip -= known;
      this.seq = last.seq;
      rows += fresh.length;
    }
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  /** All of the lines or none, so that a full disk leaves no torn line for the next call to build on. */
  private async appendWhole(lines: Buffer): Promise<void> {
    try {
      await writing(this.path, () => this.handle.appendFile(lines));
      this.bytes += lines.length;
    } catch (error) {
      await this.handle.truncate(this.bytes).catch(() => {});
      throw error;
    }
  }

  private async linesOf(outcomes: readonly Outcome[]): Promise<string> {
    if (outcomes.length === 0) return '';
    const list = outcomes.map(({ index }) => index);
    const [seeds, calls] = await Promise.all([this.store.seeds(this.runId, { list }), this.store.calls(this.runId, { list })]);
    const contents = new Map(seeds.map(({ index, content }) => [index, content]));
    const ofSeed = callsBySeed(calls);
    let text = '';
    for (const outcome of outcomes) {
      const { index, fromTurn, turns } = outcome;
      const answers = (ofSeed.get(index) ?? []).filter(
        ({ state, turn }) => state === 'answered' && turn >= fromTurn && turn <= turns,
      );
      const output = answers.map(({ answer }) => answer ?? '').join('');
      text += `${okLine({ ...outcome, seed: contents.get(index), output })}\n`;
    }
    return text;
  }
}
