import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ledgerDayOf, ledgerSlot } from '../../src/core/money/ledger-slot.js';
import { buildReceipt } from '../../src/outputs/receipt.js';
import { verifyRun } from '../../src/outputs/verify.js';
import type { IntentResult } from '../../src/store/port/intents.js';
import type { Store } from '../../src/store/port/store.js';
import { OVERDUE_MS } from '../../src/store/port/workers.js';
import { known } from '../support/known.js';
import { intentOf, NOW, openStore, outcomeOf, settlementOf, stagedRun, testDatabases } from './databases.js';
import { type ModelCaps, MoneyModel, type Step } from './money-model.js';

const ROWS = 3;
const PROCESSES = 2;
const DAY_MS = 86_400_000;
/** When the calls of an owner with a lease until NOW + 10 are anybody's. */
const END = NOW + 10 + OVERDUE_MS;

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
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('spend' as const), row, attempt, cost: fc.nat(50), isTry: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('doubt' as const), row, attempt, isTry: fc.boolean(), ends: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), process }) },
);

const sometimes = (min: number, max: number) => fc.option(fc.integer({ min, max }), { nil: null });
const capsOf: fc.Arbitrary<ModelCaps> = fc.record({
  call: sometimes(100, 250),
  row: sometimes(100, 400),
  run: fc.integer({ min: 200, max: 600 }),
  day: sometimes(200, 600),
  home: sometimes(200, 600),
});

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
      const { home } = model.caps;
      const timeZone = 'America/New_York';
      const day = { timeZone, homeCap: home === null ? null : { capNano: home, timeZone } };
      const done: Promise<IntentResult> = store.intend(
        intentOf(runId, next.row, { ...day, owner, reservedNano: next.reserved, at }),
      );
      return { done, expected: model.intend(next.row, next.process, next.reserved) };
    }
    const number = model.attemptOf(next.row, next.attempt);
    if (number === 0) return { done: Promise.resolve(), expected: undefined };
    const call = { runId, index: next.row, turn: 1, attempt: number, at };
    const turns = next.kind === 'settle' ? 1 : 0;
    const end = 'ends' in next && next.ends ? { outcome: outcomeOf(next.row, { turns }) } : {};
    if (next.kind === 'spend') {
      model.spend(next.row, number, next.cost, next.isTry);
      const { cost: costNano, isTry } = next;
      const usage = { input: 2, cached: 0, output: 0, reasoning: 0 };
      const done = store.spend({ ...call, code: 'E_CALL_EMPTY', isTry, servedModel: 'empty', usage, costNano });
      return { done, expected: undefined };
    }
    // A call has one end of its own process.
    if (next.kind === 'settle' && model.isSpent(next.row, number)) return { done: Promise.resolve(), expected: undefined };
    if (next.kind === 'settle') {
      const expected = model.settle(next.row, number, next.cost, next.ends);
      return { done: store.settle(settlementOf(runId, next.row, { ...call, costNano: next.cost, ...end })), expected };
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

  /** Every figure of the receipt and of the totals is the sum of the single calls. */
  async function addsUp(runId: string): Promise<void> {
    expect(await verifyRun(store, runId, {})).toMatchObject({ differences: [] });
    const { counts, calls, tokens, money, doubtful_calls } = await buildReceipt(store, runId, { at: NOW, versions: {} });
    const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
    const nano = (usd: number | null) => Math.round(known(usd) * 1e9);
    expect(counts.total).toBe(counts.ok + counts.failed + counts.filtered + counts.pending);
    expect(calls.answered).toBe(sum(money.by_model.map((line) => line.calls)));
    for (const key of ['input', 'cached', 'output', 'reasoning'] as const)
      expect(tokens[key]).toBe(sum(money.by_model.map((line) => line.tokens[key])));
    expect(nano(money.settled_usd)).toBe(sum(money.by_model.map((line) => nano(line.cost_usd))));
    expect(calls.doubtful).toBe(doubtful_calls.length);
    expect(nano(money.doubtful_usd)).toBe(sum(doubtful_calls.map((call) => nano(call.reserved_usd))));
    expect(nano(money.total_usd)).toBe(nano(money.settled_usd) + nano(money.doubtful_usd) + nano(money.reserved_usd));
  }

  /** Every second doubtful call was billed, the others were not. */
  async function endDoubt(runId: string): Promise<void> {
    const doubtful = await store.doubtfulCalls(runId);
    const keys = doubtful.map(({ index, turn, attempt }) => ({ index, turn, attempt }));
    const usage = { input: 3, cached: 1, output: 2, reasoning: 1 };
    const settled = keys.filter((_, at) => at % 2 === 0).map((key) => ({ ...key, costNano: 9, model: 'billed', usage }));
    const released = keys.filter((_, at) => at % 2 === 1);
    const done = await store.reconcile({ runId, settled, released, at: NOW });
    expect(done).toEqual({ settled: settled.length, released: released.length });
    expect(await store.doubtfulCalls(runId)).toEqual([]);
  }

  test('any history, many steps at once -> as the model; no cap is ever passed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 8 }),
        capsOf,
        async (bursts, caps) => {
          const runId = `r${++runs}`;
          // A day of its own, so that all that is booked in it is this run's.
          const from = NOW + runs * DAY_MS;
          await stagedRun(store, runId, ROWS, caps.run);
          await store.setControl(runId, { callCapNano: caps.call, rowCapNano: caps.row, dayCapNano: caps.day });
          const { until } = ledgerDayOf(ledgerSlot(from, null), 'America/New_York');
          const model = new MoneyModel(runId, ROWS, PROCESSES, caps, until);
          for (let each = 0; each < PROCESSES; each++) {
            await store.beat({ id: model.owner(each), home: `${runId}/${each}`, pid: 1 }, NOW * 2);
          }
          for (const [at, burst] of bursts.entries()) {
            const taken = burst.map((next) => take(runId, model, next, from + at));
            expect(await Promise.all(taken.map(({ done }) => done))).toEqual(taken.map(({ expected }) => expected));
            const totals = await store.totals(runId);
            expect(totals).toMatchObject(model.totals());
            const { run, day, home } = caps;
            const most = Math.min(run, day ?? run, home ?? run);
            expect(totals.settledNano + totals.reservedNano + totals.doubtfulNano).toBeLessThanOrEqual(most);
            for (let index = 0; index < ROWS; index++) expect(model.ofRow(index)).toBeLessThanOrEqual(caps.row ?? most);
          }
          const calls = await store.calls(runId, { from: 0, to: ROWS });
          expect(calls.map((call) => call.state)).toEqual(model.rows.flat().map((call) => call.state));
          expect(calls.map((call) => call.costNano)).toEqual(model.rows.flat().map((call) => call.cost));
          await addsUp(runId);
          await endDoubt(runId);
          await addsUp(runId);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  test('late settle: the turn has another answer -> not used; the doubtful call is charged with what it cost', async () => {
    await stagedRun(store, 'late', 1);
    await store.beat({ id: 'stopped', home: '/stopped', pid: 1 }, NOW);
    await store.intend(intentOf('late', 0, { owner: 'stopped' }));
    expect(await store.endOwner({ id: 'stopped', leaseUntil: NOW }, 'me', NOW)).toEqual([]);
    expect(await store.intend(intentOf('late', 0))).toEqual({ kind: 'go', attempt: 2 });
    expect(await store.settle(settlementOf('late', 0, { attempt: 2, costNano: 60, answer: 'second' }))).toBe('used');
    expect(await store.totals('late')).toMatchObject({ doubtful: 1, doubtfulNano: 100, settledNano: 60 });
    const first = settlementOf('late', 0, { attempt: 1, costNano: 80, answer: 'first', outcome: outcomeOf(0) });
    for (let times = 0; times < 2; times++) {
      expect(await store.settle(first)).toBe('late');
      const money = { doubtful: 1, doubtfulNano: 80, settledNano: 60, reservedNano: 0 };
      expect(await store.totals('late')).toMatchObject({ ...money, open: 0, calls: 1, ok: 0 });
    }
    const calls = await store.calls('late', { from: 0, to: 1 });
    expect(calls.map(({ state, code, reservedNano, costNano, answer }) => [state, code, reservedNano, costNano, answer])).toEqual(
      [
        ['doubtful', 'E_CALL_LATE', 80, 0, null],
        ['answered', null, 100, 60, 'second'],
      ],
    );
    expect((await store.doubtfulCalls('late')).map(({ attempt }) => attempt)).toEqual([1]);
  });

  test('a late settle that is first -> the answer of the turn; that of the call made again is the doubtful one', async () => {
    await stagedRun(store, 'swap', 1);
    await store.beat({ id: 'slow', home: '/slow', pid: 1 }, NOW);
    await store.intend(intentOf('swap', 0, { owner: 'slow' }));
    await store.endOwner({ id: 'slow', leaseUntil: NOW }, 'me', NOW);
    await store.intend(intentOf('swap', 0));
    expect(await store.settle(settlementOf('swap', 0, { attempt: 1, answer: 'goes on', costNano: 50 }))).toBe('used');
    const second = settlementOf('swap', 0, { attempt: 2, answer: 'the end', costNano: 30, outcome: outcomeOf(0) });
    expect(await store.settle(second)).toBe('late');
    expect((await store.calls('swap', { from: 0, to: 1 })).map(({ state, answer }) => [state, answer])).toEqual([
      ['answered', 'goes on'],
      ['doubtful', null],
    ]);
    const totals = await store.totals('swap');
    expect(totals).toMatchObject({ ok: 0, calls: 1, open: 0, settledNano: 50, reservedNano: 0, doubtful: 1, doubtfulNano: 30 });
    expect(await store.intend(intentOf('swap', 0))).toEqual({ kind: 'answered' });
  });

  test('a late settle of a row that has failed since -> the outcome stays, the call is doubtful at its cost', async () => {
    await stagedRun(store, 'failed', 1);
    await store.intend(intentOf('failed', 0));
    const failed = outcomeOf(0, { status: 'failed', cause: 'transport' });
    const timeout = { isTry: true, code: 'E_CALL_TIMEOUT', at: NOW, outcome: failed };
    await store.doubt({ runId: 'failed', index: 0, turn: 1, attempt: 1, ...timeout });
    expect(await store.settle(settlementOf('failed', 0, { costNano: 40, outcome: outcomeOf(0) }))).toBe('late');
    expect(await store.totals('failed')).toMatchObject({
      ok: 0,
      failed: 1,
      calls: 0,
      tries: 1,
      settledNano: 0,
      doubtfulNano: 40,
    });
  });

  test('refused for sure after it was doubtful -> the money is back; a try stays a try, counted once', async () => {
    await stagedRun(store, 'sure', 4);
    const cases = [
      { isTry: true, kind: 'failed', tries: 1, limited: 0 },
      { isTry: true, kind: 'limited', tries: 2, limited: 1 },
      { isTry: false, kind: 'limited', tries: 2, limited: 2 },
      { isTry: false, kind: 'refused', tries: 2, limited: 2 },
    ] as const;
    for (const [index, { isTry, kind, tries, limited }] of cases.entries()) {
      await store.intend(intentOf('sure', index));
      const call = { runId: 'sure', index, turn: 1, attempt: 1, at: NOW };
      await store.doubt({ ...call, isTry, code: 'E_CALL_TIMEOUT' });
      await store.refuse({ ...call, kind, code: 'E_RATE_LIMITED' });
      const [stored] = await store.calls('sure', { list: [index] });
      expect(stored).toMatchObject({ isTry, state: kind === 'limited' ? 'limited' : 'failed' });
      expect(await store.totals('sure')).toMatchObject({ tries, limited, doubtful: 0, doubtfulNano: 0, open: 0 });
    }
  });

  test('an owner that is known to be dead: the next intent makes its call doubtful and goes', async () => {
    await stagedRun(store, 'dead', 2, 150);
    await store.beat({ id: 'gone', home: '/gone', pid: 1 }, NOW + 10);
    await store.intend(intentOf('dead', 0, { owner: 'gone' }));
    const overdue = [{ id: 'gone', leaseUntil: NOW + 10 }];
    expect(await store.intend(intentOf('dead', 0, { at: END, reservedNano: 20 }))).toEqual({
      kind: 'elsewhere',
      owner: 'gone',
    });
    expect(await store.intend(intentOf('dead', 0, { at: END, reservedNano: 51, overdue }))).toEqual({
      kind: 'capped',
      cap: 'run',
      capNano: 150,
      heldNano: 100,
      shortNano: 1,
      final: true,
      until: null,
    });
    expect(await store.totals('dead')).toMatchObject({ open: 0, doubtful: 1, reservedNano: 0, doubtfulNano: 100 });
    expect(await store.intend(intentOf('dead', 0, { at: END, reservedNano: 50 }))).toEqual({ kind: 'go', attempt: 2 });
    expect(await store.intend(intentOf('dead', 0, { at: END }))).toEqual({ kind: 'elsewhere', owner: 'me' });
    // Refused for sure after it was given up: nothing was billed.
    await store.refuse({ runId: 'dead', index: 0, turn: 1, attempt: 1, kind: 'limited', code: 'E_CALL_RATE', at: NOW });
    expect(await store.totals('dead')).toMatchObject({ open: 1, doubtful: 0, limited: 1, reservedNano: 50, doubtfulNano: 0 });
  });

  describe('reconcile', () => {
    const EVER = 1e9;

    /** Row `index` has a doubtful call that holds 100. */
    async function doubted(runId: string, index: number, isTry = false): Promise<void> {
      await store.intend(intentOf(runId, index));
      await store.doubt({ runId, index, turn: 1, attempt: 1, isTry, code: 'E_CALL_TIMEOUT', at: NOW });
    }

    test('billed -> its cost is settled; not billed -> its money is free; both once, whatever is asked again', async () => {
      await stagedRun(store, 'export', 4, 1_000);
      for (const index of [0, 1, 2]) await doubted('export', index, index === 1);
      const before = await store.chargedIn(0, EVER);
      const usage = { input: 7, cached: 1, output: 3, reasoning: 2 };
      const settled = [{ index: 0, turn: 1, attempt: 1, costNano: 40, model: 'billed', usage }];
      const released = [{ index: 1, turn: 1, attempt: 1 }];
      const reconciliation = { runId: 'export', settled, released, at: NOW + 9 };
      expect(await store.reconcile(reconciliation)).toEqual({ settled: 1, released: 1 });
      const totals = { calls: 1, doubtful: 1, tries: 1, open: 0, settledNano: 40, doubtfulNano: 100, reservedNano: 0, usage };
      expect(await store.totals('export')).toMatchObject(totals);
      expect(await store.chargedIn(0, EVER)).toBe(before - 60 - 100);
      expect(await store.reconcile(reconciliation)).toEqual({ settled: 0, released: 0 });
      expect(await store.totals('export')).toMatchObject(totals);
      const calls = await store.calls('export', { from: 0, to: 3 });
      expect(calls.map(({ state, code, costNano, isTry }) => [state, code, costNano, isTry])).toEqual([
        ['superseded', 'E_CALL_RECONCILED', 40, false],
        ['failed', 'E_CALL_UNBILLED', 0, true],
        ['doubtful', 'E_CALL_TIMEOUT', 0, false],
      ]);
      expect(await store.spendByModel('export')).toMatchObject([{ model: 'billed', calls: 1, costNano: 40, usage }]);
    });

    test("a model's name that no database takes -> without NUL and half pairs", async () => {
      await stagedRun(store, 'odd-name', 1);
      await doubted('odd-name', 0);
      const settled = [{ index: 0, turn: 1, attempt: 1, costNano: 40, model: 'billed\0\ud83d', usage: null }];
      expect(await store.reconcile({ runId: 'odd-name', settled, released: [], at: NOW })).toEqual({ settled: 1, released: 0 });
      expect(await store.spendByModel('odd-name')).toMatchObject([{ model: 'billed\ufffd', calls: 1 }]);
    });

    test('an answer that comes after its cost was settled -> too late: charged once, not used; the turn is free', async () => {
      await stagedRun(store, 'afterwards', 1);
      await doubted('afterwards', 0);
      const settled = [{ index: 0, turn: 1, attempt: 1, costNano: 40, model: 'm', usage: null }];
      await store.reconcile({ runId: 'afterwards', settled, released: [], at: NOW });
      expect(await store.settle(settlementOf('afterwards', 0, { costNano: 40, outcome: outcomeOf(0) }))).toBe('late');
      expect(await store.totals('afterwards')).toMatchObject({ settledNano: 40, doubtful: 0, calls: 1, ok: 0 });
      expect(await store.intend(intentOf('afterwards', 0))).toEqual({ kind: 'go', attempt: 2 });
    });

    test('calls that are no doubtful ones, and an unknown run -> left alone', async () => {
      await stagedRun(store, 'others', 2);
      await store.intend(intentOf('others', 0));
      const call = { index: 0, turn: 1, attempt: 1 };
      const settled = [{ ...call, costNano: 1, model: 'm', usage: null }];
      expect(await store.reconcile({ runId: 'others', settled, released: [call], at: NOW })).toEqual({ settled: 0, released: 0 });
      expect(await store.totals('others')).toMatchObject({ open: 1, reservedNano: 100, settledNano: 0 });
      expect(await store.reconcile({ runId: 'nobody', settled, released: [call], at: NOW })).toEqual({ settled: 0, released: 0 });
    });
  });

  describe('caps of a day', () => {
    const zone = 'Pacific/Auckland';
    let days = 0;
    /** Two runs with a cap of 300 a day, at the start of a day that nobody has booked in. */
    async function twoRuns() {
      days += 1;
      const start = ledgerDayOf(ledgerSlot(NOW + (1_000 + 3 * days) * DAY_MS, null), zone).until;
      const names = [`a${days}`, `b${days}`] as const;
      for (const name of names) {
        await stagedRun(store, name, 4);
        await store.setControl(name, { dayCapNano: 300 });
      }
      const intend = (name: string, index: number, at: number, reservedNano: number | null = 100) =>
        store.intend(intentOf(name, index, { at, reservedNano, timeZone: zone }));
      return { start, a: names[0], b: names[1], intend };
    }

    test('all runs count; the next day is a new budget; a clock set back is none', async () => {
      const { start, a, b, intend } = await twoRuns();
      const end = start + 24 * 3_600_000 - 1;
      expect((await intend(a, 0, start)).kind).toBe('go');
      expect((await intend(b, 0, end)).kind).toBe('go');
      expect(await intend(b, 1, end, 101)).toMatchObject({ kind: 'capped', cap: 'day', shortNano: 1, final: false });
      expect((await intend(b, 1, end)).kind).toBe('go');
      expect(await intend(a, 1, end)).toMatchObject({ kind: 'capped', cap: 'day', until: end + 1 });
      expect((await intend(a, 1, end + 1, 300)).kind).toBe('go');
      // Back in yesterday, which has room again since a call was refused: what is admitted now is booked today all the same.
      await store.refuse({ runId: b, index: 1, turn: 1, attempt: 1, kind: 'limited', code: 'E_RATE_LIMITED', at: end });
      expect(await intend(a, 2, end, 1)).toMatchObject({ kind: 'capped', cap: 'day' });
    });

    test('a call is booked to the day of its admission, whenever it ends', async () => {
      const { start, a, intend } = await twoRuns();
      const tomorrow = start + 24 * 3_600_000;
      await intend(a, 0, tomorrow - 1, 300);
      await store.settle(settlementOf(a, 0, { costNano: 120, at: tomorrow + 5 }));
      expect((await intend(a, 1, tomorrow, 300)).kind).toBe('go');
      await store.doubt({ runId: a, index: 1, turn: 1, attempt: 1, isTry: true, code: 'E_CALL_TIMEOUT', at: tomorrow + 9 });
      expect(await intend(a, 2, tomorrow, 1)).toMatchObject({ kind: 'capped', final: true });
      await store.settle(settlementOf(a, 1, { costNano: 50, at: tomorrow + 20 }));
      expect((await intend(a, 2, tomorrow, 250)).kind).toBe('go');
    });

    test('a dead owner: its calls stay charged to their day', async () => {
      const { start, a, b, intend } = await twoRuns();
      await store.beat({ id: `dead-${a}`, home: a, pid: 1 }, start);
      await store.intend(intentOf(a, 0, { at: start, owner: `dead-${a}`, reservedNano: 200, timeZone: zone }));
      await store.endOwner({ id: `dead-${a}`, leaseUntil: start }, 'me', start);
      expect(await intend(b, 0, start, 101)).toMatchObject({ kind: 'capped', cap: 'day', final: true });
      expect((await intend(b, 0, start, 100)).kind).toBe('go');
    });

    test('runs without a cap count, too', async () => {
      const { start, a, b, intend } = await twoRuns();
      await store.setControl(a, { dayCapNano: null });
      expect((await intend(a, 0, start, 1_000)).kind).toBe('go');
      expect(await intend(b, 0, start, 1)).toMatchObject({ kind: 'capped', cap: 'day', capNano: 300 });
    });

    test('the cap of a process for all runs -> in days of its own zone', async () => {
      const { start, a, b, intend } = await twoRuns();
      const homeCap = { capNano: 250, timeZone: 'UTC' };
      await intend(b, 0, start, 200);
      const capped = await store.intend(intentOf(a, 0, { at: start, homeCap, timeZone: zone }));
      const { until } = ledgerDayOf(ledgerSlot(start, null), 'UTC');
      expect(capped).toMatchObject({ kind: 'capped', cap: 'home', capNano: 250, shortNano: 50, final: false, until });
      expect((await store.intend(intentOf(a, 0, { at: until, homeCap, timeZone: zone }))).kind).toBe('go');
    });

    test('a cap and no price -> refused by name; no cap -> goes at 0', async () => {
      const { start, a, intend } = await twoRuns();
      expect(await intend(a, 0, start, null)).toEqual({ kind: 'unpriced', cap: 'day' });
      await store.setControl(a, { dayCapNano: null });
      expect((await intend(a, 0, start, null)).kind).toBe('go');
      expect(
        await store.intend(intentOf(a, 1, { at: start, reservedNano: null, homeCap: { capNano: 5, timeZone: zone } })),
      ).toEqual({ kind: 'unpriced', cap: 'home' });
    });
  });
});
