import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IntentResult, Store } from '../../src/store/port.js';
import { intentOf, NOW, openStore, outcomeOf, settlementOf, stagedRun, testDatabases } from './databases.js';
import { MoneyModel, type Step } from './money-model.js';

const ROWS = 3;
const PROCESSES = 2;
const CAP = 500;

const row = fc.nat(ROWS - 1);
const process = fc.nat(PROCESSES - 1);
const attempt = fc.nat(3);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('intend' as const), row, process, reserved: fc.integer({ min: 50, max: 200 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('settle' as const), row, attempt, cost: fc.nat(50), ends: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('refuse' as const), row, attempt, limited: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('doubt' as const), row, attempt, isTry: fc.boolean(), ends: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), process }) },
);

const databases = await testDatabases();
afterAll(() => Promise.all(databases.map((database) => database.stop())));

describe.each(databases)('money on $name', ({ missing, place }) => {
  const test = missing === null ? it : it.skip;
  let store: Store;
  let runs = 0;
  beforeAll(async () => {
    if (missing === null) store = await openStore(await place());
  });
  afterAll(() => store?.close());

  /** Sends a step to the store without waiting; the model takes it at once, as the store must in order of arrival. */
  function take(runId: string, model: MoneyModel, next: Step, at: number): { done: Promise<unknown>; expected: unknown } {
    if (next.kind === 'crash') {
      const home = `${runId}/${next.process}`;
      model.crash(next.process);
      const id = model.owner(next.process);
      const born = store.beat({ id, home, pid: 1 }, NOW * 2);
      const ended = store.endOwners(home, id, at);
      return { done: Promise.all([born, ended]), expected: [undefined, []] };
    }
    if (next.kind === 'intend') {
      const owner = model.owner(next.process);
      const done: Promise<IntentResult> = store.intend(intentOf(runId, next.row, { owner, reservedNano: next.reserved, at }));
      return { done, expected: model.intend(next.row, next.process, next.reserved) };
    }
    const number = model.attemptOf(next.row, next.attempt);
    if (number === 0) return { done: Promise.resolve(), expected: undefined };
    const call = { runId, index: next.row, turn: 1, attempt: number, at };
    const end = 'ends' in next && next.ends ? { outcome: outcomeOf(next.row) } : {};
    if (next.kind === 'settle') {
      model.settle(next.row, number, next.cost, next.ends);
      return { done: store.settle(settlementOf(runId, next.row, { ...call, costNano: next.cost, ...end })), expected: undefined };
    }
    if (next.kind === 'refuse') {
      model.refuse(next.row, number, next.limited);
      return {
        done: store.refuse({ ...call, kind: next.limited ? 'limited' : 'failed', code: 'E_CALL_RATE' }),
        expected: undefined,
      };
    }
    model.doubt(next.row, number, next.isTry, next.ends);
    return { done: store.doubt({ ...call, isTry: next.isTry, code: 'E_CALL_TIMEOUT', ...end }), expected: undefined };
  }

  test('any history, many steps at once -> as the model; the cap is never passed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 8 }),
        async (bursts) => {
          const runId = `r${++runs}`;
          await stagedRun(store, runId, ROWS, CAP);
          const model = new MoneyModel(runId, ROWS, PROCESSES, CAP);
          for (let each = 0; each < PROCESSES; each++) {
            await store.beat({ id: model.owner(each), home: `${runId}/${each}`, pid: 1 }, NOW * 2);
          }
          for (const [at, burst] of bursts.entries()) {
            const taken = burst.map((next) => take(runId, model, next, NOW + at));
            expect(await Promise.all(taken.map(({ done }) => done))).toEqual(taken.map(({ expected }) => expected));
            const totals = await store.totals(runId);
            expect(totals).toMatchObject(model.totals());
            expect(totals.settledNano + totals.reservedNano + totals.doubtfulNano).toBeLessThanOrEqual(CAP);
          }
          const calls = await store.calls(runId, { from: 0, to: ROWS });
          expect(calls.map((call) => call.state)).toEqual(model.rows.flat().map((call) => call.state));
          expect(calls.map((call) => call.costNano)).toEqual(model.rows.flat().map((call) => call.cost));
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  test('late settle: the doubtful call is paid for, a second answer is superseded at its true cost', async () => {
    await stagedRun(store, 'late', 1);
    await store.intend(intentOf('late', 0));
    await store.doubt({ runId: 'late', index: 0, turn: 1, attempt: 1, isTry: true, code: 'E_CALL_TIMEOUT', at: NOW });
    await store.intend(intentOf('late', 0));
    await store.settle(settlementOf('late', 0, { attempt: 2, costNano: 60, answer: 'second' }));
    expect(await store.totals('late')).toMatchObject({ doubtful: 1, doubtfulNano: 100, settledNano: 60 });
    for (let times = 0; times < 2; times++) await store.settle(settlementOf('late', 0, { attempt: 1, costNano: 80 }));
    expect(await store.totals('late')).toMatchObject({
      doubtful: 0,
      doubtfulNano: 0,
      settledNano: 140,
      calls: 2,
      tries: 1,
      reservedNano: 0,
    });
    const calls = await store.calls('late', { from: 0, to: 1 });
    expect(calls.map((call) => [call.state, call.costNano])).toEqual([
      ['superseded', 80],
      ['answered', 60],
    ]);
  });

  test('a superseded answer that ends its row -> it becomes the answer of the turn', async () => {
    await stagedRun(store, 'swap', 1);
    await store.intend(intentOf('swap', 0));
    await store.doubt({ runId: 'swap', index: 0, turn: 1, attempt: 1, isTry: true, code: 'E_CALL_TIMEOUT', at: NOW });
    await store.intend(intentOf('swap', 0));
    await store.settle(settlementOf('swap', 0, { attempt: 1, answer: 'goes on' }));
    await store.settle(settlementOf('swap', 0, { attempt: 2, answer: 'the end', outcome: outcomeOf(0) }));
    const [output] = await store.outputRows('swap', { status: 'ok', from: 0, limit: 1 });
    expect(output?.output).toBe('the end');
    expect((await store.calls('swap', { from: 0, to: 1 })).map((call) => call.state)).toEqual(['superseded', 'answered']);
  });

  test('a dead owner whose lease ended: the next intent makes its call doubtful and goes', async () => {
    await stagedRun(store, 'dead', 2, 150);
    await store.beat({ id: 'gone', home: '/gone', pid: 1 }, NOW + 10);
    await store.intend(intentOf('dead', 0, { owner: 'gone' }));
    expect(await store.intend(intentOf('dead', 0, { at: NOW + 9, reservedNano: 20 }))).toEqual({
      kind: 'elsewhere',
      owner: 'gone',
    });
    expect(await store.intend(intentOf('dead', 0, { at: NOW + 10, reservedNano: 51 }))).toEqual({ kind: 'capped' });
    expect(await store.totals('dead')).toMatchObject({ open: 0, doubtful: 1, reservedNano: 0, doubtfulNano: 100 });
    expect(await store.intend(intentOf('dead', 0, { at: NOW + 10, reservedNano: 50 }))).toEqual({ kind: 'go', attempt: 2 });
    expect(await store.intend(intentOf('dead', 0, { at: NOW + 10 }))).toEqual({ kind: 'elsewhere', owner: 'me' });
    // Refused for sure after it was given up: nothing was billed.
    await store.refuse({ runId: 'dead', index: 0, turn: 1, attempt: 1, kind: 'limited', code: 'E_CALL_RATE', at: NOW });
    expect(await store.totals('dead')).toMatchObject({ open: 1, doubtful: 0, limited: 1, reservedNano: 50, doubtfulNano: 0 });
  });
});
