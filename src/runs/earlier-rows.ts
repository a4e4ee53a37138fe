/** What the store knows of a task that is to be run: rows that are done already, and a sample of what a row takes. */
import { realpath } from 'node:fs/promises';
import { calibrationSample, SAMPLED_ROWS, type SampledRow } from '../core/estimate.js';
import type { Learned } from '../core/gate/learned.js';
import { gateKey } from '../core/names.js';
import { taskFingerprint } from '../intake/fingerprint.js';
import { type CheckedStart, countRedo } from '../intake/redo-changed.js';
import type { PriceOverride } from '../schema/task-types.js';
import type { Store } from '../store/port/store.js';
import type { StartOptions } from './start-options.js';

export interface EarlierRows {
  /** Rows that have their outcome in the run that would go on, and keep it. */
  done: number;
  /** Rows that have their outcome, and would be done anew (`redo`). */
  anew: number;
  /** The first rows of the newest run of the same task, from its start, that has enough of them, and the price it gave; null = there is none. */
  sample: { run: string; rows: SampledRow[]; price: PriceOverride | null } | null;
  /** What was found of the provider's limits. */
  learned: Learned | null;
}

export const NO_EARLIER_ROWS: EarlierRows = { done: 0, anew: 0, sample: null, learned: null };

/** Runs that are looked through. */
const NEWEST = 100;
/** A run that has ended tells of all its rows, so that fewer are enough. */
const LEAST_ENDED = 5;

/** Throws E_SEEDS_CHANGED for rows that have moved or are missing (`redo`). */
export async function earlierRows(
  store: Pick<Store, 'runs' | 'totals' | 'firstRows' | 'limits' | 'taskVersions' | 'seeds' | 'begunRows'>,
  start: CheckedStart,
  ifChanged: StartOptions['ifChanged'] = 'refuse',
): Promise<EarlierRows> {
  const { task } = start;
  const fingerprint = taskFingerprint(task);
  const folder = await realpath(task.outputDir).catch(() => task.outputDir);
  const newest = (await store.runs({ limit: NEWEST })).filter((run) => run.epoch > 0);
  // What is kept was done by another task: it is done all the same, and tells nothing of this one.
  const [inFolder] = newest.filter(({ outputDir }) => outputDir === folder);
  const takesOver = ifChanged === 'keep' || ifChanged === 'redo';
  const kept = takesOver && inFolder?.taskFingerprint !== fingerprint ? inFolder : undefined;
  const runs = newest.filter((run) => run.taskFingerprint === fingerprint);
  const found: EarlierRows = { ...NO_EARLIER_ROWS, learned: await store.limits(gateKey(task.model)) };
  if (kept) found.done = await doneOf(store, kept.id);
  for (const run of runs) {
    const done = await doneOf(store, run.id);
    if (!kept && run.outputDir === folder && found.done === 0) found.done = done;
    if (found.sample !== null || (await store.taskVersions(run.id)).length > 0) continue;
    const rows = await store.firstRows(run.id, SAMPLED_ROWS);
    const sample = calibrationSample(rows, done === run.total ? LEAST_ENDED : undefined);
    if (sample) found.sample = { run: run.id, rows: sample, price: run.task.price };
  }
  if (ifChanged === 'redo' && inFolder) {
    found.anew = await countRedo(store, inFolder, start);
    found.done -= found.anew;
  }
  return found;
}

async function doneOf(store: Pick<Store, 'totals'>, runId: string): Promise<number> {
  const { ok, failed, filtered } = await store.totals(runId);
  return ok + failed + filtered;
}
