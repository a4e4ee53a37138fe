/** Phases and roles in the store: turn numbers that go on, conversations beside the rows, and what counts them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BESIDE_ROWS } from '../../src/core/phases.js';
import { recount } from '../../src/outputs/recount.js';
import { verifyRun } from '../../src/outputs/verify.js';
import type { Intent } from '../../src/store/port/intents.js';
import type { Settlement, Store } from '../../src/store/port/store.js';
import { aTask } from '../activities/turn-setup.js';
import { intentOf, NOW, openStore, outcomeOf, settlementOf, stagedRun, testDatabases } from './databases.js';

const databases = await testDatabases();
afterAll(() => Promise.all(databases.map((database) => database.stop())));

/** A conversation beside the rows, by the orchestrator. */
const BESIDE = { phase: 'plan', role: 'orchestrator' } as const;
const AGAIN = { phase: 'again', role: 'orchestrator' } as const;
const LIMITS = { paused: false, cancelled: false, concurrency: 4, requestsPerMinute: null };

describe.each(databases)('phases on $name', ({ missing, place }) => {
  const test = missing === null ? it : it.skip;
  let store: Store;
  let runs = 0;
  beforeAll(async () => {
    if (missing === null) store = await openStore(await place());
    return () => store?.close();
  });

  const aRun = async (
    rows: number,
    caps: { capNano?: number; rowCapNano?: number; dayCapNano?: number } = {},
  ): Promise<string> => {
    runs += 1;
    const id = `p${runs}`;
    await stagedRun(store, id, rows);
    await store.updateRun(id, { task: aTask() });
    await store.setControl(id, { ...LIMITS, ...caps });
    return id;
  };
  const ask = (id: string, index: number, more: Partial<Intent> = {}) => store.intend(intentOf(id, index, more));
  const answered = async (id: string, index: number, intent: Partial<Intent>, more: Partial<Settlement> = {}) => {
    const { turn = 1 } = intent;
    const asked = await ask(id, index, intent);
    if (asked.kind !== 'go') throw new Error(`${index}/${turn}: ${asked.kind}`);
    await store.settle(settlementOf(id, index, { turn, attempt: asked.attempt, ...more }));
  };
  const recounted = async (id: string, rows: number) => {
    const [counted, totals] = [await recount(store, id, rows), await store.totals(id)];
    expect([counted.answered, counted.doubtful, counted.open, counted.settledNano, counted.doubtfulNano]).toEqual([
      ...[totals.calls, totals.doubtful, totals.open, totals.settledNano, totals.doubtfulNano],
    ]);
    expect((await verifyRun(store, id, {})).differences).toEqual([]);
    return counted;
  };

  test('calls -> their phase and role; those beside the rows are read apart from them', async () => {
    const id = await aRun(2);
    await answered(id, -1, BESIDE);
    await answered(id, 0, {}, { outcome: outcomeOf(0) });
    expect(await store.calls(id, { from: 0, to: 2 })).toMatchObject([{ index: 0, phase: 'map', role: 'worker' }]);
    expect(await store.calls(id, BESIDE_ROWS)).toMatchObject([{ index: -1, turn: 1, ...BESIDE, answer: 'answer -1' }]);
    expect(await store.calls(id, { list: [-1, 0] })).toHaveLength(2);
    expect(await store.totals(id)).toMatchObject({ total: 2, ok: 1, calls: 2, settledNano: 140 });
    await recounted(id, 2);
  });

  test('hasAnswer: answered calls of the role alone, used or not', async () => {
    const id = await aRun(2);
    expect(await store.hasAnswer(id, 'worker')).toBe(false);
    await answered(id, 0, {});
    expect([await store.hasAnswer(id, 'worker'), await store.hasAnswer(id, 'orchestrator')]).toEqual([true, false]);
    await ask(id, -1, BESIDE);
    expect(await store.hasAnswer(id, 'orchestrator')).toBe(false);
    const spent = { isTry: true, servedModel: 'g', usage: null, costNano: 3, code: 'E_CALL_EMPTY', at: NOW };
    await store.spend({ runId: id, index: -1, turn: 1, attempt: 1, ...spent });
    expect(await store.hasAnswer(id, 'orchestrator')).toBe(true);
  });

  test('caps: of a row -> none beside the rows; of the run and of a day -> hold there, too', async () => {
    const id = await aRun(2, { rowCapNano: 150 });
    await answered(id, 0, {});
    expect(await ask(id, 0, { turn: 2 })).toMatchObject({ kind: 'capped', cap: 'row' });
    await answered(id, -1, BESIDE);
    await answered(id, -1, { ...BESIDE, turn: 2 });
    expect((await ask(id, -1, { ...BESIDE, turn: 3, reservedNano: null })).kind).toBe('go');
    for (const cap of ['run', 'day'] as const) {
      const capped = await aRun(2, cap === 'run' ? { capNano: 150 } : { dayCapNano: 150 });
      const at = NOW + runs * 86_400_000;
      await answered(capped, -1, { ...BESIDE, at }, { at });
      expect(await ask(capped, 0, { at }), cap).toMatchObject({ kind: 'capped', cap });
      expect(await ask(capped, -1, { ...BESIDE, turn: 2, at }), cap).toMatchObject({ kind: 'capped', cap });
    }
  });

  test('an unknown price beside the rows -> refused under a cap of the run, not under one of a row', async () => {
    const id = await aRun(1, { rowCapNano: 150 });
    expect(await ask(id, 0, { reservedNano: null })).toMatchObject({ kind: 'unpriced', cap: 'row' });
    expect((await ask(id, -1, { ...BESIDE, reservedNano: null })).kind).toBe('go');
    const capped = await aRun(1, { capNano: 150 });
    expect(await ask(capped, -1, { ...BESIDE, reservedNano: null })).toMatchObject({ kind: 'unpriced', cap: 'run' });
  });

  test('spendByModel: one model in two roles, rows and beside them -> a line each; the recount says the same', async () => {
    const id = await aRun(2);
    await answered(id, -2, BESIDE, { servedModel: 'g', costNano: 5 });
    await answered(id, -1, BESIDE, { servedModel: 'm', costNano: 7 });
    await answered(id, 0, {}, { outcome: outcomeOf(0) });
    const lines = await store.spendByModel(id);
    expect(lines.map(({ model, role, calls, costNano }) => [model, role, calls, costNano])).toEqual([
      ['g', 'orchestrator', 1, 5],
      ['m', 'orchestrator', 1, 7],
      ['m', 'worker', 1, 70],
    ]);
    const { byModel } = await recounted(id, 2);
    expect(byModel.map(({ model, role, costNano }) => [model, role, costNano]).sort()).toEqual(
      lines.map(({ model, role, costNano }) => [model, role, costNano]),
    );
  });

  test('a later phase of a row -> goes on with the next turn; its outcome is the join of its own turns', async () => {
    const id = await aRun(1);
    await answered(id, 0, {}, { answer: 'cut sh', finish: 'length' });
    await answered(id, 0, { ...AGAIN, turn: 2 }, { answer: 'whole ', finish: 'length' });
    const end = { fromTurn: 2, turns: 3 };
    await answered(id, 0, { ...AGAIN, turn: 3 }, { answer: 'answer', outcome: outcomeOf(0, end) });
    expect(await store.outputRows(id, { status: 'ok', from: 0, limit: 9 })).toMatchObject([{ ...end, output: 'whole answer' }]);
    expect((await store.firstRows(id, 9)).map(({ calls, role }) => [calls, role])).toEqual([[3, null]]);
    expect((await recounted(id, 1)).unanswered).toEqual([]);
  });

  test('attempts of two phases at the same turn -> the later one goes on with the number of attempts', async () => {
    const id = await aRun(1);
    await ask(id, 0);
    await store.refuse({ runId: id, index: 0, turn: 1, attempt: 1, kind: 'failed', code: 'E_CALL_400', at: NOW });
    expect(await ask(id, 0, AGAIN)).toEqual({ kind: 'go', attempt: 2 });
    await store.settle(settlementOf(id, 0, { attempt: 2, outcome: outcomeOf(0) }));
    expect(await store.calls(id, { from: 0, to: 1 })).toMatchObject([
      { attempt: 1, phase: 'map', state: 'failed' },
      { attempt: 2, phase: 'again', state: 'answered' },
    ]);
    await recounted(id, 1);
  });

  test('reopenFailed: failed in a later phase -> its last answer alone is superseded; what is beside the rows stays', async () => {
    const id = await aRun(1);
    await answered(id, -1, BESIDE);
    await answered(id, 0, {}, { finish: 'length' });
    const failed = outcomeOf(0, { status: 'failed', cause: 'truncated', fromTurn: 2, turns: 2 });
    await answered(id, 0, { ...AGAIN, turn: 2 }, { finish: 'length', outcome: failed });
    expect(await store.reopenFailed(id)).toBe(1);
    expect((await store.calls(id, { list: [-1, 0] })).map(({ index, turn, state }) => [index, turn, state])).toEqual([
      [-1, 1, 'answered'],
      [0, 1, 'answered'],
      [0, 2, 'superseded'],
    ]);
    expect(await ask(id, 0, { ...AGAIN, turn: 2, epoch: 2 })).toEqual({ kind: 'go', attempt: 2 });
    await store.settle(settlementOf(id, 0, { turn: 2, attempt: 2, outcome: outcomeOf(0, { fromTurn: 2, turns: 2 }) }));
    await recounted(id, 1);
  });

  test('doubtful beside the rows -> charged, listed, settled and released by a reconciliation', async () => {
    const id = await aRun(1);
    for (const index of [-1, -2]) {
      await ask(id, index, BESIDE);
      await store.doubt({ runId: id, index, turn: 1, attempt: 1, isTry: false, code: 'E_CALL_CRASHED', at: NOW });
    }
    expect(await store.doubtfulCalls(id)).toMatchObject([
      { index: -2, ...BESIDE },
      { index: -1, ...BESIDE },
    ]);
    await recounted(id, 1);
    const settled = [{ index: -1, turn: 1, attempt: 1, costNano: 33, model: 'g', usage: null }];
    const released = [{ index: -2, turn: 1, attempt: 1 }];
    expect(await store.reconcile({ runId: id, settled, released, at: NOW })).toEqual({ settled: 1, released: 1 });
    expect(await store.totals(id)).toMatchObject({ doubtful: 0, doubtfulNano: 0, settledNano: 33, calls: 1 });
    await recounted(id, 1);
  });

  test('openEpoch: every row is done -> an empty list, however often it is asked', async () => {
    const id = await aRun(2);
    const workflow = { workflowId: `${id}/e1`, executionId: `${id}-x` };
    expect(await store.openEpoch(id, workflow, NOW)).toEqual({ epoch: 1, kind: 'range', items: 2 });
    for (const index of [0, 1]) await answered(id, index, {}, { outcome: outcomeOf(index) });
    const next = { workflowId: `${id}/e2`, executionId: `${id}-y` };
    for (const _ of [1, 2]) expect(await store.openEpoch(id, next, NOW)).toEqual({ epoch: 2, kind: 'list', items: 0 });
  });

  test('the phase of a run -> as it was told; none before the first', async () => {
    const id = await aRun(1);
    expect((await store.run(id))?.phase).toBeNull();
    await store.updateRun(id, { phase: 'plan' });
    expect((await store.run(id))?.phase).toBe('plan');
  });

  test('dropRun -> nothing is left of what was beside the rows', async () => {
    const id = await aRun(1);
    await answered(id, -1, BESIDE);
    await store.dropRun(id);
    expect(await store.calls(id, BESIDE_ROWS)).toEqual([]);
  });
});
