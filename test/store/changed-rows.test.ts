import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { recount } from '../../src/outputs/recount.js';
import type { RowChange } from '../../src/store/port/changed-rows.js';
import type { Store } from '../../src/store/port/store.js';
import { answer, intentOf, NOW, openStore, outcomeOf, settlementOf, stagedRun, testDatabases, USAGE } from './databases.js';

const databases = await testDatabases();
afterAll(() => Promise.all(databases.map((database) => database.stop())));

describe.each(databases)('changed rows on $name', ({ missing, place }) => {
  const opened: Store[] = [];
  const fresh = async () => {
    const store = await openStore(await place());
    opened.push(store);
    return store;
  };
  afterEach(() => Promise.all(opened.splice(0).map((store) => store.close())));
  const test = it.skipIf(missing !== null);

  const change = (store: Store, more: Partial<RowChange>) =>
    store.changeRows({ runId: 'r', epoch: 1, whileIn: ['paused', 'completed'], seeds: [], anew: [], ...more });
  const states = async (store: Store) =>
    (await store.calls('r', { from: 0, to: 9 })).map(({ index, turn, attempt, state, code }) => [
      index,
      turn,
      attempt,
      state,
      code,
    ]);

  /** ok; a cut answer, failed; one turn of several; in doubt; not begun; filtered without a call. */
  async function begun(): Promise<Store> {
    const store = await fresh();
    await stagedRun(store, 'r', 6);
    await store.openEpoch('r', { workflowId: 'w', executionId: 'x-1' }, NOW);
    await answer(store, 'r', 0, { outcome: outcomeOf(0) });
    await answer(store, 'r', 1, { finish: 'length', outcome: outcomeOf(1, { status: 'failed', cause: 'truncated' }) });
    await answer(store, 'r', 2);
    await store.intend(intentOf('r', 3));
    await store.doubt({ runId: 'r', index: 3, turn: 1, attempt: 1, code: 'E_CALL_CRASHED', isTry: false, at: NOW });
    await store.finish('r', outcomeOf(5, { status: 'filtered', turns: 0 }));
    await store.updateRun('r', { state: 'paused' });
    return store;
  }

  test('begunRows: rows with an outcome or a part of a conversation -> how far they are, and in which epochs', async () => {
    const store = await begun();
    expect(await store.begunRows('r', 0, 500)).toEqual([
      { index: 0, status: 'ok', seq: 1, epochs: [1, 1], cut: false },
      { index: 1, status: 'failed', seq: 2, epochs: [1, 1], cut: true },
      { index: 2, status: null, seq: null, epochs: [1, 1], cut: false },
      { index: 3, status: null, seq: null, epochs: [1, 1], cut: false },
      { index: 5, status: 'filtered', seq: 3, epochs: null, cut: false },
    ]);
    expect((await store.begunRows('r', 1, 3)).map(({ index }) => index)).toEqual([1, 2]);
    await store.openEpoch('r', { workflowId: 'w', executionId: 'x-2' }, NOW);
    const second = await store.intend(intentOf('r', 2, { turn: 2, epoch: 2 }));
    expect(second.kind).toBe('go');
    await store.settle(settlementOf('r', 2, { turn: 2, outcome: outcomeOf(2, { turns: 2 }) }));
    expect(await store.begunRows('r', 2, 3)).toMatchObject([{ status: 'ok', epochs: [1, 2] }]);
  });

  test('changeRows: rows anew -> pending, their answers and money kept, new content; the others as they were', async () => {
    const store = await begun();
    const before = await store.totals('r');
    const seeds = [
      { index: 1, id: 'new-1', content: { text: 'new \0 1' } },
      { index: 5, id: 'new-5', content: 'row 5' },
    ];
    expect(await change(store, { seeds, anew: [0, 1, 2, 3] })).toBe(true);
    expect(await store.totals('r')).toEqual({ ...before, ok: 0, failed: 0, filtered: 1 });
    expect(await states(store)).toEqual([
      [0, 1, 1, 'superseded', 'E_CALL_OUTDATED'],
      [1, 1, 1, 'superseded', 'E_CALL_OUTDATED'],
      [2, 1, 1, 'superseded', 'E_CALL_OUTDATED'],
      [3, 1, 1, 'doubtful', 'E_CALL_OUTDATED'],
    ]);
    expect(await store.begunRows('r', 0, 500)).toMatchObject([{ index: 5, status: 'filtered' }]);
    expect(await store.outcome('r', 5)).toMatchObject({ id: 'new-5', status: 'filtered' });
    expect((await store.seeds('r', { from: 0, to: 6 })).map(({ id }) => id)).toEqual(['s0', 'new-1', 's2', 's3', 's4', 'new-5']);
    expect(await store.run('r')).toMatchObject({ state: 'paused' });

    await store.openEpoch('r', { workflowId: 'w', executionId: 'x-2' }, NOW);
    await answer(store, 'r', 0, { answer: 'anew', outcome: outcomeOf(0) });
    expect((await states(store)).slice(0, 2)).toEqual([
      [0, 1, 1, 'superseded', 'E_CALL_OUTDATED'],
      [0, 1, 2, 'answered', null],
    ]);
    expect(await store.outputRows('r', { status: 'ok', from: 0, limit: 9 })).toMatchObject([{ index: 0, output: 'anew' }]);
    // What it takes now is told by what it took now.
    expect(await store.firstRows('r', 1)).toMatchObject([{ index: 0, calls: 1, inputTokens: USAGE.input }]);
    const [sums, counted] = [await store.totals('r'), await recount(store, 'r', 6)];
    expect(counted).toMatchObject({ answered: sums.calls, settledNano: sums.settledNano, counts: { ok: 1, filtered: 1 } });
    expect(counted.unanswered).toEqual([]);
    expect(sums).toMatchObject({ calls: 4, settledNano: 4 * 70, doubtful: 1 });
  });

  test('an answer of before that comes late, or is told twice -> not used: charged with its cost, or as it was', async () => {
    const store = await begun();
    await change(store, { anew: [0, 3] });
    expect(await store.settle(settlementOf('r', 0, { outcome: outcomeOf(0) }))).toBe('late');
    expect(await store.settle(settlementOf('r', 3, { outcome: outcomeOf(3) }))).toBe('late');
    expect(await store.done('r', { list: [0, 3] })).toEqual(new Set());
    const totals = await store.totals('r');
    expect(totals).toMatchObject({ calls: 3, settledNano: 3 * 70, doubtful: 1, doubtfulNano: 70 });
    expect((await states(store)).at(-1)).toEqual([3, 1, 1, 'doubtful', 'E_CALL_LATE']);
    const counted = await recount(store, 'r', 6);
    expect(counted).toMatchObject({ answered: 3, settledNano: 3 * 70, doubtful: 1, doubtfulNano: 70 });
  });

  test('completed -> interrupted, with what to type; nothing to change -> as it was', async () => {
    const store = await begun();
    await store.updateRun('r', { state: 'completed', endedAt: NOW, publishedAt: NOW });
    expect(await change(store, {})).toBe(true);
    expect(await store.run('r')).toMatchObject({ state: 'completed' });
    expect(await change(store, { anew: [0] })).toBe(true);
    const message = expect.stringContaining('swarm resume r');
    expect(await store.run('r')).toMatchObject({
      ...{ state: 'interrupted', reason: 'user', message, endedAt: null, publishedAt: null },
    });
  });

  test('another state, another epoch, a call in flight -> nothing is changed; an unknown run -> E_RUN_UNKNOWN', async () => {
    const store = await begun();
    const wanted = { seeds: [{ index: 0, id: 'x', content: 'x' }], anew: [0] };
    const before = [await store.totals('r'), await states(store), await store.seeds('r', { from: 0, to: 6 })];
    expect(await change(store, { ...wanted, whileIn: ['completed'] })).toBe(false);
    expect(await change(store, { ...wanted, epoch: 2 })).toBe(false);
    expect([await store.totals('r'), await states(store), await store.seeds('r', { from: 0, to: 6 })]).toEqual(before);
    await store.intend(intentOf('r', 4));
    expect(await change(store, wanted)).toBe(false);
    expect(await store.outcome('r', 0)).not.toBeNull();
    await expect(change(store, { ...wanted, runId: 'x' })).rejects.toMatchObject({ code: 'E_RUN_UNKNOWN' });
  });
});
