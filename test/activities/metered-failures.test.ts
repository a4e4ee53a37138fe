/** Calls without an answer of use: what they cost is known, in doubt, or estimated. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { historyOf } from '../../src/activities/turn/history.js';
import { buildReceipt } from '../../src/outputs/receipt.js';
import { verifyRun } from '../../src/outputs/verify.js';
import { intentOf } from '../store/databases.js';
import { known } from '../support/known.js';
import { fileStore } from './file-store.js';
import { COST, failure, reply, type Setup, setup, USAGE, WORST } from './turn-setup.js';

const opened = fileStore();
let part: Setup;
beforeEach(async () => {
  part = await setup(opened.store);
});
afterEach(() => {
  part.close();
  expect(part.adapter.left).toBe(0);
});

const empty = (more = {}) => failure('transport', { code: 'E_CALL_EMPTY', status: 200, mayHaveBeenBilled: true, ...more });
const metered = { servedModel: 'served', usage: USAGE, costUsd: null, cacheWritten: 0 };
const doubted = () => failure('transport', { code: 'E_CALL_RESET', mayHaveBeenBilled: true });

describe('an answer of no use that says what it took', () => {
  it('empty twice -> booked at its cost, a try each, not in doubt; the row fails with both in its sums', async () => {
    const { context, row } = await part.run(1);
    part.adapter.next(empty({ metered }), empty({ metered }));
    const first = await part.take(context, 0);
    expect(first).toMatchObject({ kind: 'wait' });
    part.pass((first as { until: number }).until);
    // From the store, as another process would.
    const end = await part.take(context, 0, await historyIn(row.id));
    expect(end).toMatchObject({
      kind: 'done',
      outcome: { status: 'failed', cause: 'empty', attempts: 2, costNano: 2 * COST, usage: { input: 20, output: 10 } },
    });
    expect(await part.store.totals(row.id)).toMatchObject({
      calls: 2,
      tries: 2,
      doubtful: 0,
      doubtfulNano: 0,
      reservedNano: 0,
      settledNano: 2 * COST,
    });
    expect(await verifyRun(part.store, row.id, {})).toMatchObject({ differences: [] });
  });

  it('empty, without a word of what it took -> in doubt at its worst case', async () => {
    const { context, row } = await part.run(1);
    part.adapter.next(empty());
    await part.take(context, 0);
    expect(await part.store.totals(row.id)).toMatchObject({ calls: 0, doubtful: 1, doubtfulNano: WORST, settledNano: 0 });
  });

  it('a failed row that is done again -> what it had cost stays charged', async () => {
    const { context, row } = await part.run(1);
    part.adapter.next(empty({ metered }), empty({ metered }));
    const wait = await part.take(context, 0);
    part.pass((wait as { until: number }).until);
    await part.take(context, 0, await historyIn(row.id));
    expect(await part.store.reopenFailed(row.id)).toBe(1);
    expect(await part.store.totals(row.id)).toMatchObject({ failed: 0, settledNano: 2 * COST });
    expect(await verifyRun(part.store, row.id, {})).toMatchObject({ differences: [] });
  });
});

async function historyIn(run: string) {
  return historyOf(await part.store.calls(run, { list: [0] }), { epoch: 1, phase: 'map' });
}

describe('calls in doubt', () => {
  it('hold -> the worst case stays charged; the cap that it stops names it and the way out', async () => {
    const { context, row } = await part.run(3, {}, 2 * WORST + COST);
    part.adapter.next(reply('one'), doubted(), doubted());
    await part.take(context, 0);
    await part.take(context, 1);
    const end = await part.take(context, 2);
    expect(end).toMatchObject({ kind: 'wait' });
    part.pass((end as { until: number }).until);
    const stop = await part.take(context, 2);
    expect(stop).toMatchObject({ kind: 'stop', cause: 'capped' });
    const { message } = stop as { message: string };
    expect(message).toContain('$0.000002 of it is held for calls in doubt');
    expect(message).toContain(`swarm receipt ${row.id} --reconcile FILE`);
    expect(message).toContain('a lower worker_max_tokens');
  });

  it('nothing in doubt -> a cap does not speak of it', async () => {
    const { context } = await part.run(1, {}, WORST - 1);
    expect((await part.take(context, 0)) as { message: string }).toMatchObject({
      message: expect.not.stringContaining('held'),
    });
  });

  it('settle_at_estimate -> charged with the mean of the run, still listed; before the first answer with the worst case', async () => {
    const { context, row } = await part.run(4, { doubtful: 'settle_at_estimate' });
    part.adapter.next(doubted(), reply('one'), doubted());
    await part.take(context, 0);
    expect(await part.store.totals(row.id)).toMatchObject({ doubtful: 1, doubtfulNano: WORST });
    await part.take(context, 1);
    await part.take(context, 2);
    expect(await part.store.totals(row.id)).toMatchObject({ doubtful: 2, doubtfulNano: WORST + COST, settledNano: COST });
    // A process that dies leaves its calls by the same rule.
    const intent = intentOf(row.id, 3, { reservedNano: WORST, at: Date.now() });
    await part.store.beat({ id: 'dying', home: '/dying', pid: 1 }, Date.now() - 60_000);
    await part.store.intend({ ...intent, owner: 'dying' });
    await part.store.endOwners('/dying', 'nobody', Date.now());
    expect(await part.store.totals(row.id)).toMatchObject({ doubtful: 3, doubtfulNano: WORST + 2 * COST, reservedNano: 0 });
    const receipt = await buildReceipt(part.store, row.id, { at: Date.now(), versions: {} });
    expect(receipt.doubtful_calls.map((call) => known(call.reserved_usd) * 1e9)).toEqual(
      [WORST, COST, COST].map((nano) => expect.closeTo(nano, 6)),
    );
    expect(await verifyRun(part.store, row.id, {})).toMatchObject({ differences: [] });
    // Going on, also after the key was added to the task: what was held is estimated, too.
    await part.store.openEpoch(row.id, { workflowId: 'w/e2', executionId: 'x2' }, Date.now());
    expect(await part.store.totals(row.id)).toMatchObject({ doubtful: 3, doubtfulNano: 3 * COST });
    expect(await verifyRun(part.store, row.id, {})).toMatchObject({ differences: [] });
    // What is known later goes by the charge.
    await part.store.reconcile({ runId: row.id, settled: [], released: [{ index: 2, turn: 1, attempt: 1 }], at: Date.now() });
    expect(await part.store.totals(row.id)).toMatchObject({ doubtful: 2, doubtfulNano: 2 * COST });
  });

  it('hold -> going on changes nothing', async () => {
    const { context, row } = await part.run(2);
    part.adapter.next(reply('one'), doubted());
    await part.take(context, 0);
    await part.take(context, 1);
    await part.store.openEpoch(row.id, { workflowId: 'w/e2', executionId: 'x2' }, Date.now());
    expect(await part.store.totals(row.id)).toMatchObject({ doubtfulNano: WORST });
  });
});
