import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { Outcome } from '../../src/core/model.js';
import type { Task } from '../../src/schema/task-types.js';
import type { Store } from '../../src/store/port/store.js';
import { PATIENCE } from '../support/patience.js';
import { answer, intentOf, NOW, newRun, openStore, outcomeOf, settlementOf, stagedRun, testDatabases } from './databases.js';

vi.setConfig(PATIENCE);
const databases = await testDatabases();
afterAll(() => Promise.all(databases.map((database) => database.stop())));

const failed = (index: number, code = 'E_ROW_FILTERED', cause: Outcome['cause'] = 'content_filter') =>
  outcomeOf(index, { status: 'failed', cause, code, message: `HTTP 400: row ${index} is refused` });

describe.each(databases)('stops on $name', ({ missing, place }) => {
  const open: Store[] = [];
  const fresh = async () => {
    const store = await openStore(await place());
    open.push(store);
    return store;
  };
  afterEach(() => Promise.all(open.splice(0).map((store) => store.close())));
  const test = it.skipIf(missing !== null);

  async function started(store: Store, id: string, task: Partial<Task> = {}, home = ''): Promise<void> {
    await store.createRun({ ...newRun(id), task: { ...newRun(id).task, ...task }, home });
    const control = { paused: false, cancelled: false, concurrency: 4, requestsPerMinute: null, capNano: null };
    await store.sealRun(id, { seedsFingerprint: 'abc', total: 1_000, control });
    await store.openEpoch(id, { workflowId: `${id}-w1`, executionId: `${id}-x1` }, NOW);
  }
  const fail = async (store: Store, id: string, from: number, to: number, code?: string) => {
    for (let index = from; index < to; index += 1) await store.finish(id, failed(index, code));
  };
  const stopOf = async (store: Store, id = 'r') => (await store.control(id)).stop;

  test('20 rows in a row with the same code -> the run is stopped in the same step: no intent of any process after it', async () => {
    const location = await place();
    const [store, other] = [await openStore(location), await openStore(location)];
    open.push(store, other);
    await started(store, 'r');
    await fail(store, 'r', 0, 19);
    expect(await stopOf(store)).toBeNull();
    expect(await other.intend(intentOf('r', 19))).toEqual({ kind: 'go', attempt: 1 });
    await other.settle(settlementOf('r', 19, { outcome: failed(19) }));
    const stop = await stopOf(store);
    expect(stop).toMatchObject({ cause: 'systematic' });
    for (const word of [
      '20 rows',
      'E_ROW_FILTERED',
      's19',
      'row 19 is refused',
      'the prompt has to change',
      'pause_after: never',
    ])
      expect(stop?.message).toContain(word);
    for (const each of [store, other]) {
      expect(await each.intend(intentOf('r', 20))).toEqual({ kind: 'halted', cancelled: false, stop });
      expect(await each.intend(intentOf('r', 21, { reservedNano: null }))).toEqual({ kind: 'halted', cancelled: false, stop });
    }
    expect(await store.calls('r', { from: 20, to: 22 })).toEqual([]);
    expect(await store.totals('r')).toMatchObject({ open: 0, reservedNano: 0 });
  });

  test('20 failed alike while calls are under way -> none begins, in any process, until they have ended: an ok one -> on, none -> stopped', async () => {
    const location = await place();
    const [store, other] = [await openStore(location), await openStore(location)];
    open.push(store, other);
    await started(store, 'r');
    const asks = (index: number, more: object = {}) => other.intend(intentOf('r', index, more));
    expect(await asks(50)).toEqual({ kind: 'go', attempt: 1 });
    expect(await asks(51)).toEqual({ kind: 'go', attempt: 1 });
    await fail(store, 'r', 0, 19);
    expect(await asks(52)).toEqual({ kind: 'go', attempt: 1 });
    await fail(store, 'r', 19, 20);
    expect(await asks(53)).toEqual({ kind: 'alike' });
    expect(await asks(53, { pauseAfter: null })).toEqual({ kind: 'go', attempt: 1 });
    expect(await stopOf(store)).toBeNull();
    await store.settle(settlementOf('r', 50, { outcome: outcomeOf(50) }));
    await fail(store, 'r', 20, 40);
    expect(await asks(54)).toEqual({ kind: 'alike' });
    await store.settle(settlementOf('r', 51, { outcome: failed(51) }));
    await store.refuse({ ...intentOf('r', 52), attempt: 1, kind: 'limited', code: 'E_RATE', at: NOW });
    expect(await stopOf(store)).toBeNull();
    // The last one that is under way ends no row: whoever asks next finds out.
    await store.refuse({ ...intentOf('r', 53), attempt: 1, kind: 'limited', code: 'E_RATE', at: NOW });
    const halted = await asks(54);
    expect(halted).toMatchObject({ kind: 'halted', cancelled: false, stop: { cause: 'systematic' } });
    expect((await stopOf(store))?.message).toMatch(
      /^21 rows in a row failed with E_ROW_FILTERED and none was ok, such as row s51: /,
    );
    expect(await store.totals('r')).toMatchObject({ open: 0, reservedNano: 0 });
  });

  test('an ok row, or another code, in between -> counts anew; rows that reached a cap of their own, or were filtered -> do not count', async () => {
    const store = await fresh();
    await started(store, 'r');
    await fail(store, 'r', 0, 19);
    await answer(store, 'r', 19, { outcome: outcomeOf(19) });
    await fail(store, 'r', 20, 39);
    await store.finish('r', failed(39, 'E_ROW_TOO_LONG', 'too_long'));
    await fail(store, 'r', 40, 59);
    for (let index = 60; index < 90; index += 1) await store.finish('r', failed(index, 'E_ROW_CAP', 'capped'));
    await store.finish('r', outcomeOf(90, { status: 'filtered' }));
    expect(await stopOf(store)).toBeNull();
    await store.finish('r', failed(91));
    expect(await stopOf(store)).toMatchObject({ cause: 'systematic' });
  });

  test('pause_after: 3, never -> after three, never; a row told twice -> counts once', async () => {
    const store = await fresh();
    await started(store, 'three', { pauseAfter: 3 });
    await fail(store, 'three', 0, 2);
    await fail(store, 'three', 0, 2);
    expect(await stopOf(store, 'three')).toBeNull();
    await fail(store, 'three', 2, 3);
    expect(await stopOf(store, 'three')).not.toBeNull();
    await started(store, 'never', { pauseAfter: null });
    await fail(store, 'never', 0, 100);
    expect(await stopOf(store, 'never')).toBeNull();
  });

  test('the next epoch -> calls may go, and it counts from zero; the same epoch asked for again -> stays stopped', async () => {
    const store = await fresh();
    await started(store, 'r');
    await fail(store, 'r', 0, 20);
    const { version } = await store.control('r');
    await store.openEpoch('r', { workflowId: 'r-w1', executionId: 'r-x1' }, NOW);
    expect(await stopOf(store)).not.toBeNull();
    await store.openEpoch('r', { workflowId: 'r-w2', executionId: 'r-x2' }, NOW);
    expect(await store.control('r')).toMatchObject({ stop: null, version: version + 1 });
    await fail(store, 'r', 20, 39);
    expect(await stopOf(store)).toBeNull();
    expect((await store.intend(intentOf('r', 39))).kind).toBe('go');
    await store.settle(settlementOf('r', 39, { outcome: failed(39) }));
    expect(await stopOf(store)).not.toBeNull();
  });

  test('a resume by a person -> counts from zero', async () => {
    const store = await fresh();
    await started(store, 'r');
    await fail(store, 'r', 0, 19);
    await store.letGoOn('r', ['running']);
    await fail(store, 'r', 19, 38);
    expect(await stopOf(store)).toBeNull();
  });

  test('paused or cancelled -> no intent, whatever a process believes; an answered turn is told as such', async () => {
    const store = await fresh();
    await stagedRun(store, 'r', 5);
    await answer(store, 'r', 0);
    await store.setControl('r', { paused: true });
    expect(await store.intend(intentOf('r', 1))).toEqual({ kind: 'halted', cancelled: false, stop: null });
    expect(await store.intend(intentOf('r', 0))).toEqual({ kind: 'answered' });
    await store.setControl('r', { paused: false, cancelled: true });
    expect(await store.intend(intentOf('r', 1))).toEqual({ kind: 'halted', cancelled: true, stop: null });
    await store.setControl('r', { cancelled: false });
    expect((await store.intend(intentOf('r', 1))).kind).toBe('go');
  });

  test('a terminal refusal -> stops the running runs of its key, of its model, or its run alone, in the step that stores it', async () => {
    const store = await fresh();
    const model = (name: string, more: object = {}) => ({
      model: { provider: 'openai', model: name, apiBase: 'https://a', apiKeyEnv: 'KEY', ...more },
    });
    await started(store, 'mine', model('m'), 'home');
    await started(store, 'same', model('m'), 'home');
    await started(store, 'other-model', model('n'), 'home');
    await started(store, 'other-key', model('m', { apiKeyEnv: 'OTHER' }), 'home');
    await started(store, 'other-base', model('m', { apiBase: 'https://b' }), 'home');
    await started(store, 'elsewhere', model('m'), 'other-home');
    await started(store, 'resting', model('m'), 'home');
    await store.updateRun('resting', { state: 'paused' });
    const ids = ['mine', 'same', 'other-model', 'other-key', 'other-base', 'elsewhere', 'resting'];
    const stopped = async () => {
      const controls = await store.controls(ids);
      return ids.filter((id) => controls.get(id)?.stop !== null);
    };
    const refuse = async (index: number, of: 'run' | 'model' | 'key', asked = model('m').model) => {
      expect((await store.intend(intentOf('mine', index))).kind).toBe('go');
      const stop = { cause: 'billing', message: 'no credit', of, model: asked } as const;
      const call = { runId: 'mine', index, turn: 1, attempt: 1 };
      await store.refuse({ ...call, kind: 'refused', code: 'E_BILLING', at: NOW, stop });
      expect((await store.intend(intentOf('mine', index + 100))).kind).toBe('halted');
    };
    const nextEpoch = (execution: string) => store.openEpoch('mine', { workflowId: execution, executionId: execution }, NOW);
    await refuse(0, 'run');
    expect(await stopped()).toEqual(['mine']);
    await nextEpoch('x2');
    await refuse(1, 'model');
    expect(await stopped()).toEqual(['mine', 'same']);
    await nextEpoch('x3');
    await store.openEpoch('same', { workflowId: 's2', executionId: 's2' }, NOW);
    // A model of another role: runs that have none of it go on.
    await refuse(3, 'model', { ...model('m').model, model: 'guide' });
    expect(await stopped()).toEqual(['mine']);
    await nextEpoch('x4');
    await refuse(2, 'key');
    expect(await stopped()).toEqual(['mine', 'same', 'other-model']);
    expect(await store.intend(intentOf('other-model', 0))).toMatchObject({
      kind: 'halted',
      stop: { cause: 'billing', message: 'no credit' },
    });
    expect(await store.totals('mine')).toMatchObject({ open: 0, reservedNano: 0 });
  });
});
