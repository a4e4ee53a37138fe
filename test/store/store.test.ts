import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Wait } from '../../src/core/gate/wait.js';
import type { FailureCause } from '../../src/core/model.js';
import type { Store } from '../../src/store/port/store.js';
import type { KnownLease } from '../../src/store/port/workers.js';
import { seededRandom } from '../support/test-random.js';
import {
  answer,
  intentOf,
  NOW,
  newRun,
  openStore,
  outcomeOf,
  settlementOf,
  stagedRun,
  testDatabases,
  USAGE,
} from './databases.js';

const databases = await testDatabases();
afterAll(() => Promise.all(databases.map((database) => database.stop())));

describe.each(databases)('store on $name', ({ name, missing, place }) => {
  const open: Store[] = [];
  const fresh = async () => {
    const store = await openStore(await place());
    open.push(store);
    return store;
  };
  afterEach(() => Promise.all(open.splice(0).map((store) => store.close())));
  const test = it.skipIf(missing !== null);

  it.skipIf(missing !== null || name !== 'libsql')('file: new -> 0600 in a folder of 0700', async () => {
    const location = (await place()) as { file: string };
    const store = await openStore(location);
    expect(statSync(location.file).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(location.file)).mode & 0o777).toBe(0o700);
    await store.close();
  });

  test('open: five at once on a new place -> all open, one schema', async () => {
    const location = await place();
    const stores = await Promise.all(Array.from({ length: 5 }, () => openStore(location)));
    await stores[0]?.createRun(newRun('r'));
    for (const store of stores) expect((await store.run('r'))?.id).toBe('r');
    await Promise.all(stores.map((store) => store.close()));
  });

  test('staging: create, append twice, seal -> rows once, any text kept', async () => {
    const store = await fresh();
    await store.createRun(newRun('r'));
    const seeds = Array.from({ length: 1_234 }, (_, index) => ({ index, id: `id-${index}`, content: { text: `t${index}` } }));
    const odd = { index: 1_234, id: 'half \ud83d', content: 'nul \0, half \udc00, whole 😀, quote "' };
    await store.appendSeeds('r', [...seeds, odd]);
    await store.appendSeeds('r', [odd, seeds[7]!]);
    expect((await store.run('r'))?.state).toBe('staging');
    await expect(store.openEpoch('r', { workflowId: 'w', executionId: 'x-w' }, NOW)).rejects.toMatchObject({
      code: 'E_RUN_NOT_STAGED',
    });
    const caps = { capNano: 5_000_000_000_000, callCapNano: 1, rowCapNano: 2, dayCapNano: 3 };
    const rates = { concurrency: 3, requestsPerMinute: 0.5, tokensPerMinute: 90_000, auto: true };
    const control = { paused: false, cancelled: false, ...rates, ...caps };
    await store.sealRun('r', { seedsFingerprint: 'abc', total: 1_235, control });
    expect(await store.run('r')).toEqual({
      ...newRun('r'),
      home: '',
      state: 'staged',
      reason: null,
      message: null,
      epoch: 0,
      seedsFingerprint: 'abc',
      total: 1_235,
      workflowId: null,
      startedAt: null,
      endedAt: null,
      publishedAt: null,
      workedMs: 0,
      workingSince: null,
      phase: null,
    });
    expect(await store.control('r')).toEqual({ ...control, startCap: null, stop: null, version: 1 });
    expect((await store.totals('r')).total).toBe(1_235);
    expect(await store.seeds('r', { from: 0, to: 10_000 })).toEqual([...seeds, odd]);
    expect(await store.seeds('r', { list: [1_234, 3, 99_999] })).toEqual([seeds[3], odd]);
    expect(await store.seeds('r', { list: [] })).toEqual([]);
    await expect(store.createRun(newRun('r'))).rejects.toMatchObject({ code: 'E_RUN_EXISTS' });
    await expect(store.appendSeeds('x', [odd])).rejects.toMatchObject({ code: 'E_RUN_UNKNOWN' });
  });

  test('runs: filters -> newest first', async () => {
    const store = await fresh();
    await store.createRun(newRun('a', { createdAt: NOW }));
    await store.createRun(newRun('b', { createdAt: NOW + 1, outputDir: '/here' }));
    await store.createRun(newRun('c', { createdAt: NOW + 2, detached: true }));
    await store.updateRun('a', { state: 'paused', reason: 'billing', message: 'no \0 credit', detached: true, endedAt: NOW });
    expect((await store.runs()).map((run) => run.id)).toEqual(['c', 'b', 'a']);
    expect((await store.runs({ states: ['staging'], limit: 1 })).map((run) => run.id)).toEqual(['c']);
    expect((await store.runs({ outputDir: '/here' })).map((run) => run.id)).toEqual(['b']);
    expect(await store.runs({ states: [] })).toEqual([]);
    const paused = { state: 'paused', reason: 'billing', message: 'no  credit', detached: true, endedAt: NOW };
    expect(await store.run('a')).toMatchObject(paused);
    await store.updateRun('a', { reason: null, message: null, endedAt: null });
    expect(await store.run('a')).toMatchObject({ state: 'paused', reason: null, message: null, endedAt: null });
    await expect(store.updateRun('x', { state: 'failed' })).rejects.toMatchObject({ code: 'E_RUN_UNKNOWN' });
    expect(await store.run('x')).toBeNull();
  });

  test('calls: answered, refused, doubtful -> rows, totals and spend add up', async () => {
    const store = await fresh();
    await stagedRun(store, 'r', 4);
    await answer(store, 'r', 0, { answer: 'long \0 \ud800 "x"', outcome: outcomeOf(0) });
    await store.intend(intentOf('r', 1));
    await store.refuse({ runId: 'r', index: 1, turn: 1, attempt: 1, kind: 'limited', code: 'E_CALL_RATE', at: NOW });
    expect(await store.intend(intentOf('r', 1))).toEqual({ kind: 'go', attempt: 2 });
    await store.doubt({ runId: 'r', index: 1, turn: 1, attempt: 2, isTry: true, code: 'E_CALL_TIMEOUT', at: NOW });
    await answer(store, 'r', 1, { servedModel: 'other', usage: null, costNano: 100 });
    await store.intend(intentOf('r', 2));
    await store.refuse({ runId: 'r', index: 2, turn: 1, attempt: 1, kind: 'failed', code: 'E_CALL_400', at: NOW });
    await store.intend(intentOf('r', 3));

    expect(await store.totals('r')).toEqual({
      total: 4,
      ok: 1,
      failed: 0,
      filtered: 0,
      seq: 1,
      usage: USAGE,
      calls: 2,
      tries: 2,
      limited: 1,
      doubtful: 1,
      open: 1,
      settledNano: 170,
      reservedNano: 100,
      doubtfulNano: 100,
      unpriced: 0,
    });
    const calls = await store.calls('r', { from: 0, to: 4 });
    expect(calls.map((call) => [call.index, call.attempt, call.state, call.isTry, call.code])).toEqual([
      [0, 1, 'answered', false, null],
      [1, 1, 'limited', false, 'E_CALL_RATE'],
      [1, 2, 'doubtful', true, 'E_CALL_TIMEOUT'],
      [1, 3, 'answered', false, null],
      [2, 1, 'failed', true, 'E_CALL_400'],
      [3, 1, 'intent', false, null],
    ]);
    expect(calls[0]).toEqual({
      ...intentOf('r', 0),
      at: undefined,
      attempt: 1,
      state: 'answered',
      isTry: false,
      code: null,
      answer: 'long \0 \ud800 "x"',
      finish: 'stop',
      servedModel: 'm',
      usage: USAGE,
      costNano: 70,
      startedAt: NOW,
      endedAt: NOW + 5,
    });
    expect(calls[3]).toMatchObject({ usage: null, costNano: 100, answer: 'answer 1' });
    expect(calls[5]).toMatchObject({ answer: null, endedAt: null, reservedNano: 100 });
    expect(await store.calls('r', { list: [2, 0] })).toEqual([calls[0], calls[4]]);
    expect((await store.doubtfulCalls('r')).map((call) => [call.index, call.attempt, call.reservedNano])).toEqual([[1, 2, 100]]);
    const none = { input: 0, cached: 0, output: 0, reasoning: 0 };
    expect(await store.spendByModel('r')).toMatchObject([
      { model: 'm', role: 'worker', calls: 1, usage: USAGE, costNano: 70, unmetered: { calls: 0, costNano: 0 } },
      { model: 'other', role: 'worker', calls: 1, usage: none, costNano: 100, unmetered: { calls: 1, costNano: 100 } },
    ]);
  });

  test('write to an unknown run or call -> E_RUN_UNKNOWN', async () => {
    const store = await fresh();
    const unknown = { code: 'E_RUN_UNKNOWN' };
    await expect(store.intend(intentOf('x', 0))).rejects.toMatchObject(unknown);
    await expect(store.settle(settlementOf('x', 0))).rejects.toMatchObject(unknown);
    await expect(store.finish('x', outcomeOf(0))).rejects.toMatchObject(unknown);
    await expect(store.totals('x')).rejects.toMatchObject(unknown);
    await expect(store.control('x')).rejects.toMatchObject(unknown);
    await expect(store.setControl('x', { paused: true })).rejects.toMatchObject(unknown);
    await expect(store.reopenFailed('x')).rejects.toMatchObject(unknown);
    await expect(store.openEpoch('x', { workflowId: 'w', executionId: 'x-w' }, NOW)).rejects.toMatchObject(unknown);
  });

  test('outcomes: in order of arrival and of input, once per row', async () => {
    const store = await fresh();
    await stagedRun(store, 'r', 5);
    await answer(store, 'r', 3, { outcome: outcomeOf(3) });
    await store.finish(
      'r',
      outcomeOf(1, { status: 'failed', cause: 'too_long', code: 'E_ROW_TOO_LONG', message: 'too \0 long', turns: 0 }),
    );
    await store.finish('r', outcomeOf(1));
    await answer(store, 'r', 0, { answer: 'no', turn: 1 });
    await answer(store, 'r', 0, { answer: 'first ', turn: 2 });
    await answer(store, 'r', 0, { answer: 'second', turn: 3, outcome: outcomeOf(0, { fromTurn: 2, turns: 3 }) });
    await answer(store, 'r', 4, { outcome: outcomeOf(4, { status: 'filtered' }) });
    expect((await store.outcomesAfter('r', 0, 10)).map(({ seq, outcome }) => [seq, outcome.index])).toEqual([
      [1, 3],
      [2, 1],
      [3, 0],
      [4, 4],
    ]);
    expect(await store.outcomesAfter('r', 2, 1)).toEqual([{ seq: 3, outcome: outcomeOf(0, { fromTurn: 2, turns: 3 }) }]);
    const places = await Promise.all([0, 1, 2, 3, 4].map((index) => store.okPlace('r', index)));
    expect(places).toEqual([{ seq: 3, nth: 2, id: outcomeOf(0).id }, null, null, { seq: 1, nth: 1, id: outcomeOf(3).id }, null]);
    expect(await store.totals('r')).toMatchObject({ total: 5, ok: 2, failed: 1, filtered: 1, seq: 4 });
    const ok = await store.outputRows('r', { status: 'ok', from: 0, limit: 10 });
    expect(ok.map((row) => [row.index, row.seed, row.output])).toEqual([
      [0, 'row 0', 'first second'],
      [3, 'row 3', 'answer 3'],
    ]);
    expect((await store.outputRows('r', { status: 'ok', from: 1, limit: 1 })).map((row) => row.index)).toEqual([3]);
    const [failed] = await store.outputRows('r', { status: 'failed', from: 0, limit: 10 });
    expect(failed).toMatchObject({ index: 1, output: null, cause: 'too_long', message: 'too \0 long' });
    expect((await store.outputRows('r', { status: 'filtered', from: 0, limit: 10 })).map((row) => row.output)).toEqual([
      'answer 4',
    ]);
    expect(await store.outputRows('r', { status: 'ok', from: 4, limit: 10 })).toEqual([]);
    expect(await store.outcome('r', 3)).toEqual(outcomeOf(3));
    expect(await store.outcome('r', 2)).toBeNull();
    expect(await store.done('r', { from: 0, to: 4 })).toEqual(new Set([0, 1, 3]));
    expect(await store.done('r', { list: [2, 4] })).toEqual(new Set([4]));
  });

  test('openEpoch: nothing done -> range; some done -> the missing rows as a list', async () => {
    const store = await fresh();
    await stagedRun(store, 'r', 5);
    expect(await store.openEpoch('r', { workflowId: 'r/e1', executionId: 'x-r/e1' }, NOW)).toEqual({
      epoch: 1,
      kind: 'range',
      items: 5,
    });
    expect(await store.run('r')).toMatchObject({ state: 'running', epoch: 1, workflowId: 'r/e1', startedAt: NOW });
    await answer(store, 'r', 1, { outcome: outcomeOf(1) });
    await answer(store, 'r', 4, { outcome: outcomeOf(4) });
    await store.updateRun('r', { state: 'capped', reason: 'capped', endedAt: NOW + 1, publishedAt: NOW + 2 });
    expect(await store.openEpoch('r', { workflowId: 'r/e2', executionId: 'x-r/e2' }, NOW + 9)).toEqual({
      epoch: 2,
      kind: 'list',
      items: 3,
    });
    const run = { state: 'running', reason: null, epoch: 2, startedAt: NOW, endedAt: null, publishedAt: null };
    expect(await store.run('r')).toMatchObject(run);
    expect(await store.items('r', 2, 0, 10)).toEqual([0, 2, 3]);
    expect(await store.items('r', 2, 1, 2)).toEqual([2]);
    expect(await store.items('r', 1, 0, 10)).toEqual([]);
  });

  test('openEpoch: paused before it was open -> paused, nobody works on it', async () => {
    const store = await fresh();
    await stagedRun(store, 'r', 5);
    await store.setControl('r', { paused: true });
    await store.openEpoch('r', { workflowId: 'r/e1', executionId: 'x-r/e1' }, NOW);
    const run = { state: 'paused', reason: 'user', epoch: 1, startedAt: NOW, workedMs: 0, workingSince: null };
    expect(await store.run('r')).toMatchObject(run);
  });

  test('reopenFailed: of one cause, of all -> pending again, a spent answer superseded, its money kept', async () => {
    const store = await fresh();
    await stagedRun(store, 'r', 3);
    await answer(store, 'r', 0, { turn: 1 });
    await answer(store, 'r', 0, { turn: 2, outcome: outcomeOf(0, { status: 'failed', cause: 'truncated', turns: 2 }) });
    await answer(store, 'r', 1, { turn: 1 });
    await store.finish('r', outcomeOf(1, { status: 'failed', cause: 'transport', turns: 1 }));
    await answer(store, 'r', 2, { outcome: outcomeOf(2) });
    expect(await store.reopenFailed('r', 'empty')).toBe(0);
    expect(await store.reopenFailed('r', 'truncated')).toBe(1);
    const states = async () => (await store.calls('r', { from: 0, to: 3 })).map((call) => [call.index, call.turn, call.state]);
    const reopened = [
      [0, 1, 'answered'],
      [0, 2, 'superseded'],
      [1, 1, 'answered'],
      [2, 1, 'answered'],
    ];
    expect(await states()).toEqual(reopened);
    expect(await store.reopenFailed('r')).toBe(1);
    expect(await states()).toEqual(reopened);
    expect(await store.totals('r')).toMatchObject({ ok: 1, failed: 0, seq: 3, calls: 4, settledNano: 280 });
    expect(await store.intend(intentOf('r', 0, { turn: 2 }))).toEqual({ kind: 'go', attempt: 2 });
    expect(await store.intend(intentOf('r', 1, { turn: 1 }))).toEqual({ kind: 'answered' });
    await store.finish('r', outcomeOf(1));
    expect((await store.outcomesAfter('r', 3, 10)).map(({ seq }) => seq)).toEqual([4]);
  });

  test('changeTask: a run that rests -> its next epoch has the task, rows count by version; a call in flight, a wrong state -> nothing', async () => {
    const store = await fresh();
    await stagedRun(store, 'r', 4);
    const { task } = newRun('r');
    const change = (maxTokens: number) =>
      store.changeTask({
        ...{ runId: 'r', task: { ...task, maxTokens }, taskFingerprint: `f${maxTokens}`, changed: ['worker_max_tokens'] },
        whileIn: ['paused'],
      });
    await store.openEpoch('r', { workflowId: 'w', executionId: 'x-1' }, NOW);
    await answer(store, 'r', 0, { outcome: outcomeOf(0) });
    await store.finish('r', outcomeOf(1, { status: 'failed', cause: 'truncated', turns: 0 }));
    expect(await change(7)).toBe(false);
    await store.updateRun('r', { state: 'paused' });
    await store.intend(intentOf('r', 2));
    expect(await change(7)).toBe(false);
    expect(await store.taskVersions('r')).toEqual([]);
    await store.settle(settlementOf('r', 2, { outcome: outcomeOf(2) }));
    expect(await change(7)).toBe(true);
    expect(await store.run('r')).toMatchObject({ taskFingerprint: 'f7', task: { maxTokens: 7 }, state: 'paused' });
    await store.reopenFailed('r');
    await store.openEpoch('r', { workflowId: 'w', executionId: 'x-2' }, NOW);
    await store.finish('r', outcomeOf(1, { turns: 0 }));
    await store.finish('r', outcomeOf(3, { status: 'filtered', turns: 0 }));
    const { taskFingerprint, createdAt } = newRun('r');
    expect(await store.taskVersions('r')).toEqual([
      { taskFingerprint, task, changed: [], fromEpoch: 1, fromSeq: 0, at: createdAt, ok: 2, failed: 0, filtered: 0 },
      {
        ...{ taskFingerprint: 'f7', task: { ...task, maxTokens: 7 }, changed: ['worker_max_tokens'], fromEpoch: 2, fromSeq: 3 },
        ...{ at: expect.any(Number), ok: 1, failed: 0, filtered: 1 },
      },
    ]);
    await expect(store.changeTask({ runId: 'x', task, taskFingerprint, changed: [], whileIn: ['paused'] })).rejects.toMatchObject(
      { code: 'E_RUN_UNKNOWN' },
    );
    await store.dropRun('r');
    expect(await store.taskVersions('r')).toEqual([]);
  });

  test('dropRun: all rows gone, others stay; the id is free again', async () => {
    const store = await fresh();
    await stagedRun(store, 'r', 1_500);
    await stagedRun(store, 'other', 2);
    await answer(store, 'r', 1, { outcome: outcomeOf(1) });
    await answer(store, 'other', 1, { outcome: outcomeOf(1) });
    await store.openEpoch('r', { workflowId: 'w', executionId: 'x-w' }, NOW);
    await store.dropRun('r');
    expect(await store.run('r')).toBeNull();
    expect(await store.controls(['r', 'other'])).toEqual(new Map([['other', await store.control('other')]]));
    await stagedRun(store, 'r', 1);
    expect(await store.seeds('r', { from: 0, to: 2_000 })).toHaveLength(1);
    expect(await store.calls('r', { from: 0, to: 2_000 })).toEqual([]);
    expect(await store.items('r', 1, 0, 10)).toEqual([]);
    expect(await store.outcome('other', 1)).toEqual(outcomeOf(1));
  });

  test('control: patch -> new version, listeners told, cap obeyed', async () => {
    const store = await fresh();
    await stagedRun(store, 'r', 3, 250);
    const heard: unknown[] = [];
    const end = store.onControl((runId, control) => heard.push([runId, control.paused, control.version]));
    const control = await store.setControl('r', { paused: true, requestsPerMinute: 30 });
    expect(control).toMatchObject({
      paused: true,
      cancelled: false,
      concurrency: 4,
      requestsPerMinute: 30,
      capNano: 250,
      version: 2,
    });
    expect(await store.controls(['r', 'x'])).toEqual(new Map([['r', control]]));
    expect(await store.controls([])).toEqual(new Map());
    end();
    await store.setControl('r', { paused: false });
    expect(heard).toEqual([['r', true, 2]]);
    const kinds = await Promise.all([0, 1, 2].map((index) => store.intend(intentOf('r', index))));
    expect(kinds.map((result) => result.kind)).toEqual(['go', 'go', 'capped']);
    expect(await store.totals('r')).toMatchObject({ reservedNano: 200, open: 2 });
    await store.setControl('r', { capNano: null });
    expect(await store.intend(intentOf('r', 2))).toEqual({ kind: 'go', attempt: 1 });
  });

  test('control, caps that only fall: one that was lowered meanwhile, or none asked for -> stays; without -> as asked', async () => {
    const store = await fresh();
    await stagedRun(store, 'r', 3, 250);
    const fall = { capsFall: true };
    expect(await store.setControl('r', { capNano: 700, rowCapNano: 9, paused: true }, fall)).toMatchObject({
      capNano: 250,
      rowCapNano: 9,
      paused: true,
    });
    expect(await store.setControl('r', { capNano: null, rowCapNano: 10 }, fall)).toMatchObject({ capNano: 250, rowCapNano: 9 });
    expect(await store.setControl('r', { capNano: 100, dayCapNano: null }, fall)).toMatchObject({
      capNano: 100,
      dayCapNano: null,
    });
    expect(await store.setControl('r', { capNano: 700 })).toMatchObject({ capNano: 700 });
  });

  test('restRun: of its workflow while it runs -> changed, paused, told; of another one, or once more -> nothing', async () => {
    const store = await fresh();
    await stagedRun(store, 'r', 3, null);
    await store.openEpoch('r', { workflowId: 'r/e1', executionId: 'x' }, NOW);
    const heard: unknown[] = [];
    store.onControl((runId, control) => heard.push([runId, control.paused]));
    const patch = { state: 'interrupted', reason: 'host', message: 'gone' } as const;
    expect(await store.restRun('r', 'r/e0', patch)).toBe(false);
    expect(await store.run('r')).toMatchObject({ state: 'running' });
    expect(await store.restRun('r', 'r/e1', patch, NOW + 5)).toBe(true);
    expect(await store.run('r')).toMatchObject(patch);
    expect(await store.control('r')).toMatchObject({ paused: true });
    expect(await store.restRun('r', 'r/e1', patch)).toBe(false);
    expect(heard).toEqual([['r', true]]);
  });

  test('letGoOn: in one of the states -> running, not paused, told; in another one -> nothing', async () => {
    const store = await fresh();
    await stagedRun(store, 'r', 3, null);
    await store.openEpoch('r', { workflowId: 'r/e1', executionId: 'x' }, NOW);
    await store.restRun('r', 'r/e1', { state: 'interrupted', reason: 'host', message: 'gone' });
    const heard: unknown[] = [];
    store.onControl((runId, control) => heard.push([runId, control.paused]));
    expect(await store.letGoOn('r', ['paused'])).toBe(false);
    expect(await store.run('r')).toMatchObject({ state: 'interrupted' });
    expect(await store.control('r')).toMatchObject({ paused: true });
    expect(await store.letGoOn('r', ['paused', 'interrupted'])).toBe(true);
    expect(await store.run('r')).toMatchObject({ state: 'running', reason: null, message: null });
    expect(await store.control('r')).toMatchObject({ paused: false });
    expect(heard).toEqual([['r', false]]);
  });

  test('queues: registered twice -> one row, the later use', async () => {
    const store = await fresh();
    const queue = { name: 'llm.a.m', provider: 'a', model: 'm', requestsPerMinute: 60, callMs: 250, lastUsedAt: NOW };
    await store.registerQueue(queue);
    await store.registerQueue({ ...queue, name: 'llm.a.old', requestsPerMinute: null, lastUsedAt: NOW - 10 });
    const known = { ...queue, requestsPerMinute: 30.5 };
    expect(await store.registerQueue({ ...known, callMs: null, lastUsedAt: NOW - 5 })).toEqual(known);
    expect(await store.queues(NOW)).toEqual([known]);
    expect((await store.queues(0)).map((row) => row.name)).toEqual(['llm.a.m', 'llm.a.old']);
  });

  test('intend: a seed that failed for good -> done, no second call', async () => {
    const store = await fresh();
    await stagedRun(store, 'r', 1);
    const intent = intentOf('r', 0);
    expect(await store.intend(intent)).toEqual({ kind: 'go', attempt: 1 });
    const key = { runId: 'r', index: 0, turn: 1, attempt: 1 };
    await store.refuse({ ...key, kind: 'failed', code: 'E_X', at: NOW, outcome: outcomeOf(0, { status: 'failed' }) });
    expect(await store.intend(intent)).toEqual({ kind: 'done' });
    expect(await store.totals('r')).toMatchObject({ open: 0, reservedNano: 0 });
  });

  test('takeSlots: shared by two stores -> spaced, never before now, no saved-up burst', async () => {
    const location = await place();
    const [one, two] = await Promise.all([openStore(location), openStore(location)]);
    open.push(one, two);
    expect(await one.takeSlots('k', 3, 1_000, NOW)).toBe(NOW);
    expect(await two.takeSlots('k', 1, 1_000, NOW + 10)).toBe(NOW + 3_000);
    expect(await one.takeSlots('k', 1, 1_000, NOW + 60_000)).toBe(NOW + 60_000);
    expect(await one.takeSlots('other', 1, 1_000, NOW)).toBe(NOW);
    const taken = await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 2 ? one : two).takeSlots('fine', 1, 0.5, NOW)));
    const sorted = taken.map((time) => time - NOW).sort((a, b) => a - b);
    expect(sorted).toEqual(Array.from({ length: 40 }, (_, n) => Math.ceil(n / 2)));
  });

  test('takeSlots: the wall is set back -> what was owed is owed from there on, for all; set forward -> at once', async () => {
    const store = await fresh();
    expect(await store.takeSlots('k', 10, 1_000, NOW)).toBe(NOW);
    // Five seconds' worth is owed when the clock goes back by an hour.
    expect(await store.takeSlots('k', 1, 1_000, NOW + 5_000)).toBe(NOW + 10_000);
    const back = NOW - 3_600_000;
    expect(await store.takeSlots('k', 1, 1_000, back)).toBe(back + 6_000);
    expect(await store.takeSlots('k', 1, 1_000, back + 10)).toBe(back + 7_000);
    // Walls of two machines that differ a little are no step.
    expect(await store.takeSlots('k', 1, 1_000, back - 2_000)).toBe(back + 8_000);
    expect(await store.takeSlots('k', 1, 1_000, NOW)).toBe(NOW);
  });

  test('owners: a dead one of this home -> its calls doubtful, its activities returned; others stay', async () => {
    const store = await fresh();
    await stagedRun(store, 'r', 4);
    for (const id of ['old', 'new', 'far']) await store.beat({ id, home: id === 'far' ? '/b' : '/a', pid: 7 }, NOW + 1_000);
    await store.activityStarted('old', 'token-1');
    await store.activityStarted('old', 'token-2');
    await store.activityStarted('far', 'token-3');
    await store.activityEnded('token-1');
    for (const [index, owner] of ['old', 'new', 'far', 'old'].entries()) await store.intend(intentOf('r', index, { owner }));
    expect(await store.intend(intentOf('r', 0, { owner: 'new' }))).toEqual({ kind: 'elsewhere', owner: 'old' });
    expect(await store.endOwners('/a', 'new', NOW + 1)).toEqual(['token-2']);
    expect(await store.endOwners('/a', 'new', NOW + 1)).toEqual([]);
    expect(await store.totals('r')).toMatchObject({ open: 2, reservedNano: 200, doubtful: 2, doubtfulNano: 200, tries: 0 });
    const [first] = await store.doubtfulCalls('r');
    expect(first).toMatchObject({ index: 0, code: 'E_CALL_CRASHED', isTry: false, endedAt: NOW + 1 });
    expect(await store.intend(intentOf('r', 0, { owner: 'new' }))).toEqual({ kind: 'go', attempt: 2 });
  });

  test('intend: the owner of an open call -> it has it, whatever the clock says, until it ended or is known to be dead', async () => {
    const store = await fresh();
    await stagedRun(store, 'r', 3);
    await store.beat({ id: 'far', home: '/b', pid: 7 }, NOW + 1_000);
    for (const index of [0, 1, 2]) await store.intend(intentOf('r', index, { owner: 'far' }));
    const much = NOW + 3_600_000;
    expect(await store.intend(intentOf('r', 0, { owner: 'me', at: much }))).toEqual({ kind: 'elsewhere', owner: 'far' });
    const intend = (index: number, leaseUntil: number) =>
      store.intend(intentOf('r', index, { owner: 'me', overdue: [{ id: 'far', leaseUntil }] }));
    expect(await intend(0, NOW)).toEqual({ kind: 'elsewhere', owner: 'far' });
    expect(await intend(0, NOW + 1_000)).toEqual({ kind: 'go', attempt: 2 });
    await store.beat({ id: 'far', home: '/b', pid: 7 }, 0);
    expect(await store.intend(intentOf('r', 1, { owner: 'me' }))).toEqual({ kind: 'go', attempt: 2 });
    await store.endOwners('/b', 'me', NOW);
    expect(await store.totals('r')).toMatchObject({ open: 2, doubtful: 3 });
  });

  test('shares: two processes over one limit -> bookings never above it, equal after two renewals; the dead give back', async () => {
    const location = await place();
    const [one, two] = await Promise.all([openStore(location), openStore(location)]);
    open.push(one, two);
    for (const id of ['a', 'b']) await one.beat({ id, home: `/${id}`, pid: 7 }, NOW + 1_000);
    const ask = async (store: Store, owner: string, held: number, at = NOW, dead: KnownLease[] = []) => {
      const got = await store.share({ owner, at, dead, asks: [{ key: 'run/r', limit: 9, wanted: 20, held }] });
      return got.get('run/r');
    };
    expect(await ask(one, 'a', 0)).toEqual({ granted: 9, booked: 9 });
    expect(await ask(two, 'b', 0)).toEqual({ granted: 0, booked: 0 });
    expect(await ask(one, 'a', 7)).toEqual({ granted: 5, booked: 7 });
    expect(await ask(two, 'b', 0)).toEqual({ granted: 2, booked: 2 });
    expect(await ask(one, 'a', 5)).toEqual({ granted: 5, booked: 5 });
    expect(await ask(two, 'b', 2)).toEqual({ granted: 4, booked: 4 });
    expect(await one.shares(['run/r', 'run/none'])).toEqual(
      expect.arrayContaining([
        { key: 'run/r', owner: 'a', wanted: 20, granted: 5, booked: 5 },
        { key: 'run/r', owner: 'b', wanted: 20, granted: 4, booked: 4 },
      ]),
    );
    await one.beat({ id: 'b', home: '/b', pid: 7 }, NOW + 9_000);
    // Who asks does not know of its death yet; or knows of an earlier lease, and it has beaten since.
    expect(await ask(two, 'b', 4, NOW + 2_000)).toEqual({ granted: 4, booked: 4 });
    expect(await ask(two, 'b', 4, NOW + 2_000, [{ id: 'a', leaseUntil: NOW + 999 }])).toEqual({ granted: 4, booked: 4 });
    expect(await ask(two, 'b', 4, NOW + 2_000, [{ id: 'a', leaseUntil: NOW + 1_000 }])).toEqual({ granted: 9, booked: 9 });
    // The other one comes back with five calls under way: it keeps those and starts none.
    expect(await ask(one, 'a', 5, NOW + 2_000)).toEqual({ granted: 0, booked: 5 });
    await two.endShares('b', ['run/r']);
    expect(await ask(one, 'a', 5, NOW + 2_000)).toEqual({ granted: 9, booked: 9 });
  });

  test('shares: 6 processes ask at once in any order -> the sum of the bookings is never above the limit', async () => {
    const location = await place();
    const stores = await Promise.all(Array.from({ length: 2 }, () => openStore(location)));
    open.push(...stores);
    const [reader] = stores as [Store, Store];
    const random = seededRandom('store shares');
    const owners = Array.from({ length: 6 }, (_, n) => ({ id: `p${n}`, held: 0, granted: 0 }));
    for (const { id } of owners) await reader.beat({ id, home: '/h', pid: 7 }, NOW + 60_000);
    for (let round = 0; round < 25; round += 1) {
      await Promise.all(
        owners.map(async (owner) => {
          const store = stores[random.whole(0, 1)] as Store;
          owner.held = random.whole(0, owner.granted);
          const asks = [{ key: 'k', limit: 20, wanted: random.whole(0, 30), held: owner.held }];
          const got = await store.share({ owner: owner.id, at: NOW, dead: [], asks });
          owner.granted = got.get('k')?.granted ?? 0;
        }),
      );
      const booked = (await reader.shares(['k'])).reduce((sum, row) => sum + row.booked, 0);
      expect(booked).toBeLessThanOrEqual(20);
    }
  });

  test('waits: one per process while its lease holds; gone with the process, the reason and the run', async () => {
    const store = await fresh();
    await stagedRun(store, 'r', 1);
    for (const id of ['one', 'two']) await store.beat({ id, home: 'h', pid: 1, temporal: 't' }, NOW + 10);
    const wait: Wait = { why: 'tokens/min', since: NOW, until: NOW + 9_000, turns: 3 };
    const slow: Wait = { why: 'slow', since: NOW, until: null, turns: 1, answerMs: 900, usualMs: 200 };
    await store.setWait('one', 'r', { ...wait, turns: 2 });
    await store.setWait('one', 'r', wait);
    await store.setWait('two', 'r', slow);
    expect(await store.waits('r', NOW)).toEqual(expect.arrayContaining([wait, slow]));
    expect(await store.waits('r', NOW + 11)).toEqual([]);
    expect(await store.waits('other', NOW)).toEqual([]);
    await store.setWait('one', 'r', null);
    expect(await store.waits('r', NOW)).toEqual([slow]);
    await store.endOwner({ id: 'two', leaseUntil: NOW + 10 }, 'one', NOW + 10);
    await store.beat({ id: 'two', home: 'h', pid: 1 }, NOW + 10);
    expect(await store.waits('r', NOW)).toEqual([]);
    await store.setWait('two', 'r', slow);
    await store.endOwners('h', 'one', NOW);
    await store.setWait('one', 'r', wait);
    await store.dropRun('r');
    await stagedRun(store, 'r', 1);
    expect(await store.waits('r', NOW)).toEqual([]);
  });

  test('failures: rows by cause, the most frequent first, with the first of each', async () => {
    const store = await fresh();
    await stagedRun(store, 'f', 6);
    const failed = (index: number, cause: FailureCause, message: string) =>
      store.finish('f', outcomeOf(index, { status: 'failed', cause, code: 'E_X', message }));
    await failed(0, 'transport', 'a');
    await failed(3, 'content_filter', 'b');
    await failed(2, 'content_filter', 'c');
    await store.finish('f', outcomeOf(1));
    const { id } = outcomeOf(2);
    expect(await store.failures('f')).toEqual([
      { cause: 'content_filter', rows: 2, example: { id, index: 2, code: 'E_X', message: 'c' } },
      { cause: 'transport', rows: 1, example: { id: outcomeOf(0).id, index: 0, code: 'E_X', message: 'a' } },
    ]);
    expect(await store.reopenFailed('f', 'content_filter')).toBe(2);
    expect(await store.failures('f')).toHaveLength(1);
  });

  test('firstRows: those that have an outcome -> the sums of their answered calls, in order', async () => {
    const store = await fresh();
    await stagedRun(store, 'r', 6);
    for (const index of [0, 2, 3, 5]) await store.intend(intentOf('r', index));
    await store.settle(settlementOf('r', 2, { outcome: outcomeOf(2) }));
    await store.settle(settlementOf('r', 0));
    await store.intend(intentOf('r', 0, { turn: 2 }));
    await store.settle(settlementOf('r', 0, { turn: 2, costNano: 30, outcome: outcomeOf(0) }));
    await store.settle(settlementOf('r', 5, { outcome: outcomeOf(5) }));
    await store.finish('r', { ...outcomeOf(4), status: 'failed' });
    const once = { calls: 1, inputTokens: USAGE.input, outputTokens: USAGE.output, costNano: 70, ms: 5 };
    const twice = { calls: 2, inputTokens: 2 * USAGE.input, outputTokens: 2 * USAGE.output, costNano: 100, ms: 10 };
    const none = { calls: 0, inputTokens: 0, outputTokens: 0, costNano: 0, ms: 0 };
    expect(await store.firstRows('r', 5)).toMatchObject([
      { index: 0, ...twice },
      { index: 2, ...once },
      { index: 4, ...none },
    ]);
  });

  test('time worked: pauses, epochs and what passed after a death do not count', async () => {
    const store = await fresh();
    await stagedRun(store, 'r', 1);
    const worked = async () => (await store.run('r'))?.workedMs ?? Number.NaN;
    const since = async () => (await store.run('r'))?.workingSince;
    expect([await worked(), await since()]).toEqual([0, null]);
    const start = Date.now() - 10_000;
    await store.openEpoch('r', { workflowId: 'w', executionId: 'x' }, start);
    expect([await worked(), await since()]).toEqual([0, start]);
    // Told late: the process had died after 4 s.
    await store.updateRun('r', { state: 'interrupted' }, ['running'], start + 4_000);
    expect([await worked(), await since()]).toEqual([4_000, null]);
    await store.updateRun('r', { message: 'still the same' });
    await store.updateRun('r', { state: 'staged' });
    await store.openEpoch('r', { workflowId: 'w', executionId: 'y' }, start + 8_000);
    await store.updateRun('r', { state: 'paused' });
    // 8 s after the start until now, at the least.
    expect(await worked()).toBeGreaterThanOrEqual(6_000);
    expect(await since()).toBeNull();
    const before = await worked();
    await store.updateRun('r', { state: 'running' });
    expect(await since()).toBeGreaterThanOrEqual(start + 10_000);
    await store.updateRun('r', { state: 'running' }, ['running'], 0);
    expect(await worked()).toBe(before);
  });

  test('endOwner: alive -> null; dead -> calls doubtful, shares free, its activities are those of the successor', async () => {
    const store = await fresh();
    await stagedRun(store, 'r', 3);
    await store.beat({ id: 'old', home: '/a', pid: 7, temporal: 'ns' }, NOW + 1_000);
    await store.beat({ id: 'new', home: '/b', pid: 8, temporal: 'ns' }, NOW + 60_000);
    await store.activityStarted('old', 'token-1');
    await store.activityStarted('new', 'token-2');
    for (const [index, owner] of ['old', 'new', 'old'].entries()) await store.intend(intentOf('r', index, { owner }));
    await store.share({ owner: 'old', at: NOW, dead: [], asks: [{ key: 'run/r', limit: 4, wanted: 4, held: 2 }] });
    expect(await store.endOwner({ id: 'old', leaseUntil: NOW + 999 }, 'new', NOW + 1_000)).toBeNull();
    expect((await store.owners()).map(({ id, home, temporal }) => [id, home, temporal])).toEqual([
      ['new', '/b', 'ns'],
      ['old', '/a', 'ns'],
    ]);
    expect(await store.endOwner({ id: 'old', leaseUntil: NOW + 1_000 }, 'new', NOW + 1_000)).toEqual(['token-1']);
    expect(await store.endOwner({ id: 'old', leaseUntil: NOW + 1_000 }, 'new', NOW + 1_000)).toBeNull();
    expect(await store.totals('r')).toMatchObject({ open: 1, doubtful: 2, reservedNano: 100, doubtfulNano: 200 });
    expect(await store.shares(['run/r'])).toEqual([]);
    // Nobody has returned it yet: who takes over after the successor's death finds it.
    expect((await store.endOwners('/b', '', NOW + 2_000)).sort()).toEqual(['token-1', 'token-2']);
  });

  test('a late answer of a process that was taken for dead -> kept while the turn has none, else doubtful at its cost; one outcome', async () => {
    const store = await fresh();
    await stagedRun(store, 'r', 2);
    await store.beat({ id: 'stopped', home: '/a', pid: 7 }, NOW + 1_000);
    for (const index of [0, 1]) await store.intend(intentOf('r', index, { owner: 'stopped' }));
    await store.endOwner({ id: 'stopped', leaseUntil: NOW + 1_000 }, 'me', NOW + 1_000);
    // Row 0: back before anybody else has answered.
    await store.settle(settlementOf('r', 0, { outcome: outcomeOf(0) }));
    expect(await store.intend(intentOf('r', 0, { owner: 'me' }))).toEqual({ kind: 'answered' });
    // Row 1: another process has answered meanwhile.
    expect(await store.intend(intentOf('r', 1, { owner: 'me' }))).toEqual({ kind: 'go', attempt: 2 });
    await store.settle(settlementOf('r', 1, { attempt: 2, outcome: outcomeOf(1) }));
    expect(await store.settle(settlementOf('r', 1, { costNano: 60, outcome: outcomeOf(1) }))).toBe('late');
    expect((await store.calls('r', { from: 0, to: 2 })).map(({ attempt, state }) => [attempt, state])).toEqual([
      [1, 'answered'],
      [1, 'doubtful'],
      [2, 'answered'],
    ]);
    expect(await store.totals('r')).toMatchObject({ ok: 2, calls: 2, doubtful: 1, open: 0, settledNano: 140, doubtfulNano: 60 });
  });

  test('runs: home -> kept, listed by home, moved by a patch', async () => {
    const store = await fresh();
    await store.createRun(newRun('mine', { home: 'h1' }));
    await store.createRun(newRun('theirs', { home: 'h2' }));
    expect((await store.runs({ home: 'h1' })).map(({ id }) => id)).toEqual(['mine']);
    await store.updateRun('theirs', { home: 'h1' });
    expect((await store.run('theirs'))?.home).toBe('h1');
  });
});
