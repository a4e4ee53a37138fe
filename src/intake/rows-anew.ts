/** Which rows of a run are asked something else by a changed task or in their changed content: found from the store, nothing is changed. */
import type { Seed } from '../schema/seed.js';
import type { Task } from '../schema/task-types.js';
import type { BegunRow } from '../store/port/changed-rows.js';
import type { RunRow, Store } from '../store/port/store.js';
import type { TaskVersion } from '../store/port/task-versions.js';
import { type AskedRow, asksAnew } from './asked-anew.js';
import { taskFingerprint } from './fingerprint.js';
import { sameRow } from './row-edits.js';

/** Rows of one transaction. */
const CHUNK = 500;

export interface Wanted {
  run: RunRow;
  /** That all rows are to be done by. */
  task: Task;
  /** Rows that were edited, in their order. */
  edits: readonly Seed[];
}

export interface ChunkAnew {
  /** Edited rows. */
  seeds: Seed[];
  /** Rows that begin a new conversation, in their order. */
  rows: BegunRow[];
}

type Reads = Pick<Store, 'seeds' | 'begunRows' | 'taskVersions'>;

/** Chunks in which something is to be changed, in the order of the rows. */
export async function* rowsAnew(store: Reads, { run, task, edits }: Wanted): AsyncGenerator<ChunkAnew, void> {
  const asked = new AskedBefore(run, await store.taskVersions(run.id), task);
  let next = 0;
  for (let from = 0; from < run.total; from += CHUNK) {
    const to = Math.min(run.total, from + CHUNK);
    const edited = new Map<number, Seed>();
    for (let seed = edits[next]; seed && seed.index < to; seed = edits[next]) {
      edited.set(seed.index, seed);
      next += 1;
    }
    if (edited.size === 0 && !asked.otherwise) continue;
    const [known, begun] = await Promise.all([store.seeds(run.id, { from, to }), store.begunRows(run.id, from, to)]);
    const contents = new Map(known.map((seed) => [seed.index, seed]));
    const rows = begun.filter((row) => {
      const was = contents.get(row.index);
      return was && asked.isAnew(row, { was: was.content, now: (edited.get(row.index) ?? was).content });
    });
    // Another start of the same may have changed them already.
    const seeds = [...edited.values()].filter((seed) => !sameRow(contents.get(seed.index) ?? seed, seed));
    if (seeds.length > 0 || rows.length > 0) yield { seeds, rows };
  }
}

/** Rows that have their outcome and are done anew. */
export interface CountsAnew {
  ok: number;
  failed: number;
  filtered: number;
}

/** Counts rows of a chunk that lose their outcome. */
export function addAnew(counts: CountsAnew, { rows }: ChunkAnew): void {
  for (const { status } of rows) if (status !== null) counts[status] += 1;
}

/** What was asked by the versions of a run's task, against what one task asks. */
class AskedBefore {
  /** False: all asked the same of rows that did not change. */
  readonly otherwise: boolean;
  readonly #versions: readonly { fromEpoch: number; fromSeq: number; isAnew(row: AskedRow): boolean }[];

  constructor(run: RunRow, versions: readonly TaskVersion[], task: Task) {
    const all =
      versions.length > 0 ? versions : [{ task: run.task, taskFingerprint: run.taskFingerprint, fromEpoch: 1, fromSeq: 0 }];
    const wanted = taskFingerprint(task);
    this.otherwise = all.some((version) => version.taskFingerprint !== wanted);
    this.#versions = all.map(({ task: before, fromEpoch, fromSeq }) => ({ fromEpoch, fromSeq, isAnew: asksAnew(before, task) }));
  }

  /** By every task that asked a part of its conversation. */
  isAnew({ epochs, seq, cut }: BegunRow, content: Pick<AskedRow, 'was' | 'now'>): boolean {
    const at = [
      ...(epochs ?? []).map((epoch) => this.#versions.findLastIndex(({ fromEpoch }) => fromEpoch <= epoch)),
      ...(seq === null ? [] : [this.#versions.findLastIndex(({ fromSeq }) => fromSeq < seq)]),
    ].map((found) => Math.max(0, found));
    const [first, last] = [Math.min(...at), Math.max(...at)];
    return this.#versions.slice(first, last + 1).some((version) => version.isAnew({ ...content, cut }));
  }
}
