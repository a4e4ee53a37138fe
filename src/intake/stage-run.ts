/** Puts a task and its rows into the store as a run, or finds the run that this folder holds already. */
import { mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EXIT, SwarmError } from '../core/errors.js';
import { changedKeys, changedOperationalKeys } from '../core/fingerprint.js';
import { newRunId } from '../core/names.js';
import { capToNano } from '../core/price.js';
import { MOST_AUTO_CONCURRENCY } from '../core/slice-size.js';
import type { Seed } from '../schema/seed.js';
import type { Task } from '../schema/task-types.js';
import type { ClaimOptions, FolderMarker, FolderOwner } from '../store/outputs/folder.js';
import type { Control, RunRow, Store } from '../store/port.js';
import { canonicalJson, taskFingerprint } from './fingerprint.js';
import type { SeedReading } from './read-seeds.js';
import type { SeenRows } from './seen-rows.js';
import { busy, foreignFolder, mismatch, rowChanged, rowsAdded, rowsMissing } from './stage-refusals.js';

/** Rows of one staging transaction. */
const CHUNK = 1_000;
/** Runs whose staging was cut short are dropped after this time. */
const ABANDONED_MS = 600_000;

export interface StagePorts {
  store: Store;
  /** Folder of this home. */
  home: string;
  /** Id of this home: its processes read and write the files of the run. */
  homeId: string;
  readMarker(dir: string): Promise<FolderOwner | null>;
  claimFolder(dir: string, marker: FolderMarker, options: ClaimOptions): Promise<unknown>;
  releaseFolder(dir: string, run: string): Promise<void>;
  /** What is told to who finds the folder held by a living process. */
  taken(dir: string, owner: FolderOwner): SwarmError;
  /** True when the folder has a receipt. */
  isPublished(dir: string): Promise<boolean>;
  now(): number;
  random(): number;
}

export interface StageRequest {
  task: Task;
  /** Checked rows; iterating throws SwarmError on a bad one. Iterated once. */
  rows: SeedReading;
  /** What these rows are, where that is known already: then they are not read for a run that has them. */
  seen?: SeenRows | null;
  /** True when `--limit` cut the rows: a later start may go on with more. */
  limited: boolean;
  ifChanged: 'refuse' | 'fresh' | 'fork';
  detached: boolean;
  origin: RunRow['origin'];
  /** Default: made from the task's name. */
  runId?: string;
}

export interface StagedRun {
  run: RunRow;
  kind: 'new' | 'resumed' | 'finished';
  notes: string[];
}

/** A run is under way in Temporal, or may be. */
const BUSY = ['running', 'paused', 'interrupted'] as const;

export async function stageRun(ports: StagePorts, request: StageRequest): Promise<StagedRun> {
  const wanted = await realFolder(request.task.outputDir);
  const existing = await runOfFolder(ports, wanted);
  if (request.ifChanged === 'fork') {
    const dir = await freeFolder(ports, wanted);
    const staged = await stageNew(ports, request, dir);
    return { ...staged, notes: [`forked into ${dir}`, ...staged.notes] };
  }
  if (existing && request.ifChanged === 'fresh') {
    if ((BUSY as readonly string[]).includes(existing.state)) throw busy(existing);
    return await stageNew(ports, request, wanted, { replace: true, ended: existing.id });
  }
  if (existing) return await resume(ports, request, existing);
  const marker = await ports.readMarker(wanted);
  if (marker?.holder) throw ports.taken(wanted, marker);
  // A marker of this home without a run: its staging was cut short before it could be dropped.
  const stale = marker !== null && marker.home === ports.home && !(await ports.isPublished(wanted));
  if (marker && !stale && request.ifChanged === 'refuse') throw foreignFolder(wanted, marker, ports.home);
  return await stageNew(ports, request, wanted, { replace: stale || request.ifChanged === 'fresh' });
}

async function realFolder(dir: string): Promise<string> {
  try {
    await mkdir(dir, { recursive: true });
    return await realpath(dir);
  } catch (error) {
    throw new SwarmError(
      {
        code: 'E_OUT_DIR',
        place: { file: dir },
        found: `the output folder cannot be made: ${(error as Error).message}`,
        fix: 'choose another output_dir',
      },
      EXIT.badInput,
      { cause: error },
    );
  }
}

/** The newest run of a folder; leftovers of a staging that was cut short are dropped. */
async function runOfFolder({ store, homeId, now }: StagePorts, outputDir: string): Promise<RunRow | null> {
  // In a shared database another machine may have a folder of that name, which is not this one.
  const runs = (await store.runs({ outputDir })).filter(({ home }) => home === homeId || home === '');
  for (const run of runs) {
    if (run.state === 'staging' && now() - run.createdAt > ABANDONED_MS) await store.dropRun(run.id);
  }
  return runs.find((run) => run.state !== 'staging') ?? null;
}

/** `<dir>-2`, `<dir>-3`, ...: the first that no run has and that does not exist. */
async function freeFolder(ports: StagePorts, dir: string): Promise<string> {
  for (let suffix = 2; ; suffix += 1) {
    const candidate = join(dirname(dir), `${basename(dir)}-${suffix}`);
    if ((await ports.store.runs({ outputDir: candidate, limit: 1 })).length > 0) continue;
    try {
      await mkdir(candidate);
      return candidate;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** Keys of the file that a control row holds, and as what. */
const CONTROL_KEYS: readonly (readonly [key: string, fields: readonly (keyof Omit<Control, 'startCap' | 'version'>)[]])[] = [
  ['workers', ['concurrency', 'auto']],
  ['requests_per_minute', ['requestsPerMinute']],
  ['tokens_per_minute', ['tokensPerMinute']],
  ['max_cost', ['capNano']],
  ['max_cost_per_call', ['callCapNano']],
  ['max_cost_per_row', ['rowCapNano']],
  ['max_daily_cost', ['dayCapNano']],
];

function controlOf(task: Task): Omit<Control, 'startCap' | 'version'> {
  return {
    paused: false,
    cancelled: false,
    concurrency: task.concurrency === 'auto' ? MOST_AUTO_CONCURRENCY : task.concurrency,
    auto: task.concurrency === 'auto',
    requestsPerMinute: task.requestsPerMinute,
    tokensPerMinute: task.tokensPerMinute,
    capNano: capToNano(task.maxCost),
    callCapNano: capToNano(task.maxCostPerCall),
    rowCapNano: capToNano(task.maxCostPerRow),
    dayCapNano: capToNano(task.maxDailyCost),
  };
}

async function stageNew(
  ports: StagePorts,
  request: StageRequest,
  outputDir: string,
  claim: ClaimOptions = {},
): Promise<StagedRun> {
  const { store, now } = ports;
  const task: Task = { ...request.task, outputDir };
  const id = request.runId ?? newRunId(task.name, ports.random);
  const createdAt = now();
  const fingerprint = taskFingerprint(task);
  await store.createRun({
    id,
    name: task.name,
    task,
    taskFingerprint: fingerprint,
    outputDir,
    detached: request.detached,
    limited: request.limited,
    origin: request.origin,
    createdAt,
    home: ports.homeId,
  });
  try {
    await appendAll(store, id, request.rows);
    const seeds = request.rows.fingerprint;
    await ports.claimFolder(outputDir, { run: id, home: ports.home, fingerprint, createdAt }, claim);
    await store.sealRun(id, { seedsFingerprint: seeds.digest(), total: seeds.count, control: controlOf(task) });
  } catch (error) {
    await store.dropRun(id);
    await ports.releaseFolder(outputDir, id).catch(() => undefined);
    throw error;
  }
  return { run: await mustHave(store, id), kind: 'new', notes: [] };
}

/** The next rows are read while the last chunk is being stored. */
async function appendAll(store: Store, id: string, rows: AsyncIterable<Seed>): Promise<void> {
  let chunk: Seed[] = [];
  let storing: Promise<void> = Promise.resolve();
  const hand = async () => {
    const full = chunk;
    chunk = [];
    await storing;
    storing = store.appendSeeds(id, full);
    // Met where it is awaited; until then a failure must not count as unhandled.
    storing.catch(() => undefined);
  };
  try {
    for await (const seed of rows) {
      chunk.push(seed);
      if (chunk.length === CHUNK) await hand();
    }
    if (chunk.length > 0) await hand();
  } finally {
    await storing;
  }
}

async function resume(ports: StagePorts, request: StageRequest, existing: RunRow): Promise<StagedRun> {
  const { store } = ports;
  const task: Task = { ...request.task, outputDir: existing.outputDir };
  const changed = changedKeys(existing.task, task);
  if (changed.length > 0) throw mismatch(existing, changed);
  const grown = hasRows(existing, request.seen) ? false : await compareRows(store, request, existing);

  const notes: string[] = [];
  const operational = changedOperationalKeys(existing.task, task);
  if (operational.length > 0) {
    await store.updateRun(existing.id, { task });
    const control = controlOf(task);
    const changed = CONTROL_KEYS.filter(([key]) => operational.includes(key)).flatMap(([, fields]) => fields);
    await store.setControl(existing.id, Object.fromEntries(changed.map((field) => [field, control[field]])));
    notes.push(`run ${existing.id} takes over the changed ${operational.join(', ')}`);
  }
  if (existing.detached !== request.detached) await store.updateRun(existing.id, { detached: request.detached });
  const finished = existing.state === 'completed' && !grown;
  if (grown) notes.push(`run ${existing.id} goes on with rows ${existing.total + 1} and later`);
  else if (!finished) notes.push(`run ${existing.id} ${existing.state === 'running' ? 'is under way already' : 'is resumed'}`);
  return { run: await mustHave(store, existing.id), kind: finished ? 'finished' : 'resumed', notes };
}

function hasRows({ total, seedsFingerprint }: RunRow, seen: SeenRows | null | undefined): boolean {
  return seen?.count === total && seen.fingerprint === seedsFingerprint;
}

/** Compares the rows with those of the run; appends the rest to a run that `--limit` had cut. True when rows were added. */
async function compareRows(store: Store, request: StageRequest, existing: RunRow): Promise<boolean> {
  const { rows } = request;
  let chunk: Seed[] = [];
  const flush = async (same: boolean) => {
    const [first] = chunk;
    if (first && first.index >= existing.total) await store.appendSeeds(existing.id, chunk);
    else if (!same) await mustMatch(store, existing, chunk);
    chunk = [];
  };
  for await (const seed of rows) {
    if (seed.index === existing.total) {
      if (!existing.limited) throw rowsAdded(existing, seed);
      if ((BUSY as readonly string[]).includes(existing.state)) throw busy(existing);
    }
    chunk.push(seed);
    // The fingerprint covers exactly the rows that the run has.
    if (seed.index === existing.total - 1) await flush(rows.fingerprint.digest() === existing.seedsFingerprint);
    else if (chunk.length === CHUNK) await flush(false);
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

async function mustHave(store: Store, id: string): Promise<RunRow> {
  const run = await store.run(id);
  if (!run) throw new Error(`run ${id} is gone from the store`);
  return run;
}
