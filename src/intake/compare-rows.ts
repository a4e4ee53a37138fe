/** Whether the rows of a start are those that a run has already. */
import type { Seed } from '../schema/seed.js';
import type { RunRow, Store } from '../store/port/store.js';
import { canonicalJson } from './fingerprint.js';
import { standStill } from './keep-changed.js';
import type { SeenRows } from './seen-rows.js';
import { STAGE_CHUNK, type StagePorts, type StageRequest } from './stage-new.js';
import { busy, isBusy, rowChanged, rowsAdded, rowsMissing } from './stage-refusals.js';

export function hasRows(
  { total, seedsFingerprint }: RunRow,
  seen: Pick<SeenRows, 'count' | 'fingerprint'> | null | undefined,
): boolean {
  return seen?.count === total && seen.fingerprint === seedsFingerprint;
}

/**
 * Compares the rows with those of the run; appends the rest to a run that `--limit` had cut, or that keeps what it has. True when rows were
 * added.
 */
export async function compareRows(ports: StagePorts, request: StageRequest, existing: RunRow): Promise<boolean> {
  const { store } = ports;
  const { rows } = request;
  const keeps = request.ifChanged === 'keep';
  let chunk: Seed[] = [];
  const flush = async (same: boolean) => {
    const [first] = chunk;
    if (first && first.index >= existing.total) await store.appendSeeds(existing.id, chunk);
    else if (!same) await mustMatch(store, existing, chunk);
    chunk = [];
  };
  for await (const seed of rows) {
    if (seed.index === existing.total) {
      if (keeps) await standStill(ports, existing);
      else if (!existing.limited) throw rowsAdded(existing, seed);
      else if (isBusy(existing)) throw busy(existing);
    }
    chunk.push(seed);
    // The fingerprint covers exactly the rows that the run has.
    if (seed.index === existing.total - 1) await flush(rows.fingerprint.digest() === existing.seedsFingerprint);
    else if (chunk.length === STAGE_CHUNK) await flush(false);
  }
  await flush(false);
  const { count } = rows.fingerprint;
  if (count < existing.total) throw rowsMissing(existing, count, request.limited);
  if (count === existing.total) return false;
  const { version: _version, ...control } = await store.control(existing.id);
  await store.sealRun(existing.id, { seedsFingerprint: rows.fingerprint.digest(), total: count, control });
  await store.updateRun(existing.id, { limited: request.limited });
  return true;
}

async function mustMatch(store: Store, existing: RunRow, chunk: readonly Seed[]): Promise<void> {
  const [first] = chunk;
  if (!first) return;
  const known = await store.seeds(existing.id, { from: first.index, to: first.index + chunk.length });
  for (const [at, seed] of chunk.entries()) {
    const other = known[at];
    if (!other || other.id !== seed.id || canonicalJson(other.content) !== canonicalJson(seed.content))
      throw rowChanged(existing, seed);
  }
}
