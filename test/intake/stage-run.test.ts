import { cpSync, existsSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { EXIT, type SwarmError } from '../../src/core/errors.js';
import { readSeeds, type SeedReading } from '../../src/intake/read-seeds.js';
import type { SeenRows } from '../../src/intake/seen-rows.js';
import type { StagePorts, StageRequest } from '../../src/intake/stage-new.js';
import { stageRun } from '../../src/intake/stage-run.js';
import { RECEIPT_FILE, readMarker, releaseFolder } from '../../src/outputs/folder.js';
import { runFolders } from '../../src/outputs/run-folders.js';
import type { Task } from '../../src/schema/task-types.js';
import type { Store } from '../../src/store/port/store.js';
import { fileStore } from '../activities/file-store.js';
import { aTask, gatekeeper } from '../activities/turn-setup.js';

const opened = fileStore();
let store: Store;
let root: string;
beforeAll(() => {
  store = opened.store;
  root = opened.folder;
});

let clock: number;
let dir: string;
let made = 0;
beforeEach(() => {
  clock = 1_790_000_000_000;
  made += 1;
  dir = join(root, `out-${made}`);
});

const ROWS = ['a', 'b', 'c'];
type More = Partial<Omit<StageRequest, 'rows' | 'task'>> & { rows?: readonly string[]; task?: Partial<Task>; limit?: number };

let random = 0;
const ports = (): StagePorts => ({
  store,
  home: join(root, 'home'),
  homeId: 'home',
  ...runFolders,
  now: () => clock,
  // A different id for every run.
  random: () => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    return random / 2 ** 32;
  },
});

const staged = ({ rows = ROWS, task = {}, limit, ...more }: More = {}, own = ports()) =>
  stageRun(own, {
    task: aTask({ outputDir: dir, ...task }),
    rows: readSeeds({ rows }, limit === undefined ? {} : { limit }),
    // A fork is looked for by its rows.
    ...(more.ifChanged === 'fork' ? { rowsAgain: () => readSeeds({ rows }, limit === undefined ? {} : { limit }) } : {}),
    limited: limit !== undefined,
    ifChanged: 'refuse',
    detached: true,
    origin: 'library',
    ...more,
  });

const refused = async (more: More = {}, own = ports()) =>
  (await staged(more, own).catch((error: unknown) => error)) as SwarmError;

/** The run ended, with what it has in its folder. */
async function ended(id: string, state: 'completed' | 'capped' = 'completed', folder = dir): Promise<void> {
  await store.updateRun(id, { state, endedAt: clock, publishedAt: clock });
  for (const name of ['output.jsonl', 'failed.jsonl']) writeFileSync(join(folder, name), `${name} of ${id}`);
  writeFileSync(join(folder, RECEIPT_FILE), JSON.stringify({ run: id, epochs: 0, files: [{ name: 'filtered.jsonl' }] }));
  writeFileSync(join(folder, 'filtered.jsonl'), '');
  await releaseFolder(folder, id);
}

/** One row of the run is answered. */
async function answered(id: string): Promise<void> {
  const key = { runId: id, index: 0, turn: 1 };
  const intent = await store.intend({ ...key, epoch: 1, phase: 'map', role: 'worker', owner: 'o', reservedNano: 5, at: clock });
  if (intent.kind !== 'go') throw new Error(intent.kind);
  const usage = { input: 1, cached: 0, output: 1, reasoning: 0 };
  const end = { answer: 'x', finish: 'stop', servedModel: 'm', usage, costNano: 5, at: clock } as const;
  await store.settle({ ...key, attempt: intent.attempt, ...end });
}

describe('rows that were seen already', () => {
  /** Rows that must not be read. */
  const unread = (): SeedReading => ({
    ...readSeeds({ rows: ROWS }, {}),
    [Symbol.asyncIterator]: () => {
      throw new Error('the rows were read');
    },
  });
  const seenAs = async (rows: readonly string[]): Promise<SeenRows> => {
    const reading = readSeeds({ rows }, {});
    for await (const _ of reading);
    const { count } = reading.fingerprint;
    return { file: '/seeds', limit: null, total: null, version: '1', count, fingerprint: reading.fingerprint.digest() };
  };
  const again = (rows: SeedReading, seen: SeenRows) =>
    stageRun(ports(), {
      task: aTask({ outputDir: dir }),
      ...{ rows, seen, limited: false, ifChanged: 'refuse', detached: true, origin: 'library' },
    });

  it('those of the run -> it is answered, or goes on, and no row is read', async () => {
    const { run } = await staged();
    expect(await again(unread(), await seenAs(ROWS))).toMatchObject({ run: { id: run.id }, kind: 'resumed' });
    await ended(run.id);
    expect(await again(unread(), await seenAs(ROWS))).toMatchObject({ run: { id: run.id }, kind: 'finished' });
  });

  it.each<[string, string[], RegExp]>([
    ['one is another', ['a', 'X', 'c'], /row 2 \(id .*\) is not the row/],
    ['one is new', [...ROWS, 'd'], /row 4 \(id .*\) is new/],
    ['one is gone', ['a', 'b'], /has 3 rows, there are 2 now/],
  ])('%s -> they are read, and it is named', async (_, rows, named) => {
    const { run } = await staged();
    await ended(run.id);
    await expect(again(readSeeds({ rows }, {}), await seenAs(rows))).rejects.toThrow(named);
  });
});

describe('a new folder', () => {
  it('three rows -> a staged run with its control, in a folder of its own', async () => {
    const { run, kind, notes } = await staged({ task: { concurrency: 'auto', requestsPerMinute: 30, maxCost: 0.5 } });
    expect([kind, notes]).toEqual(['new', []]);
    expect(run).toMatchObject({
      state: 'staged',
      total: 3,
      epoch: 0,
      outputDir: dir,
      detached: true,
      limited: false,
      origin: 'library',
    });
    expect((await store.seeds(run.id, { from: 0, to: 9 })).map(({ content }) => content)).toEqual(ROWS);
    expect(await store.control(run.id)).toMatchObject({
      concurrency: 200,
      auto: true,
      requestsPerMinute: 30,
      capNano: 500_000_000,
      paused: false,
    });
    expect(await readMarker(dir)).toMatchObject({ run: run.id, home: join(root, 'home'), fingerprint: run.taskFingerprint });
  });

  it('an id of its own -> taken', async () => {
    expect((await staged({ runId: 'my-run' })).run.id).toBe('my-run');
  });

  it('many rows -> all of them, in order', async () => {
    const rows = Array.from({ length: 2_345 }, (_, index) => `row ${index}`);
    const { run } = await staged({ rows });
    expect(run.total).toBe(2_345);
    const [last] = await store.seeds(run.id, { list: [2_344] });
    expect(last?.content).toBe('row 2344');
  });

  it('a bad row -> its error, and nothing is left of the run', async () => {
    const before = (await store.runs()).length;
    const error = await refused({ rows: ['a', 7 as never] });
    expect(error.code).toMatch(/^E_SEED/);
    expect(await store.runs()).toHaveLength(before);
    expect(await readMarker(dir)).toBeNull();
  });

  it('a path that is a file -> E_OUT_DIR', async () => {
    writeFileSync(join(root, `file-${made}`), 'x');
    const error = await refused({ task: { outputDir: join(root, `file-${made}`, 'below') } });
    expect([error.code, error.exitCode]).toEqual(['E_OUT_DIR', EXIT.badInput]);
  });

  it('a folder of another home -> refused by name; --fresh takes it', async () => {
    await staged({}, { ...ports(), home: join(root, 'other-home'), homeId: 'other' });
    for (const { id } of await store.runs({ outputDir: dir })) await store.dropRun(id);
    expect(await refused()).toMatchObject({ code: 'E_LOCKED', exitCode: 6 });
    await releaseFolder(dir, (await readMarker(dir))?.run ?? '');
    const error = await refused();
    expect(error.code).toBe('E_OUT_MISMATCH');
    expect(error.message).toContain('belongs to another SWARM_HOME');
    expect((await staged({ ifChanged: 'fresh' })).kind).toBe('new');
  });
});

describe('the same task and rows again', () => {
  it('not finished -> the same run goes on', async () => {
    const { run } = await staged();
    const again = await staged();
    expect([again.run.id, again.kind]).toEqual([run.id, 'resumed']);
    expect(again.notes).toEqual([`run ${run.id} is resumed`]);
    await store.updateRun(run.id, { state: 'running' });
    expect((await staged()).notes).toEqual([`run ${run.id} is under way already`]);
  });

  it('finished -> answered from the store', async () => {
    const { run } = await staged();
    await ended(run.id);
    const again = await staged();
    expect([again.run.id, again.kind, again.notes]).toEqual([run.id, 'finished', []]);
  });

  it('stopped by its cap -> resumed', async () => {
    const { run } = await staged();
    await ended(run.id, 'capped');
    expect((await staged()).kind).toBe('resumed');
  });

  it('by way of a link to the folder -> the same run', async () => {
    const { run } = await staged();
    const link = join(root, `link-${made}`);
    symlinkSync(dir, link);
    expect((await staged({ task: { outputDir: link } })).run.id).toBe(run.id);
  });

  it('detached this time -> noted in the run', async () => {
    await staged({ detached: false });
    expect((await staged({ detached: true })).run.detached).toBe(true);
  });

  it('keys that do not change answers -> taken over and named; what is not named stays as it was resized', async () => {
    const { run } = await staged({ task: { maxCost: 1 } });
    await store.setControl(run.id, { capNano: 5_000_000_000 });
    const again = await staged({ task: { maxCost: 1, concurrency: 9, timeoutMs: 1_234 } });
    expect(again.notes[0]).toBe(`run ${run.id} takes over the changed workers, timeout`);
    expect(again.run.task).toMatchObject({ concurrency: 9, timeoutMs: 1_234 });
    expect(await store.control(run.id)).toMatchObject({ concurrency: 9, capNano: 5_000_000_000 });
    await staged({ task: { maxCost: 2, concurrency: 9, timeoutMs: 1_234, requestsPerMinute: 5 } });
    expect(await store.control(run.id)).toMatchObject({ requestsPerMinute: 5, capNano: 2_000_000_000 });
  });

  it('a run of 0.1.0, whose prompt alone is filled in -> stays so, and no key is said to have changed', async () => {
    const { run } = await staged({ task: { promptAlone: true } });
    expect((await staged({ task: {} })).notes).toEqual([`run ${run.id} is resumed`]);
    expect((await staged({ task: { concurrency: 9 } })).run.task).toMatchObject({ concurrency: 9, promptAlone: true });
  });
});

describe('something changed', () => {
  it.each<[string, Partial<Task>]>([
    ['prompt_template', { promptTemplate: 'Shout {{seed}}' }],
    ['worker_model', { model: { provider: 'openai', model: 'other', apiBase: 'http://127.0.0.1:9/v1', apiKeyEnv: null } }],
    ['worker_max_tokens', { maxTokens: 7 }],
    ['multi_turn, max_turns', { multiTurn: true, maxTurns: 4 }],
    ['temperature', { temperature: 1 }],
  ])('%s -> E_OUT_MISMATCH that names it', async (names, task) => {
    const { run } = await staged();
    const error = await refused({ task });
    expect([error.code, error.exitCode]).toEqual(['E_OUT_MISMATCH', EXIT.badInput]);
    expect(error.message).toContain(`run ${run.id} of another task: ${names} changed`);
    expect(error.message).toContain('--fork');
  });

  it.each<[string, readonly string[], RegExp]>([
    ['a row', ['a', 'B', 'c'], /row 2 \(id [0-9a-f]{16}\) is not the row/],
    ['the order', ['b', 'a', 'c'], /row 1 /],
    ['one more', ['a', 'b', 'c', 'd'], /has 3 rows; row 4 .* is new/],
    ['one less', ['a', 'b'], /has 3 rows, there are 2 now/],
  ])('rows: %s -> E_SEEDS_CHANGED that says where', async (_, rows, found) => {
    await staged();
    const error = await refused({ rows });
    expect(error.code).toBe('E_SEEDS_CHANGED');
    expect(error.message).toMatch(found);
  });

  it('a change behind the first thousand rows -> found', async () => {
    const rows = Array.from({ length: 1_500 }, (_, index) => `row ${index}`);
    await staged({ rows });
    const error = await refused({ rows: rows.with(1_400, 'changed') });
    expect(error.message).toContain('row 1401 ');
  });

  it('--fork again -> the fork of the same task and rows goes on, with the rest where --limit had cut it', async () => {
    await staged();
    const first = await staged({ ifChanged: 'fork', task: { maxTokens: 7 }, limit: 2 });
    const again = await staged({ ifChanged: 'fork', task: { maxTokens: 7 }, limit: 2 });
    expect([again.run.id, again.kind]).toEqual([first.run.id, 'resumed']);
    expect(again.notes[0]).toBe(`${dir}-2 is a fork of this task and these rows already`);
    const whole = await staged({ ifChanged: 'fork', task: { maxTokens: 7 } });
    expect([whole.run.id, whole.run.total]).toEqual([first.run.id, 3]);
    await ended(first.run.id, 'completed', first.run.outputDir);
    expect((await staged({ ifChanged: 'fork', task: { maxTokens: 7 } })).kind).toBe('finished');
  });

  it('--fork of other rows or of another task -> a folder of its own', async () => {
    await staged();
    const first = await staged({ ifChanged: 'fork', task: { maxTokens: 7 } });
    expect((await staged({ ifChanged: 'fork', task: { maxTokens: 7 }, rows: ['a', 'X', 'c'] })).run.outputDir).toBe(`${dir}-3`);
    expect((await staged({ ifChanged: 'fork', task: { maxTokens: 7 }, rows: [...ROWS, 'd'] })).run.outputDir).toBe(`${dir}-4`);
    expect((await staged({ ifChanged: 'fork', task: { maxTokens: 8 } })).run.outputDir).toBe(`${dir}-5`);
    expect((await staged({ ifChanged: 'fork', task: { maxTokens: 7 } })).run.id).toBe(first.run.id);
  });

  it('--fork -> a folder beside it, the first one stays', async () => {
    const { run } = await staged();
    const fork = await staged({ ifChanged: 'fork', task: { maxTokens: 7 } });
    expect(fork.run).toMatchObject({ outputDir: `${dir}-2`, state: 'staged' });
    expect(fork.run.id).not.toBe(run.id);
    expect(fork.notes).toEqual([`forked into ${dir}-2`]);
    expect((await staged({ ifChanged: 'fork' })).run.outputDir).toBe(`${dir}-3`);
    expect((await store.run(run.id))?.outputDir).toBe(dir);
  });

  it('--fresh -> a new run in the same folder, found by the next start', async () => {
    const { run } = await staged();
    await ended(run.id);
    clock += 1;
    const fresh = await staged({ ifChanged: 'fresh', task: { maxTokens: 7 } });
    expect([fresh.kind, fresh.run.outputDir]).toEqual(['new', dir]);
    expect(await readMarker(dir)).toMatchObject({ run: fresh.run.id });
    expect((await staged({ task: { maxTokens: 7 } })).run.id).toBe(fresh.run.id);
  });

  it.each(['running', 'paused', 'interrupted'] as const)('--fresh over a run that is %s -> E_LOCKED, exit 6', async (state) => {
    const { run } = await staged();
    await store.updateRun(run.id, { state });
    const error = await refused({ ifChanged: 'fresh' });
    expect([error.code, error.exitCode]).toEqual(['E_LOCKED', EXIT.locked]);
    expect(error.message).toContain(`swarm cancel ${run.id}`);
  });
});

describe('--limit', () => {
  it('the first rows, then more, then all -> one run that grows', async () => {
    const first = await staged({ limit: 1 });
    expect(first.run).toMatchObject({ total: 1, limited: true });
    await ended(first.run.id);
    const more = await staged({ limit: 2 });
    expect([more.run.id, more.kind, more.run.total, more.run.limited]).toEqual([first.run.id, 'resumed', 2, true]);
    expect(more.notes).toEqual([`run ${first.run.id} goes on with rows 2 and later`]);
    await ended(first.run.id);
    const all = await staged();
    expect([all.run.total, all.run.limited]).toEqual([3, false]);
    expect(await store.totals(all.run.id)).toMatchObject({ total: 3 });
    await ended(first.run.id);
    expect((await staged()).kind).toBe('finished');
  });

  it('fewer rows than it has -> refused, naming the limit', async () => {
    await staged();
    const error = await refused({ limit: 2 });
    expect(error.message).toContain('has 3 rows, --limit asks for 2');
  });

  it('the rows it has changed meanwhile -> refused, nothing is added', async () => {
    const { run } = await staged({ limit: 2 });
    const error = await refused({ rows: ['a', 'X', 'c'] });
    expect(error.code).toBe('E_SEEDS_CHANGED');
    expect((await store.run(run.id))?.total).toBe(2);
    expect(await store.seeds(run.id, { from: 0, to: 9 })).toHaveLength(2);
  });

  it('a growth that failed on a bad row, then the mended file -> the rows of the mended file', async () => {
    const many = Array.from({ length: 1_500 }, (_, index) => `row ${index}`);
    await staged({ rows: many, limit: 1 });
    expect((await refused({ rows: [...many, 7 as never] })).code).toMatch(/^E_SEED/);
    const { run } = await staged({ rows: many.with(3, 'mended') });
    const [third] = await store.seeds(run.id, { list: [3] });
    expect([run.total, third?.content]).toEqual([1_500, 'mended']);
  });

  it('a growth that failed, then a shorter file -> its epoch has no rows beyond the total', async () => {
    const many = Array.from({ length: 1_500 }, (_, index) => `row ${index}`);
    const first = await staged({ rows: many, limit: 1 });
    const outcome = {
      index: 0,
      id: 'x',
      status: 'filtered',
      finish: null,
      model: null,
      fromTurn: 1,
      turns: 0,
      attempts: 0,
    } as const;
    const usage = { input: 0, cached: 0, output: 0, reasoning: 0 };
    await store.finish(first.run.id, { ...outcome, usage, costNano: 0 });
    await refused({ rows: [...many, 7 as never] });
    const { run } = await staged({ rows: many.slice(0, 3) });
    const execution = { workflowId: 'w', executionId: `w-${made}` };
    expect(await store.openEpoch(run.id, execution, clock)).toEqual({ epoch: 1, kind: 'list', items: 2 });
    expect(await store.items(run.id, 1, 0, 9)).toEqual([1, 2]);
  });

  it('more rows while it is under way -> E_LOCKED', async () => {
    const { run } = await staged({ limit: 2 });
    await store.updateRun(run.id, { state: 'running' });
    expect((await refused()).code).toBe('E_LOCKED');
  });

  it('resized and cancelled before it grows -> keeps its control row', async () => {
    const { run } = await staged({ limit: 2 });
    await store.setControl(run.id, { concurrency: 11 });
    await staged();
    expect(await store.control(run.id)).toMatchObject({ concurrency: 11 });
  });
});

describe('a staging that was cut short', () => {
  it('long ago -> its leftovers are dropped; a moment ago -> left alone, it may be under way', async () => {
    const left = (id: string, createdAt: number) =>
      store.createRun({
        id,
        name: 'x',
        task: aTask(),
        taskFingerprint: 'f',
        outputDir: dir,
        detached: true,
        limited: false,
        origin: 'cli',
        createdAt,
      });
    await left(`old-${made}`, clock - 600_001);
    await left(`young-${made}`, clock - 1_000);
    const { kind } = await staged();
    expect(kind).toBe('new');
    expect(await store.run(`old-${made}`)).toBeNull();
    expect(await store.run(`young-${made}`)).not.toBeNull();
  });

  it('the folder cannot be claimed -> the run is dropped, the error goes up', async () => {
    const before = (await store.runs()).length;
    const failing = { ...ports(), claimFolder: () => Promise.reject(new Error('no space')) };
    await expect(staged({}, failing)).rejects.toThrow('no space');
    expect(await store.runs()).toHaveLength(before);
    expect(existsSync(dir)).toBe(true);
  });
});

describe('the output of a finished run', () => {
  it.each([['output.jsonl'], ['failed.jsonl'], ['receipt.json'], ['filtered.jsonl']])(
    '%s was deleted -> the run goes on, to write it again',
    async (name) => {
      const { run } = await staged();
      await ended(run.id);
      rmSync(join(dir, name));
      const again = await staged();
      expect([again.run.id, again.kind]).toEqual([run.id, 'resumed']);
      expect(again.notes).toEqual([`${name} of run ${run.id} is not in its folder: written again, no call is made`]);
    },
  );

  it('the whole folder was deleted, or another format is asked for -> the same', async () => {
    const { run } = await staged();
    await ended(run.id);
    expect((await staged({ task: { outputFormat: 'csv' } })).kind).toBe('resumed');
    rmSync(dir, { recursive: true });
    expect((await staged()).kind).toBe('resumed');
  });
});

describe('a folder whose run has another folder', () => {
  const real = { model: { provider: 'openai', model: 'm', apiBase: null, apiKeyEnv: null } };
  const sim = { model: { provider: 'sim', model: 'quick', apiBase: null, apiKeyEnv: null } };

  async function copyOf(task: Partial<Task>): Promise<{ id: string; copy: string }> {
    const { run } = await staged({ task });
    await ended(run.id);
    const copy = `${dir}-copy`;
    cpSync(dir, copy, { recursive: true });
    return { id: run.id, copy };
  }

  it('moved -> its run goes on there; the place where it was is free', async () => {
    const { run } = await staged();
    await ended(run.id, 'capped');
    const place = `${dir}-moved`;
    renameSync(dir, place);
    const again = await staged({ task: { outputDir: place } });
    expect([again.run.id, again.kind, again.run.outputDir]).toEqual([run.id, 'resumed', place]);
    expect(again.notes[0]).toBe(`the folder of run ${run.id} was moved here from ${dir}`);
    expect((await staged()).kind).toBe('new');
  });

  it('moved and finished -> answered there; with another task -> refused, and the run is where it was', async () => {
    const { run } = await staged();
    await ended(run.id);
    const place = `${dir}-moved`;
    renameSync(dir, place);
    expect((await refused({ task: { outputDir: place, maxTokens: 7 } })).message).toContain('worker_max_tokens changed');
    expect((await store.run(run.id))?.outputDir).toBe(dir);
    expect(await staged({ task: { outputDir: place } })).toMatchObject({ kind: 'finished', run: { id: run.id } });
  });

  it('moved while it runs -> E_LOCKED that says so', async () => {
    const { run } = await staged();
    await store.updateRun(run.id, { state: 'running' });
    renameSync(dir, `${dir}-moved`);
    const error = await refused({ task: { outputDir: `${dir}-moved` } });
    expect([error.code, error.message.includes(`swarm pause ${run.id}`)]).toEqual(['E_LOCKED', true]);
  });

  it('copied, the task or the rows changed -> a run of its own takes the copy, and says so', async () => {
    for (const change of [
      { task: { ...real, maxTokens: 7 } },
      { task: real, rows: ['x', 'y'], seen: { count: 2, fingerprint: 'other' } },
    ]) {
      made += 1;
      dir = join(root, `out-${made}`);
      const { id, copy } = await copyOf(real);
      const own = await staged({ ...change, task: { ...change.task, outputDir: copy } });
      expect([own.kind, own.run.outputDir, own.run.id !== id]).toEqual(['new', copy, true]);
      expect(own.notes).toEqual([`the folder is a copy of ${dir}, which keeps run ${id}: this run takes the copy`]);
      expect((await store.run(id))?.outputDir).toBe(dir);
    }
  });

  it('copied, the same task and rows -> refused by name where rows cost money; the simulated provider does them again', async () => {
    const { id, copy } = await copyOf(real);
    const error = await refused({ task: { ...real, outputDir: copy } });
    expect(error.code).toBe('E_OUT_MISMATCH');
    expect(error.message).toContain(`a copy of that of run ${id}, ${dir}`);
    expect((await staged({ task: { ...real, outputDir: copy }, ifChanged: 'fresh' })).kind).toBe('new');
    made += 1;
    dir = join(root, `out-${made}`);
    const free = await copyOf(sim);
    expect((await staged({ task: { ...sim, outputDir: free.copy } })).kind).toBe('new');
  });

  it('copied, and the files differ from the original by now -> refused: they are nowhere else', async () => {
    const { copy } = await copyOf(real);
    writeFileSync(join(copy, 'output.jsonl'), 'edited by hand');
    const error = await refused({ task: { ...real, maxTokens: 7, outputDir: copy } });
    expect([error.code, error.message.includes('not the same')]).toEqual(['E_OUT_MISMATCH', true]);
    expect(readFileSync(join(copy, 'output.jsonl'), 'utf8')).toBe('edited by hand');
  });
});

describe('a run that ended before anything was answered', () => {
  const corrected = { task: { maxTokens: 7 } };

  it('the task was corrected -> a new run takes the folder, and says so', async () => {
    const { run } = await staged();
    await store.updateRun(run.id, { state: 'failed', reason: 'request', endedAt: clock, publishedAt: clock });
    clock += 1;
    const again = await staged(corrected);
    expect([again.kind, again.run.outputDir, again.run.id !== run.id]).toEqual(['new', dir, true]);
    expect(again.notes).toEqual([`run ${run.id} had ended without an answer: this run takes its folder`]);
    expect((await staged(corrected)).run.id).toBe(again.run.id);
  });

  it('the rows were corrected -> the same, when they can be read again', async () => {
    const { run } = await staged();
    await store.updateRun(run.id, { state: 'paused', reason: 'key', endedAt: clock, publishedAt: clock });
    const rows = ['a', 'B', 'c'];
    expect((await refused({ rows })).code).toBe('E_SEEDS_CHANGED');
    clock += 1;
    const again = await staged({ rows, rowsAgain: () => readSeeds({ rows }, {}) });
    expect([again.kind, again.run.total]).toEqual(['new', 3]);
    expect((await store.seeds(again.run.id, { list: [1] }))[0]?.content).toBe('B');
  });

  it('something was answered, or it has not ended -> refused as ever', async () => {
    const { run } = await staged();
    expect((await refused(corrected)).code).toBe('E_OUT_MISMATCH');
    await answered(run.id);
    await store.updateRun(run.id, { state: 'failed', reason: 'request', endedAt: clock, publishedAt: clock });
    expect((await refused(corrected)).code).toBe('E_OUT_MISMATCH');
  });
});

describe('several starts at once', () => {
  it('the same task and rows -> one run, the others go on with it; other rows -> named', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => staged()));
    expect(new Set(all.map(({ run }) => run.id)).size).toBe(1);
    expect(all.filter(({ kind }) => kind === 'new')).toHaveLength(1);
    expect(await store.runs({ outputDir: dir })).toHaveLength(1);
    made += 1;
    dir = join(root, `out-${made}`);
    const starts = [staged(), staged({ rows: ['a', 'B', 'c'] })];
    const ends = await Promise.all(starts.map((start) => start.then(({ kind }) => kind).catch(({ code }: SwarmError) => code)));
    // Either may be the quicker one.
    expect(ends.sort()).toEqual(['E_SEEDS_CHANGED', 'new']);
  });

  it('one has claimed the folder and is not ready yet -> waited for, then gone on with', async () => {
    const gate = gatekeeper<null>();
    const slow = {
      ...ports(),
      store: Object.assign(Object.create(store), {
        sealRun: async (...sealed: Parameters<Store['sealRun']>) => {
          await gate.promise;
          return await store.sealRun(...sealed);
        },
      }),
    };
    const first = staged({}, slow);
    await vi.waitFor(async () => expect(await readMarker(dir)).not.toBeNull());
    const second = staged();
    gate.open(null);
    expect((await second).run.id).toBe((await first).run.id);
  });
});

describe('--changed keep', () => {
  const keep = (more: More = {}, own = ports()) => staged({ ifChanged: 'keep', ...more }, own);
  const finish = (runId: string, index: number, status: 'ok' | 'failed') =>
    store.finish(runId, {
      ...{ index, id: String(index), status, turns: 0, fromTurn: 1, usage: { input: 0, cached: 0, output: 0, reasoning: 0 } },
      ...{ costNano: 0, model: null, cause: status === 'ok' ? null : 'request' },
    } as never);
  const opened = async (runId: string) => {
    const { epoch } = await store.openEpoch(runId, { workflowId: `w-${runId}`, executionId: `x-${runId}-${random++}` }, clock);
    return epoch;
  };

  it('a run that ended with rows left -> the same run has the changed task, both versions and what is done under each; joins without it', async () => {
    const { run } = await staged();
    await opened(run.id);
    await finish(run.id, 0, 'ok');
    await finish(run.id, 1, 'failed');
    await ended(run.id, 'capped');
    const kept = await keep({ task: { maxTokens: 7 } });
    expect([kept.run.id, kept.kind, kept.run.task.maxTokens]).toEqual([run.id, 'resumed', 7]);
    expect(kept.notes).toEqual([
      `run ${run.id} takes over the changed worker_max_tokens: 1 row is done and stays, 1 row goes on with it`,
      `1 row of run ${run.id} failed before and stays so; when the run has ended, do them again by the changed task: swarm retry ${run.id}`,
      `run ${run.id} is resumed`,
    ]);
    expect(kept.run.taskFingerprint).not.toBe(run.taskFingerprint);
    expect(await readMarker(dir)).toMatchObject({ run: run.id, fingerprint: kept.run.taskFingerprint, holder: null });
    expect((await staged({ task: { maxTokens: 7 } })).notes).toEqual([`run ${run.id} is resumed`]);
    await store.updateRun(run.id, { state: 'staged' });
    expect(await opened(run.id)).toBe(2);
    await finish(run.id, 2, 'ok');
    const versions = await store.taskVersions(run.id);
    expect(versions.map(({ task, ...version }) => ({ ...version, maxTokens: task.maxTokens, at: 0 }))).toEqual([
      {
        taskFingerprint: run.taskFingerprint,
        changed: [],
        fromEpoch: 1,
        fromSeq: 0,
        ok: 1,
        failed: 1,
        filtered: 0,
        maxTokens: run.task.maxTokens,
        at: 0,
      },
      {
        ...{
          taskFingerprint: kept.run.taskFingerprint,
          changed: ['worker_max_tokens'],
          fromEpoch: 2,
          fromSeq: 2,
          ok: 1,
          failed: 0,
          filtered: 0,
        },
        ...{ maxTokens: 7, at: 0 },
      },
    ]);
    await store.dropRun(run.id);
    expect(await store.taskVersions(run.id)).toEqual([]);
  });

  it('nothing changed, or no run -> as without it', async () => {
    const { run, kind } = await keep();
    expect(kind).toBe('new');
    expect((await keep()).notes).toEqual([`run ${run.id} is resumed`]);
    await ended(run.id);
    expect((await keep()).kind).toBe('finished');
    expect(await store.taskVersions(run.id)).toEqual([]);
  });

  it('all rows are done -> its files are written again, so that the receipt names the task', async () => {
    const { run } = await staged();
    await ended(run.id);
    expect((await keep({ task: { maxTokens: 7 } })).kind).toBe('resumed');
  });

  it('a cap that changed with it -> holds in the run', async () => {
    const { run } = await staged({ task: { maxCost: 3 } });
    await ended(run.id, 'capped');
    await keep({ task: { maxTokens: 7, maxCost: 5 } });
    expect(await store.control(run.id)).toMatchObject({ capNano: 5_000_000_000 });
  });

  it('under way -> refused with how to pause it; a call in flight too; nothing is changed', async () => {
    const { run } = await staged();
    await opened(run.id);
    const error = await refused({ ifChanged: 'keep', task: { maxTokens: 7 } });
    expect([error.code, error.exitCode]).toEqual(['E_LOCKED', EXIT.locked]);
    expect(error.message).toContain(`swarm pause ${run.id}; then the same command again`);
    await ended(run.id, 'capped');
    await store.intend({
      runId: run.id,
      index: 0,
      turn: 1,
      epoch: 1,
      phase: 'map',
      role: 'worker',
      owner: 'o',
      reservedNano: 5,
      at: clock,
    });
    expect(await refused({ ifChanged: 'keep', task: { maxTokens: 7 } })).toMatchObject({ code: 'E_LOCKED' });
    expect((await store.run(run.id))?.taskFingerprint).toBe(run.taskFingerprint);
    expect(await store.taskVersions(run.id)).toEqual([]);
  });

  it('paused -> its epoch is ended first', async () => {
    const { run } = await staged();
    await opened(run.id);
    await store.updateRun(run.id, { state: 'paused', reason: 'user' });
    const endEpoch = vi.fn(async () => ended(run.id, 'capped'));
    expect((await keep({ task: { maxTokens: 7 } }, { ...ports(), endEpoch })).run.task.maxTokens).toBe(7);
    expect(endEpoch).toHaveBeenCalledOnce();
  });

  it('rows added at the end -> they join; a changed or missing row -> refused, the first with how to do it anew', async () => {
    const { run } = await staged();
    await ended(run.id);
    expect((await refused({ rows: [...ROWS, 'd'] })).message).toContain('--changed keep');
    const grown = await keep({ rows: [...ROWS, 'd'] });
    expect(grown.run.total).toBe(4);
    expect(grown.notes).toEqual([`run ${run.id} goes on with rows 4 and later`]);
    expect((await staged({ rows: [...ROWS, 'd'] })).run.id).toBe(run.id);
    for (const rows of [['a', 'X', 'c', 'd'], ROWS]) {
      const error = await refused({ ifChanged: 'keep', rows });
      expect(error.code).toBe('E_SEEDS_CHANGED');
      expect(error.message).not.toContain('--changed keep');
      expect(error.message.includes('--changed redo')).toBe(rows !== ROWS);
    }
  });

  it('two starts of the same changed task at once -> one version, both go on', async () => {
    const { run } = await staged();
    await ended(run.id, 'capped');
    const both = await Promise.all([keep({ task: { maxTokens: 7 } }), keep({ task: { maxTokens: 7 } })]);
    expect(both.map(({ kind }) => kind)).toEqual(['resumed', 'resumed']);
    expect(await store.taskVersions(run.id)).toHaveLength(2);
  });

  it('changed twice before it goes on -> the version between has no rows', async () => {
    const { run } = await staged();
    await ended(run.id, 'capped');
    await answered(run.id);
    await keep({ task: { maxTokens: 7 } });
    await keep({ task: { maxTokens: 8, temperature: 0.5 } });
    const versions = await store.taskVersions(run.id);
    expect(versions.map(({ changed, fromEpoch }) => [changed, fromEpoch])).toEqual([
      [[], 1],
      [['worker_max_tokens'], 1],
      [['worker_max_tokens', 'temperature'], 1],
    ]);
  });
});
