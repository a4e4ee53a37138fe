/** What a starter may say beside the task, and what it is told. */
import type { SeenRows } from '../intake/seen-rows.js';
import type { SeedContent } from '../schema/seed.js';

export type { SeenRows };

/** Rows from code: texts, or objects whose fields the template names. A field `id` is the row's id. */
export type Rows = Iterable<SeedContent> | AsyncIterable<SeedContent>;

/** What a starter may say beside the task; what it does not say is as the task has it. */
export interface StartOptions {
  /** Rows from code instead of `seeds_file`. */
  seeds?: Rows;
  /** Path of a seeds file instead of `seeds_file`. */
  seedsFile?: string;
  /** Only the first N rows. A later start without it goes on with the rest. */
  limit?: number;
  /** Exactly N rows: the seeds repeat in order when there are fewer. */
  total?: number;
  /** Run folder instead of `output_dir` of the task. */
  outputDir?: string;
  /** Cap of the run in USD instead of `max_cost`. */
  maxCost?: number;
  /** Calls in flight instead of `workers`: a whole number above 0. */
  concurrency?: number;
  /** Rows per child workflow instead of `batch_size`: a whole number above 0. */
  sliceSize?: number;
  /** The run goes on when the starter is gone, also after the host died. Library default true, CLI default false. */
  detached?: boolean;
  /**
   * A changed task or seeds file: E_OUT_MISMATCH or E_SEEDS_CHANGED (`refuse`); rows that are done stay, and those that are left, or added at
   * the end, go on with the changed task (`keep`); the same, but rows that are asked something else now, by the task or since they were edited
   * in their places, are done anew and paid again (`redo`); both are E_LOCKED while the run is under way; start over in the same folder
   * (`fresh`), or in a new one (`fork`).
   * @default 'refuse'
   */
  ifChanged?: 'refuse' | 'keep' | 'redo' | 'fresh' | 'fork';
  /**
   * The report of a check of the same task and options: rows of a file that did not change since are not read again to see that they are those
   * of the run that goes on.
   */
  checked?: { seen: SeenRows | null };
  /** Accepts a template without a placeholder over many rows. @default false */
  allowConstantPrompt?: boolean;
  /** Who starts it, as `origin` of its progress says. @default 'library' */
  origin?: 'cli' | 'library' | 'http';
}

/** What a starter is told. */
export interface StartNotes {
  /** What the starter should be told: normalised values, assumed call time, resumed run, changed operational keys. */
  notes: string[];
  /** `new`, `resumed` (unfinished), `finished` (answered with no call). */
  kind: 'new' | 'resumed' | 'finished';
}
