import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkInHome } from '../../src/client/check.js';
import { taskFingerprint } from '../../src/intake/fingerprint.js';
import { readSeeds } from '../../src/intake/read-seeds.js';
import { earlierRows, NO_EARLIER_ROWS } from '../../src/runs/earlier-rows.js';
import type { Task } from '../../src/schema/task-types.js';
import type { Store } from '../../src/store/port/store.js';
import { fileStore } from '../activities/file-store.js';
import { aTask, stage } from '../activities/turn-setup.js';
import { checkTask } from './checked.js';

const opened = fileStore();
let store: Store;
let root: string;
beforeAll(() => {
  store = opened.store;
  root = opened.folder;
});

const task = (more: object = {}) => ({
  prompt_template: 'Say {{seed}}',
  worker_model: 'sim/quick',
  worker_max_tokens: 1_000,
  output_dir: join(root, 'out'),
  workers: 4,
  ...more,
});
const seeds = Array.from({ length: 100 }, (_, index) => `row ${index}`);

describe('before anything was measured', () => {
  it('bounds around a guess: one call a row, an answer of 1 to max_tokens, the price of both ends', async () => {
    const { estimate, worstCostUsd } = await checkTask(task(), { seeds });
    expect(estimate).toMatchObject({
      rows: 100,
      sample: 0,
      calls: { low: 100, expected: 100, high: 100 },
      outputTokens: { low: 100, expected: 50_000, high: 100_000 },
    });
    const { costUsd, ms } = estimate ?? {};
    expect(costUsd?.high).toBe(worstCostUsd);
    expect(costUsd?.low).toBeLessThan((costUsd?.expected ?? 0) / 10);
    expect(costUsd?.expected).toBeLessThan(costUsd?.high ?? 0);
    // 25 calls one after the other: 0.505 s, 2 s, or 52 s each.
    expect(ms).toEqual({ low: 12_625, expected: 50_000, high: 1_300_000 });
  });

  it('turns, a rate, an unknown price', async () => {
    const turns = (await checkTask(task({ multi_turn: true, max_turns: 8 }), { seeds })).estimate;
    expect(turns?.calls).toEqual({ low: 100, expected: 300, high: 800 });
    expect(turns?.inputTokens.expected).toBeGreaterThan(3 * (turns?.inputTokens.low ?? 0));
    const rated = (await checkTask(task({ requests_per_minute: 60 }), { seeds })).estimate;
    expect(rated?.ms.expected).toBe(100_000);
    const unknown = { worker_model: 'local', worker_api_base: 'http://127.0.0.1:9/v1' };
    expect((await checkTask(task(unknown), { seeds })).estimate?.costUsd).toBeNull();
    expect((await checkTask(task({ worker_max_tokens: -1 }), { seeds })).estimate).toBeNull();
  });
});

describe('rows of an earlier run', () => {
  const done = (index: number, costNano: number) => ({
    index,
    calls: 1,
    inputTokens: 100,
    cachedTokens: 0,
    outputTokens: 50,
    unmetered: 0,
    costNano,
    ms: 2_000,
    role: 'worker' as const,
  });

  it('a sample, and rows that are done -> the rest by it; --fresh -> all rows', async () => {
    const sample = { run: 'before', price: null, rows: Array.from({ length: 30 }, (_, index) => done(index, 1_000_000)) };
    const earlier = async () => ({ ...NO_EARLIER_ROWS, done: 30, sample });
    const report = await checkTask(task(), { seeds }, { earlier });
    expect(report).toMatchObject({ doneRows: 30, sampleRun: 'before' });
    expect(report.estimate).toMatchObject({ rows: 70, sample: 30, outputTokens: { expected: 3_500 }, ms: { expected: 35_000 } });
    expect(report.estimate?.costUsd?.expected).toBeCloseTo(0.07, 9);
    const fresh = await checkTask(task(), { seeds, ifChanged: 'fresh' }, { earlier });
    expect(fresh).toMatchObject({ doneRows: 0, estimate: { rows: 100, sample: 30 } });
    const anew = await checkTask(
      task(),
      { seeds, ifChanged: 'redo' },
      { earlier: async () => ({ ...(await earlier()), anew: 7 }) },
    );
    expect(anew).toMatchObject({ doneRows: 30, anewRows: 7, estimate: { rows: 70 } });
    const all = await checkTask(task(), { seeds }, { earlier: async () => ({ ...NO_EARLIER_ROWS, done: 100, sample }) });
    expect(all.estimate).toMatchObject({ rows: 0, calls: { expected: 0 }, ms: { expected: 0 } });
  });

  it('done at another price -> their tokens at the price of today; at one that nobody knows -> unknown', async () => {
    const rows = Array.from({ length: 20 }, (_, index) => done(index, 30_000));
    const before = { input: 0.1, output: 0.4 };
    const report = async (price: object | undefined, more: object = {}) => {
      const own = { worker_model: 'local', worker_api_base: 'http://127.0.0.1:9/v1', ...(price && { price }) };
      const sample = { run: 'before', price: before, rows: rows.map((one) => ({ ...one, ...more })) };
      return await checkTask(task(own), { seeds }, { earlier: async () => ({ ...NO_EARLIER_ROWS, sample }) });
    };
    const expected = async (price: object | undefined, more: object = {}) =>
      (await report(price, more)).estimate?.costUsd?.expected;
    // 100 rows of 100 tokens in and 50 out.
    expect(await expected({ input: 1_000, output: 4_000 })).toBeCloseTo(30, 6);
    // Cached tokens at their own price.
    expect(await expected({ input: 1_000, output: 4_000, cached_input: 100 }, { cachedTokens: 100 })).toBeCloseTo(21, 6);
    // The same price: what they did cost holds.
    expect(await expected(before)).toBeCloseTo(0.003, 9);
    // No tokens were told: they were booked at what they could cost, which is 10,000 times as much now.
    expect(await expected({ input: 1_000, output: 4_000 }, { unmetered: 1, inputTokens: 0, outputTokens: 0 })).toBeCloseTo(30, 4);
    expect((await report(undefined)).estimate?.costUsd).toBeNull();
  });

  it('the store: the newest run of the same task with enough rows; done rows are those of the same folder', async () => {
    const mine = aTask({ outputDir: root });
    const doRows = async (run: string, rows: number) => {
      await store.openEpoch(run, { workflowId: run, executionId: run }, 1);
      for (let index = 0; index < rows; index += 1) {
        const attempt = { runId: run, index, turn: 1, attempt: 1 };
        await store.intend({ ...attempt, epoch: 1, phase: 'map', role: 'worker', owner: 'o', reservedNano: 1, at: 1_000 });
        const usage = { input: 10, cached: 0, output: 5, reasoning: 0 };
        const outcome = {
          index,
          id: String(index),
          status: 'ok' as const,
          finish: 'stop' as const,
          model: 'm',
          fromTurn: 1,
          turns: 1,
          attempts: 0,
          usage,
          costNano: 7,
        };
        await store.settle({ ...attempt, answer: 'a', finish: 'stop', servedModel: 'm', usage, costNano: 7, at: 1_400, outcome });
      }
    };
    const startOf = (own: Task) => ({ task: own, limited: false });
    expect(await earlierRows(store, startOf(mine))).toEqual(NO_EARLIER_ROWS);
    await stage(store, 'same-task', 30, mine);
    const fingerprint = taskFingerprint(mine);
    // Staged under a made-up fingerprint: another task.
    expect((await store.run('same-task'))?.taskFingerprint).not.toBe(fingerprint);
    const create = async (id: string, total: number, outputDir: string, createdAt: number) => {
      const seedsOf = Array.from({ length: total }, (_, index) => ({ index, id: String(index), content: `row ${index}` }));
      const run = { id, name: id, task: mine, taskFingerprint: fingerprint, outputDir, detached: false, limited: false };
      await store.createRun({ ...run, origin: 'cli', createdAt });
      await store.appendSeeds(id, seedsOf);
      const control = { paused: false, cancelled: false, concurrency: 4, requestsPerMinute: null, capNano: null };
      await store.sealRun(id, { seedsFingerprint: 'x', total, control });
    };
    await create('long-ago', 40, '/elsewhere', 1);
    await doRows('long-ago', 25);
    await create('newer', 40, root, 2);
    await doRows('newer', 9);
    const found = await earlierRows(store, startOf(mine));
    expect(found.done).toBe(9);
    expect(found.sample?.run).toBe('long-ago');
    expect(found.sample?.rows).toHaveLength(25);
    expect(found.sample?.rows[0]).toEqual({
      index: 0,
      role: 'worker',
      ...{ calls: 1, inputTokens: 10, cachedTokens: 0, outputTokens: 5, unmetered: 0, costNano: 7, ms: 400 },
    });
    // Another task that is to take over what is in the folder: done is done, but tells nothing of it.
    const changed = { ...mine, maxTokens: mine.maxTokens + 1 };
    expect(await earlierRows(store, startOf(changed))).toMatchObject({ done: 0, sample: null });
    expect(await earlierRows(store, startOf(changed), 'keep')).toMatchObject({ done: 9, sample: null });
    expect((await earlierRows(store, startOf(mine), 'keep')).done).toBe(9);
    // All of them by this one; or what an edited row had, and nothing of rows that are the same.
    expect(await earlierRows(store, startOf(changed), 'redo')).toMatchObject({ done: 0, anew: 9 });
    expect(await earlierRows(store, startOf(mine), 'redo')).toMatchObject({ done: 9, anew: 0 });
    const rows = (last: number) =>
      Array.from({ length: last }, (_, index) => ({ id: String(index), text: index === 3 ? 'edited' : `row ${index}` }));
    const texts = { ...mine, promptTemplate: '{{text}}' };
    await create('texts', 40, join(root, 'texts'), 3);
    await store.appendSeeds(
      'texts',
      rows(40).map((row, index) => ({ index, id: row.id, content: { ...row, text: `row ${index}` } })),
    );
    await store.updateRun('texts', { task: texts });
    await doRows('texts', 9);
    const edited = (last: number) => ({
      task: { ...texts, outputDir: join(root, 'texts') },
      limited: false,
      rowsAgain: () => readSeeds({ rows: rows(last) }),
    });
    expect(await earlierRows(store, edited(50), 'redo')).toMatchObject({ done: 8, anew: 1 });
    await expect(earlierRows(store, edited(39), 'redo')).rejects.toMatchObject({ code: 'E_SEEDS_CHANGED' });
    expect((await store.run('texts'))?.total).toBe(40);
    expect(await store.seeds('texts', { list: [3, 45] })).toMatchObject([{ content: { text: 'row 3' } }]);
    await store.dropRun('texts');
    // All its rows are done: a few are enough.
    await create('small', 6, '/elsewhere', 3);
    await doRows('small', 6);
    expect((await earlierRows(store, startOf(mine))).sample?.run).toBe('small');
    await store.updateRun('small', { state: 'paused' });
    const version = { taskFingerprint: fingerprint, task: mine, changed: ['worker_model'], whileIn: ['paused'] as const };
    await store.changeTask({ runId: 'small', ...version, taskFingerprint: 'between' });
    await store.changeTask({ runId: 'small', ...version });
    // Some of its rows were done by another task.
    expect((await earlierRows(store, startOf(mine))).sample?.run).toBe('long-ago');
  });

  it('a home without a store -> nothing is known, and none is made', async () => {
    const home = join(root, 'no-home');
    const file = join(root, 'task.yaml');
    writeFileSync(file, JSON.stringify(task({ seeds_file: 'rows.txt' })));
    writeFileSync(join(root, 'rows.txt'), 'one\n');
    const report = await checkInHome({ home, databaseUrl: null, maxDailyCost: null }, file, {});
    expect(report).toMatchObject({ problems: [], doneRows: 0, sampleRun: null });
    expect(existsSync(home)).toBe(false);
  });
});
