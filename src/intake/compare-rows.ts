/** Whether the rows of a start are those that a run has already. */
import type { Seed } from '../schema/seed.js';
import type { RunRow, Store } from '../store/port/store.js';
import { standStill } from './keep-changed.js';
import { RowEdits, sameRow } from './row-edits.js';
import type { SeenRows } from './seen-rows.js';
import { STAGE_CHUNK, type StagePorts, type StageRequest } from './stage-new.js';
import { busy, isBusy, rowChanged, rowsAdded, rowsMissing } from './stage-refusals.js';

export interface ComparedRows {
  /** Rows were added: they are stored, and wait for `sealRows`. */
  grown: boolean;
  /** Rows that were edited in their places, where they may be: not stored yet. */
  edits: readonly Seed[];
}

/** What rows came to that were read to their end. */
export function readRows({ rows: { fingerprint } }: Pick<StageRequest, 'rows'>): Pick<SeenRows, 'count' | 'fingerprint'> {
  return { count: fingerprint.count, fingerprint: fingerprint.digest() };
}

export const SAME_ROWS: ComparedRows = { grown: false, edits: [] };

export function hasRows(
  { total, seedsFingerprint }: RunRow,
  seen: Pick<SeenRows, 'count' | 'fingerprint'> | null | undefined,
): boolean {
  return seen?.count === total && seen.fingerprint === seedsFingerprint;
}

/**
 * Compares the rows with those of the run; appends the rest to a run that `--limit` had cut, or whose start may change it. Throws
 * E_SEEDS_CHANGED for other rows, E_LOCKED.
 */
export async function compareRows(ports: StagePorts, request: StageRequest, existing: RunRow): Promise<ComparedRows> {
  const { store } = ports;
  const changes = request.ifChanged === 'keep' || request.ifChanged === 'redo';
  const beforeFirst = async (added: Seed) => {
    if (changes) await standStill(ports, existing);
    else if (!existing.limited) throw rowsAdded(existing, added);
    else if (isBusy(existing)) throw busy(existing);
  };
  return await comparedRows(store, request, existing, {
    beforeFirst,
    append: (seeds) => store.appendSeeds(existing.id, seeds),
  });
}

/** What happens to rows behind those of the run. */
interface AddedRows {
  beforeFirst(added: Seed): Promise<void>;
  append(seeds: readonly Seed[]): Promise<void>;
}

export async function comparedRows(
  store: Pick<Store, 'seeds'>,
  { rows, ifChanged, limited }: Pick<StageRequest, 'rows' | 'ifChanged' | 'limited'>,
  existing: RunRow,
  added: AddedRows,
): Promise<ComparedRows> {
  const edits = new RowEdits(existing);
  let chunk: Seed[] = [];
  const flush = async (same: boolean) => {
    const [first] = chunk;
    if (first && first.index >= existing.total) {
      for (const seed of chunk) edits.added(seed);
      await added.append(chunk);
    } else if (first && !same) await compare(first.index);
    chunk = [];
  };
  const compare = async (from: number) => {
    const known = await store.seeds(existing.id, { from, to: from + chunk.length });
    for (const [at, seed] of chunk.entries()) {
      const other = known[at];
      if (other && sameRow(other, seed)) continue;
      if (!other || ifChanged !== 'redo') throw rowChanged(existing, seed);
      edits.edited(other, seed);
    }
  };
  for await (const seed of rows) {
    if (seed.index === existing.total) await added.beforeFirst(seed);
    chunk.push(seed);
    // The fingerprint covers exactly the rows that the run has.
    if (seed.index === existing.total - 1) await flush(rows.fingerprint.digest() === existing.seedsFingerprint);
    else if (chunk.length === STAGE_CHUNK) await flush(false);
  }
  await flush(false);
  const { count } = rows.fingerprint;
  if (count < existing.total) throw rowsMissing(existing, count, limited);
  return { grown: count > existing.total, edits: edits.seeds };
}

/** From now on the run's rows are those that were read: all of them are stored. */
export async function sealRows({ store }: StagePorts, request: StageRequest, { id }: RunRow): Promise<void> {
  const { version: _version, ...control } = await store.control(id);
  const { count, fingerprint } = readRows(request);
  await store.sealRun(id, { seedsFingerprint: fingerprint, total: count, control });
  await store.updateRun(id, { limited: request.limited });
}
