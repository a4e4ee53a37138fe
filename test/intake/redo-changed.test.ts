/** `--changed redo` in a real store: which rows are done anew, what stays, and what a death in the middle leaves. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SwarmError } from '../../src/core/errors.js';
import type { Outcome } from '../../src/core/model.js';
import { readSeeds } from '../../src/intake/read-seeds.js';
import type { StagePorts, StageRequest } from '../../src/intake/stage-new.js';
import { stageRun } from '../../src/intake/stage-run.js';
import { PARTIAL_FILE, releaseFolder } from '../../src/outputs/folder.js';
import { recount } from '../../src/outputs/recount.js';
import { runFolders } from '../../src/outputs/run-folders.js';
import type { SeedContent } from '../../src/schema/seed.js';
import type { Task } from '../../src/schema/task-types.js';
import type { Store } from '../../src/store/port/store.js';
import { fileStore } from '../activities/file-store.js';
import { aTask, USAGE } from '../activities/turn-setup.js';

const opened = fileStore();
let store: Store;
let dir: string;
let made = 0;
beforeAll(() => {
  store = opened.store;
});
beforeEach(() => {
  made += 1;
  dir = join(opened.folder, `redo-${made}`);
});

type More = Partial<Omit<StageRequest, 'rows' | 'task'>> & { rows?: readonly SeedContent[]; task?: Partial<Task> };

const ports = (own: Store = store): StagePorts => ({
  ...{ store: own, home: join(opened.folder, 'home'), homeId: 'home' },
  ...runFolders,
  now: () => 1_000,
  random: () => Math.random(),
});
const WORKER = { phase: 'map', role: 'worker' } as const;
const ROWS = ['a', 'b', 'c', 'd'];
const staged = ({ rows = ROWS, task = {}, ...more }: More = {}, own = ports()) =>
  stageRun(own, {
    task: aTask({ outputDir: dir, ...task }),
    rows: readSeeds({ rows }, {}),
    ...{ limited: false, ifChanged: 'refuse', detached: true, origin: 'library' },
    ...more,
  });
const redo = (more: More = {}, own = ports()) => staged({ ifChanged: 'redo', ...more }, own);
const refused = async (more: More = {}, own = ports()) => (await redo(more, own).catch((error: unknown) => error)) as SwarmError;

let executions = 0;
async function open(runId: string): Promise<number> {
  if ((await store.run(runId))?.state !== 'staged') await store.updateRun(runId, { state: 'staged' });
  executions += 1;
  return (await store.openEpoch(runId, { workflowId: `w-${executions}`, executionId: `x-${executions}` }, 1_000)).epoch;
}

/** Answers a turn; with `status` it is the last of its row. */
async function answer(runId: string, index: number, status: Outcome['status'] | null = 'ok', turn = 1): Promise<void> {
  const { epoch = 1 } = (await store.run(runId)) ?? {};
  const key = { runId, index, turn };
  const intent = await store.intend({ ...key, epoch, ...WORKER, owner: 'o', reservedNano: 9, at: 1_000 });
  if (intent.kind !== 'go') throw new Error(`row ${index}: ${intent.kind}`);
  const [seed] = await store.seeds(runId, { list: [index] });
  const end = { finish: 'stop', usage: USAGE, costNano: 5 } as const;
  const ends = { ...end, index, id: seed?.id ?? '', model: 'm', fromTurn: turn, turns: turn, attempts: 1 };
  const cause = status === 'failed' ? { cause: 'truncated' as const, code: 'E_ROW_TRUNCATED', message: 'cut' } : {};
  const outcome = status === null ? {} : { outcome: { ...ends, ...cause, status } };
  await store.settle({ ...key, attempt: intent.attempt, answer: `e${epoch}`, servedModel: 'm', ...end, ...outcome, at: 1_000 });
}

async function rest(runId: string, state: 'capped' | 'completed' = 'capped'): Promise<void> {
  await store.updateRun(runId, { state, endedAt: 1_000, publishedAt: 1_000 });
  await releaseFolder(dir, runId);
}

/** Rows a to c are done, d is left. */
async function threeDone(more: More = {}): Promise<string> {
  const { run } = await staged(more);
  await open(run.id);
  for (const index of [0, 1, 2]) await answer(run.id, index);
  await rest(run.id);
  return run.id;
}

const done = async (runId: string) => [...(await store.done(runId, { from: 0, to: 10_000 }))];
const states = async (runId: string) =>
  (await store.calls(runId, { from: 0, to: 10 })).map(
    ({ index, turn, attempt, state }) => `${index}.${turn}.${attempt} ${state}`,
  );
/** Sums of the store are those of its calls. */
async function expectAddsUp(runId: string, total = ROWS.length): Promise<void> {
  const [sums, counted] = [await store.totals(runId), await recount(store, runId, total)];
  expect(counted).toMatchObject({ answered: sums.calls, settledNano: sums.settledNano, doubtful: sums.doubtful, unanswered: [] });
  expect(counted.counts).toEqual({ ok: sums.ok, failed: sums.failed, filtered: sums.filtered });
}

describe('rows', () => {
  it('one edited, one added -> the first begins anew with its new content, the others keep their answers; goes on without it then', async () => {
    const id = await threeDone();
    const edited = ['a', 'B', 'c', 'd', 'e'];
    const without = (await staged({ rows: ['a', 'B', 'c', 'd'] }).catch((error: unknown) => error)) as SwarmError;
    expect([without.code, without.message.includes('--changed redo')]).toEqual(['E_SEEDS_CHANGED', true]);
    const { run, kind, notes } = await redo({ rows: edited });
    expect([run.id, kind, run.total]).toEqual([id, 'resumed', 5]);
    expect(notes).toEqual([
      `run ${id} takes over 1 changed row: 1 row that was done is done anew, 2 stay, 1 is left`,
      `run ${id} goes on with rows 5 and later`,
    ]);
    expect(await done(id)).toEqual([0, 2]);
    expect((await store.seeds(id, { from: 0, to: 5 })).map(({ content }) => content)).toEqual(edited);
    expect(await states(id)).toEqual(['0.1.1 answered', '1.1.1 superseded', '2.1.1 answered']);
    expect(await store.totals(id)).toMatchObject({ ok: 2, calls: 3, settledNano: 15, total: 5 });
    await expectAddsUp(id, 5);
    await open(id);
    for (const index of [1, 3, 4]) await answer(id, index);
    expect((await store.outputRows(id, { status: 'ok', from: 0, limit: 9 })).map(({ output }) => output)).toEqual([
      ...['e1', 'e2', 'e1', 'e2', 'e2'],
    ]);
    await rest(id, 'completed');
    writeFileSync(join(dir, 'receipt.json'), JSON.stringify({ run: id, epochs: 2, files: [] }));
    for (const name of ['output.jsonl', 'failed.jsonl']) writeFileSync(join(dir, name), '');
    for (const again of [staged, redo]) expect((await again({ rows: edited })).kind).toBe('finished');
    expect(await store.taskVersions(id)).toEqual([]);
    await expectAddsUp(id, 5);
  });

  it('a field that the prompt does not name -> the new content, no row anew, files to be written again', async () => {
    const rows = [
      { id: 'x', text: 'a' },
      { id: 'y', text: 'b' },
    ];
    const task = { promptTemplate: '{{text}}' };
    const { run } = await staged({ rows, task });
    await open(run.id);
    for (const index of [0, 1]) await answer(run.id, index);
    await rest(run.id, 'completed');
    const more = [{ ...rows[0], note: 'n' }, rows[1] as SeedContent] as SeedContent[];
    const changed = await redo({ rows: more, task });
    expect(changed.notes[0]).toBe(
      `run ${run.id} takes over 1 changed row: 0 rows that were done are done anew, 2 stay, 0 are left`,
    );
    expect(changed).toMatchObject({ kind: 'resumed', run: { state: 'interrupted', reason: 'user', publishedAt: null } });
    expect((await store.outputRows(run.id, { status: 'ok', from: 0, limit: 9 })).map(({ seed }) => seed)).toEqual(more);
  });

  it('one of two equal rows -> the other keeps its answer, under the id that it has now', async () => {
    const { run } = await staged({ rows: ['a', 'a'] });
    await open(run.id);
    for (const index of [0, 1]) await answer(run.id, index);
    await rest(run.id);
    await redo({ rows: ['b', 'a'] });
    const [left] = await store.outputRows(run.id, { status: 'ok', from: 0, limit: 9 });
    expect(left).toMatchObject({ index: 1, output: 'e1', id: (await store.seeds(run.id, { list: [1] }))[0]?.id });
    expect(left?.id).not.toContain('-');
  });

  it.each<[what: string, rows: string[], code: RegExp]>([
    ['inserted', ['a', 'new', 'b', 'c', 'd'], /is row 3 now, and row 2 of run/],
    ['removed', ['a', 'c', 'd', 'e'], /is row 2 now, and row 3 of run/],
    ['exchanged', ['a', 'c', 'b', 'd'], /is row 3 now, and row 2 of run/],
    ['moved to the end', ['a', 'new', 'c', 'd', 'b'], /is row 5 now, and row 2 of run/],
    ['missing', ['a', 'B', 'c'], /has 4 rows, there are 3 now/],
  ])('%s -> refused, with what to do; nothing is changed', async (_what, rows, message) => {
    const id = await threeDone();
    const before = [await store.run(id), await store.seeds(id, { from: 0, to: 4 }), await store.totals(id)];
    const error = await refused({ rows });
    expect(error.code).toBe('E_SEEDS_CHANGED');
    expect(error.message).toMatch(message);
    expect(error.message).toContain('--fork for a new folder');
    expect(error.message).not.toContain('--changed');
    expect([await store.run(id), await store.seeds(id, { from: 0, to: 4 }), await store.totals(id)]).toEqual(before);
  });
});

describe('a task', () => {
  it('a template that some rows fill otherwise -> those anew, by a version of their own', async () => {
    const rows = [0, 1, 2, 3].map((n) => ({ text: `t${n}`, style: n === 1 ? ' dryly' : '' }));
    const before = { promptTemplate: 'Say {{text}}' };
    const after = { promptTemplate: 'Say {{text}}{{style}}', maxCost: 3 };
    const id = await threeDone({ rows, task: before });
    writeFileSync(join(dir, PARTIAL_FILE), 'rows so far');
    const { notes } = await redo({ rows, task: after });
    expect(notes).toEqual([
      `run ${id} takes over the changed max_cost`,
      `run ${id} takes over the changed prompt_template: 1 row that was done is done anew, 2 stay, 1 is left`,
      `run ${id} is resumed`,
    ]);
    expect(existsSync(join(dir, PARTIAL_FILE))).toBe(false);
    expect(await store.control(id)).toMatchObject({ capNano: 3e9 });
    await open(id);
    for (const index of [1, 3]) await answer(id, index);
    expect(await store.taskVersions(id)).toMatchObject([
      { changed: [], ok: 2, fromEpoch: 1 },
      { changed: ['prompt_template'], ok: 2, fromEpoch: 2 },
    ]);
    await rest(id);
    expect((await redo({ rows, task: after })).notes).toEqual([`run ${id} is resumed`]);
    await expectAddsUp(id);
  });

  it('kept at first, then redone -> rows of every earlier version; the task of before again -> its own rows stay', async () => {
    const id = await threeDone();
    await staged({ ifChanged: 'keep', task: { maxTokens: 7 } });
    await open(id);
    await answer(id, 3);
    await rest(id);
    expect((await redo({ task: { maxTokens: 7 } })).notes[0]).toBe(
      `run ${id}: 3 rows that were done are done anew, 1 stays, 0 are left`,
    );
    expect(await done(id)).toEqual([3]);
    await open(id);
    await answer(id, 0);
    await rest(id);
    await staged({ ifChanged: 'keep' });
    await open(id);
    await answer(id, 1);
    await rest(id);
    await redo();
    expect(await done(id)).toEqual([1]);
    await expectAddsUp(id);
  });

  it('failed rows that are asked something else -> anew, too; those that are not -> stay, with the retry to type', async () => {
    const rows = ['a', 'b', 'c', 'd'];
    const { run } = await staged();
    await open(run.id);
    await answer(run.id, 0, 'failed');
    await answer(run.id, 1, 'failed');
    await answer(run.id, 2, 'filtered');
    await rest(run.id);
    expect((await redo({ rows: ['A', ...rows.slice(1)] })).notes).toEqual([
      `run ${run.id} takes over 1 changed row: 1 row that was done is done anew, 1 stays, 1 is left`,
      `1 row of run ${run.id} failed before and stays so; when the run has ended, do them again: swarm retry ${run.id}`,
      `run ${run.id} is resumed`,
    ]);
    expect(await store.totals(run.id)).toMatchObject({ ok: 0, failed: 1, filtered: 1 });
    await redo({ rows: ['A', ...rows.slice(1)], task: { maxTokens: 7 } });
    expect(await store.totals(run.id)).toMatchObject({ ok: 0, failed: 0, filtered: 0, calls: 3 });
    await expectAddsUp(run.id);
  });

  it('a conversation that had begun -> begins anew when it is asked something else; a late answer of before is not used', async () => {
    const task: Partial<Task> = { multiTurn: true, maxTurns: 3 };
    const { run } = await staged({ task });
    await open(run.id);
    await answer(run.id, 0, null);
    await answer(run.id, 1, null);
    const late = { runId: run.id, index: 2, turn: 1 };
    await store.intend({ ...late, epoch: 1, ...WORKER, owner: 'o', reservedNano: 9, at: 1_000 });
    await store.doubt({ ...late, attempt: 1, code: 'E_CALL_CRASHED', isTry: false, at: 1_000 });
    await rest(run.id);
    await redo({ task, rows: ['A', 'b', 'C', 'd'] });
    expect(await states(run.id)).toEqual(['0.1.1 superseded', '1.1.1 answered', '2.1.1 doubtful']);
    const settled = { answer: 'late', finish: 'stop', servedModel: 'm', usage: USAGE, costNano: 4, at: 1_000 } as const;
    expect(await store.settle({ ...late, attempt: 1, ...settled })).toBe('late');
    expect(await store.totals(run.id)).toMatchObject({ calls: 2, doubtful: 1, doubtfulNano: 4, open: 0 });
    expect((await redo({ task, rows: ['A', 'b', 'C', 'd'] })).notes).toEqual([`run ${run.id} is resumed`]);
    await expectAddsUp(run.id);
  });
});

describe('under way, or in the middle', () => {
  it('under way, a call in flight -> refused with how to pause it, nothing is changed; with nothing to change -> goes on', async () => {
    const { run } = await staged();
    await open(run.id);
    await answer(run.id, 0);
    for (const more of [{ rows: ['A', 'b', 'c', 'd'] }, { task: { maxTokens: 7 } }]) {
      const error = await refused(more);
      expect([error.code, error.exitCode]).toEqual(['E_LOCKED', 6]);
      expect(error.message).toContain(`swarm pause ${run.id}; then the same command again`);
    }
    expect((await redo()).notes).toEqual([`run ${run.id} is under way already`]);
    await store.intend({ runId: run.id, index: 1, turn: 1, epoch: 1, ...WORKER, owner: 'o', reservedNano: 5, at: 1_000 });
    await rest(run.id);
    expect(await refused({ rows: ['A', 'b', 'c', 'd'] })).toMatchObject({ code: 'E_LOCKED' });
    expect((await store.seeds(run.id, { list: [0] }))[0]?.content).toBe('a');
    expect(await done(run.id)).toEqual([0]);
  });

  it('paused -> its epoch is ended first', async () => {
    const { run } = await staged();
    await open(run.id);
    await answer(run.id, 0);
    await store.updateRun(run.id, { state: 'paused', reason: 'user' });
    const endEpoch = vi.fn(() => rest(run.id));
    await redo({ rows: ['A', 'b', 'c', 'd'] }, { ...ports(), endEpoch });
    expect(endEpoch).toHaveBeenCalledOnce();
    expect(await done(run.id)).toEqual([]);
  });

  const MANY = 1_200;
  const many = Array.from({ length: MANY }, (_, index) => ({ text: `row ${index}`, style: index % 2 === 0 ? '!' : '' }));
  const said: More = { rows: many, task: { promptTemplate: '{{text}}' } };
  const cried: More = {
    rows: many.map((row, index) => (index % 300 === 1 ? { ...row, text: 'edited' } : row)),
    task: { promptTemplate: '{{text}}{{style}}' },
  };
  /** Even rows are asked something else, and four odd ones were edited. */
  const stay = many.flatMap((_, index) => (index % 2 === 1 && index % 300 !== 1 ? [index] : []));

  async function allDone(state: 'capped' | 'completed'): Promise<string> {
    const { run } = await staged(said);
    await open(run.id);
    await Promise.all(many.map((_, index) => answer(run.id, index)));
    await rest(run.id, state);
    return run.id;
  }

  it.each(['capped', 'completed'] as const)(
    '%s, dies between two chunks -> rows as they were or anew; the same again ends it, once',
    async (state) => {
      const id = await allDone(state);
      let chunks = 0;
      const dying: Store = {
        ...store,
        changeRows: async (change) => {
          chunks += 1;
          if (chunks > 1) throw new Error('dead');
          return await store.changeRows(change);
        },
      };
      await expect(redo(cried, ports(dying))).rejects.toThrow('dead');
      const half = await done(id);
      expect(half.filter((index) => index < 500)).toEqual(stay.filter((index) => index < 500));
      expect(half.filter((index) => index >= 500)).toHaveLength(MANY - 500);
      await expectAddsUp(id, MANY);
      // Without the option it does not go on with half a change.
      expect(await refused({ ...cried, ifChanged: 'refuse' })).toMatchObject({ code: 'E_SEEDS_CHANGED' });
      const { kind, run } = await redo(cried);
      expect([kind, run.id]).toEqual(['resumed', id]);
      expect(await done(id)).toEqual(stay);
      expect(await store.taskVersions(id)).toHaveLength(2);
      expect((await redo(cried)).notes).toEqual([`run ${id} is resumed`]);
      expect((await staged(cried)).kind).toBe('resumed');
      await expectAddsUp(id, MANY);
      const superseded = (await store.calls(id, { from: 0, to: MANY })).filter((call) => call.state === 'superseded');
      expect(superseded).toHaveLength(MANY - stay.length);
    },
  );

  it('dies after the last chunk, before its rows are those of the run -> the same again ends it', async () => {
    const id = await allDone('completed');
    const dying: Store = { ...store, sealRun: () => Promise.reject(new Error('dead')) };
    await expect(redo(cried, ports(dying))).rejects.toThrow('dead');
    expect(await done(id)).toEqual(stay);
    expect((await redo(cried)).kind).toBe('resumed');
    const reading = readSeeds({ rows: cried.rows ?? [] }, {});
    for await (const _ of reading);
    expect((await store.run(id))?.seedsFingerprint).toBe(reading.fingerprint.digest());
  });

  it('two starts of the same change at once -> each row anew once, both go on', async () => {
    const id = await allDone('capped');
    const both = await Promise.all([redo(cried), redo(cried)]);
    expect(both.map(({ kind }) => kind)).toEqual(['resumed', 'resumed']);
    expect(await done(id)).toEqual(stay);
    expect(await store.taskVersions(id)).toHaveLength(2);
    await expectAddsUp(id, MANY);
  });

  it('goes on between two chunks -> refused; nothing of what is done meanwhile is lost', async () => {
    const id = await allDone('capped');
    let chunks = 0;
    const resumed: Store = {
      ...store,
      changeRows: async (change) => {
        chunks += 1;
        if (chunks === 2) await open(id);
        return await store.changeRows(change);
      },
    };
    expect(await refused(cried, ports(resumed))).toMatchObject({ code: 'E_LOCKED' });
    await answer(id, 0);
    await rest(id);
    await redo(cried);
    expect(await done(id)).toEqual([0, ...stay]);
    await expectAddsUp(id, MANY);
  });
});
