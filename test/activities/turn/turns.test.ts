import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyHistory, historyOf } from '../../../src/activities/turn/history.js';
import type { Prices } from '../../../src/core/money/price-book.js';
import type { CallResult } from '../../../src/llm/port.js';
import { buildReceipt } from '../../../src/outputs/receipt.js';
import { verifyRun } from '../../../src/outputs/verify.js';
import { readProgress } from '../../../src/runs/read-progress.js';
import type { OwnerRow } from '../../../src/store/port/workers.js';
import { intentOf, outcomeOf } from '../../store/databases.js';
import { fileStore } from '../file-store.js';
import { COST, failure, gatekeeper, OWNER, reply, type Setup, setup, textOf, until, WORST } from '../turn-setup.js';

const opened = fileStore();
let part: Setup;
beforeEach(async () => {
  part = await setup(opened.store);
});
afterEach(() => {
  part.close();
  expect(part.adapter.left).toBe(0);
});

const callsOf = (run: string, index = 0) => part.store.calls(run, { list: [index] });

describe('a turn that is answered', () => {
  it('one row -> intent is durable before the call, the answer before the report', async () => {
    const { context, row } = await part.run(1);
    part.adapter.next(async () => {
      expect((await callsOf(row.id)).map((call) => call.state)).toEqual(['intent']);
      return reply('hello');
    });
    const end = await part.take(context, 0);
    part.events.push('reported');
    expect(part.events).toEqual(['intend', 'call', 'called', 'settle', 'reported']);
    expect(end).toMatchObject({ kind: 'done', outcome: { status: 'ok', id: 's0', turns: 1, fromTurn: 1, costNano: COST } });
    expect(await part.store.outcome(row.id, 0)).toMatchObject({ status: 'ok', finish: 'stop', model: 'served' });
    expect(await part.store.totals(row.id)).toMatchObject({ ok: 1, open: 0, settledNano: COST, reservedNano: 0 });
  });

  it('what is sent -> the rendered prompt, the deadline and the endpoint of the task', async () => {
    const { context } = await part.run(1, { systemPrompt: 'Be short.', temperature: 0.5, timeoutMs: 777 });
    part.adapter.next(reply('hello'));
    await part.take(context, 0);
    expect(part.adapter.calls[0]).toMatchObject({
      apiBase: 'http://127.0.0.1:9/v1',
      apiKey: null,
      messages: [
        { role: 'system', text: 'Be short.' },
        { role: 'user', parts: [{ type: 'text', text: 'Say row 0' }] },
      ],
      maxTokens: 100,
      settings: { temperature: 0.5, topP: null },
      timeoutMs: 777,
    });
  });

  it('two takers of the same turn -> one call, the same end', async () => {
    const { context } = await part.run(1);
    const answer = gatekeeper<CallResult>();
    part.adapter.next(() => answer.promise);
    const first = part.take(context, 0);
    const second = part.take(context, 0);
    answer.open(reply('once'));
    expect(await first).toEqual(await second);
    expect(part.adapter.calls).toHaveLength(1);
  });

  it('two takers of a conversation -> the one that joined sees the new answer too', async () => {
    const { context } = await part.run(1, { multiTurn: true, maxTurns: 2 });
    const answer = gatekeeper<CallResult>();
    part.adapter.next(() => answer.promise);
    const joined = emptyHistory();
    const first = part.take(context, 0);
    const second = part.take(context, 0, joined);
    answer.open(reply('turn one'));
    await Promise.all([first, second]);
    expect(joined.steps).toEqual([{ answer: 'turn one', finish: 'stop' }]);
    expect(joined.usage).toEqual({ input: 10, cached: 0, output: 5, reasoning: 0 });
  });

  it('a stored answer that the taker does not know -> no call, its outcome', async () => {
    const { context, row } = await part.run(1);
    part.adapter.next(reply('stored'));
    await part.take(context, 0);
    const end = await part.take(context, 0);
    expect(end).toMatchObject({ kind: 'done', outcome: { status: 'ok' } });
    expect(await part.store.totals(row.id)).toMatchObject({ calls: 1, open: 0, reservedNano: 0 });
  });

  it('an answer in parts -> stored whole; whoever takes the next turn sends it back, and the output is its text', async () => {
    const { context, row } = await part.run(1, { multiTurn: true, maxTurns: 2 });
    const answer = [
      { type: 'reasoning', text: 'hm', providerData: { anthropic: { signature: 's' } } },
      { type: 'text', text: 'one' },
    ] as const;
    part.adapter.next(reply('', { answer }), reply('two'));
    expect((await part.take(context, 0)).kind).toBe('go-on');
    const stored = historyOf(await part.store.calls(row.id, { list: [0] }), { epoch: row.epoch, phase: 'map' });
    expect(await part.take(context, 0, stored)).toMatchObject({ kind: 'done', outcome: { turns: 2, fromTurn: 2 } });
    expect(part.adapter.calls[1]?.messages[1]).toEqual({ role: 'assistant', parts: answer });
    // What of the prompt comes again, for caches that are written where one asks for it.
    expect(part.adapter.calls.map(({ repeated }) => repeated?.turns)).toEqual(['all', 'earlier']);
    const alone = await part.run(1);
    part.adapter.next(reply('', { answer }));
    await part.take(alone.context, 0);
    const [output] = await part.store.outputRows(alone.row.id, { status: 'ok', from: 0, limit: 1 });
    expect(output?.output).toBe('one');
  });

  it('a stored first turn of a conversation -> no call, go on', async () => {
    const { context } = await part.run(1, { multiTurn: true, maxTurns: 3 });
    part.adapter.next(reply('one'));
    await part.take(context, 0);
    const history = emptyHistory();
    expect(await part.take(context, 0, history)).toEqual({ kind: 'go-on', callMs: null });
    expect(history.steps).toHaveLength(1);
  });

  it('an answer whose outcome was lost -> the outcome, no call', async () => {
    const { context, row } = await part.run(1);
    const { id } = row;
    const intent = { runId: id, index: 0, turn: 1 };
    await part.store.intend(intentOf(intent.runId, 0, { owner: OWNER, reservedNano: 5, at: Date.now() }));
    const settled = { ...intent, attempt: 1, answer: 'kept', finish: 'stop', servedModel: 'm', usage: null } as const;
    await part.store.settle({ ...settled, costNano: 5, at: Date.now() });
    const history = { ...emptyHistory(), steps: [{ answer: 'kept', finish: 'stop' as const }] };
    expect(await part.take(context, 0, history)).toMatchObject({ kind: 'done', outcome: { status: 'ok' } });
    expect(await part.store.totals(id)).toMatchObject({ ok: 1 });
  });

  it('extra_body -> all of its text is reserved for: a server may put it into the prompt', async () => {
    const asked: number[] = [];
    const prices: Prices = {
      worstCase: (_, { input }) => {
        asked.push(input);
        return WORST;
      },
      cost: () => COST,
      contextWindow: () => 500,
    };
    part.close();
    part = await setup(opened.store, { prices });
    const extraBody = { documents: ['x'.repeat(700)] };
    for (const more of [{}, { extraBody }]) {
      const { context } = await part.run(1, more);
      part.adapter.next(reply('hello'));
      expect(await part.take(context, 0)).toMatchObject({ outcome: { status: 'ok' } });
    }
    expect(Math.max(...asked) - Math.min(...asked)).toBe(JSON.stringify(extraBody).length);
  });

  it('no usage in the answer -> the reservation is what it cost', async () => {
    const { context, row } = await part.run(1);
    part.adapter.next(reply('hello', { usage: null }));
    await part.take(context, 0);
    expect(await part.store.totals(row.id)).toMatchObject({ settledNano: WORST, reservedNano: 0 });
    expect((await callsOf(row.id))[0]).toMatchObject({ usage: null, costNano: WORST });
    // The receipt says the same, and its recount from the single calls finds nothing else.
    const { money, tokens } = await buildReceipt(part.store, row.id, { at: Date.now(), versions: {} });
    expect(money).toMatchObject({
      settled_usd: WORST / 1e9,
      total_usd: WORST / 1e9,
      by_model: [{ calls: 1, cost_usd: WORST / 1e9 }],
    });
    expect(tokens).toMatchObject({ input: 0, output: 0 });
    expect((await verifyRun(part.store, row.id, {})).differences).toEqual([]);
  });

  it('a conversation of three turns -> three calls, each with the whole transcript; the last answer is the output', async () => {
    const { context, row } = await part.run(1, { multiTurn: true, maxTurns: 3, followUp: 'More.' });
    const history = emptyHistory();
    part.adapter.next(reply('one'), reply('two'), reply('three'));
    expect((await part.take(context, 0, history)).kind).toBe('go-on');
    expect((await part.take(context, 0, history)).kind).toBe('go-on');
    expect(await part.take(context, 0, history)).toMatchObject({
      kind: 'done',
      outcome: { turns: 3, fromTurn: 3, costNano: 3 * COST },
    });
    expect(part.adapter.calls[2]?.messages.map(textOf)).toEqual(['Say row 0', 'one', 'More.', 'two', 'More.']);
    const [output] = await part.store.outputRows(row.id, { status: 'ok', from: 0, limit: 1 });
    expect(output?.output).toBe('three');
  });

  it('stop_when -> the conversation ends with the answer that holds the word', async () => {
    const { context } = await part.run(1, { multiTurn: true, maxTurns: 9, stopWhen: [{ contains: 'DONE' }] });
    const history = emptyHistory();
    part.adapter.next(reply('one'), reply('two DONE'));
    await part.take(context, 0, history);
    expect(await part.take(context, 0, history)).toMatchObject({ kind: 'done', outcome: { turns: 2 } });
  });

  it('on_truncate: continue -> asks for the rest; the output is the pieces in one', async () => {
    const { context, row } = await part.run(1, { onTruncate: 'continue' });
    const history = emptyHistory();
    part.adapter.next(reply('first half, ', { finish: 'length' }), reply('second half'));
    expect((await part.take(context, 0, history)).kind).toBe('go-on');
    expect(await part.take(context, 0, history)).toMatchObject({ kind: 'done', outcome: { turns: 2, fromTurn: 1 } });
    const [output] = await part.store.outputRows(row.id, { status: 'ok', from: 0, limit: 1 });
    expect(output?.output).toBe('first half, second half');
  });

  it('on_truncate: fail -> a failed row that keeps its cost', async () => {
    const { context } = await part.run(1, { onTruncate: 'fail' });
    part.adapter.next(reply('half', { finish: 'length' }));
    const end = await part.take(context, 0);
    expect(end).toMatchObject({ outcome: { status: 'failed', cause: 'truncated', code: 'E_ROW_TRUNCATED', costNano: COST } });
  });
});

describe('a turn that another process makes', () => {
  it('its answer arrives -> taken from the store, no call', async () => {
    const { context, row } = await part.run(1);
    const key = { runId: row.id, index: 0, turn: 1 };
    await part.store.beat({ id: 'other', home: 'h', pid: 1 }, Date.now() + 60_000);
    await part.store.intend(intentOf(key.runId, 0, { owner: 'other', reservedNano: 5, at: Date.now() }));
    const end = part.take(context, 0);
    await until('it looks at the store', () => part.events.filter((event) => event === 'intend').length >= 2);
    const answer = { answer: 'theirs', finish: 'stop', servedModel: 'm', usage: null, costNano: 5 } as const;
    await part.store.settle({ ...key, attempt: 1, ...answer, at: Date.now() });
    expect(await end).toMatchObject({ kind: 'done', outcome: { status: 'ok', costNano: 5 } });
    expect(part.adapter.calls).toHaveLength(0);
  });

  it('this process was taken for dead: the other one answers first -> the conversation goes on with the stored answer', async () => {
    const { context, row } = await part.run(1, { multiTurn: true, maxTurns: 2, followUp: 'More.' });
    const key = { runId: row.id, index: 0, turn: 1 };
    const theirs = { answer: 'theirs', finish: 'stop', servedModel: 'm', usage: null, costNano: 5 } as const;
    part.adapter.next(async () => {
      await part.store.beat({ id: OWNER, home: 'h', pid: 1 }, 0);
      await part.store.endOwner({ id: OWNER, leaseUntil: 0 }, 'other', Date.now());
      const again = await part.store.intend(intentOf(key.runId, 0, { owner: 'other', reservedNano: 5, at: Date.now() }));
      expect(again).toEqual({ kind: 'go', attempt: 2 });
      await part.store.settle({ ...key, attempt: 2, ...theirs, at: Date.now() });
      return reply('ours');
    }, reply('end'));
    const history = emptyHistory();
    expect(await part.take(context, 0, history)).toEqual({ kind: 'go-on', callMs: null });
    expect(history.steps.map(({ answer }) => answer)).toEqual(['theirs']);
    expect(await part.take(context, 0, history)).toMatchObject({ kind: 'done', outcome: { turns: 2, costNano: 5 + COST } });
    expect(part.adapter.calls[1]?.messages.map(textOf)).toEqual(['Say row 0', 'theirs', 'More.']);
    expect((await callsOf(row.id)).map(({ state, turn, answer }) => [state, turn, answer])).toEqual([
      ['doubtful', 1, null],
      ['answered', 1, 'theirs'],
      ['answered', 2, 'end'],
    ]);
    const settledNano = 5 + COST;
    expect(await part.store.totals(row.id)).toMatchObject({
      ok: 1,
      calls: 2,
      open: 0,
      doubtful: 1,
      doubtfulNano: COST,
      settledNano,
    });
  });

  it('this process was taken for dead: the other one has ended the row -> its outcome, one answer', async () => {
    const { context, row } = await part.run(1);
    const key = { runId: row.id, index: 0, turn: 1 };
    const ended = outcomeOf(0, { status: 'failed', cause: 'transport', code: 'E_CALL_TIMEOUT', message: 'theirs' });
    part.adapter.next(async () => {
      await part.store.doubt({ ...key, attempt: 1, isTry: false, code: 'E_CALL_CRASHED', at: Date.now(), outcome: ended });
      return reply('ours');
    });
    expect(await part.take(context, 0)).toMatchObject({ kind: 'done', outcome: { status: 'failed', message: 'theirs' } });
    expect(await part.store.totals(row.id)).toMatchObject({ ok: 0, failed: 1, calls: 0, doubtful: 1, doubtfulNano: COST });
  });

  it('its process dies -> the call is doubtful, and this process calls', async () => {
    const { context, row } = await part.run(1);
    const key = { runId: row.id, index: 0, turn: 1 };
    const other: OwnerRow = { id: 'other', home: 'h', temporal: '', leaseUntil: Date.now() };
    await part.store.beat({ ...other, pid: 1 }, other.leaseUntil);
    await part.store.intend(intentOf(key.runId, 0, { owner: 'other', reservedNano: 5, at: Date.now() - 10 }));
    part.adapter.next(reply('ours'));
    // Its lease is over by the wall, which says nothing; then it is seen to be dead.
    expect(await part.store.intend(intentOf(key.runId, 0, { owner: OWNER, reservedNano: 5, at: Date.now() + 60_000 }))).toEqual({
      kind: 'elsewhere',
      owner: 'other',
    });
    part.lease.deadOnes = [other];
    expect(await part.take(context, 0)).toMatchObject({ kind: 'done', outcome: { status: 'ok', attempts: 1 } });
    expect((await callsOf(row.id)).map(({ state, isTry }) => [state, isTry])).toEqual([
      ['doubtful', false],
      ['answered', false],
    ]);
    expect(await part.store.totals(row.id)).toMatchObject({ doubtful: 1, doubtfulNano: 5 });
  });

  it('an open intent of this process that nobody works on -> doubtful, and called again', async () => {
    const { context, row } = await part.run(1);
    const key = { runId: row.id, index: 0, turn: 1 };
    await part.store.intend(intentOf(key.runId, 0, { owner: OWNER, reservedNano: 5, at: Date.now() }));
    part.adapter.next(reply('again'));
    expect(await part.take(context, 0)).toMatchObject({ kind: 'done', outcome: { status: 'ok' } });
    expect((await callsOf(row.id)).map((call) => call.state)).toEqual(['doubtful', 'answered']);
  });
});

describe('money', () => {
  it('cap reached, nothing under way -> stops as capped, no call', async () => {
    const { context, row } = await part.run(1, {}, WORST - 1);
    expect(await part.take(context, 0)).toMatchObject({ kind: 'stop', cause: 'capped' });
    expect(part.adapter.calls).toHaveLength(0);
    expect(await part.store.totals(row.id)).toMatchObject({ open: 0, reservedNano: 0, settledNano: 0 });
  });

  it('cap reached while calls are under way -> waits for what they give back, without asking the store all the time', async () => {
    const { context, row } = await part.run(3, {}, WORST + COST);
    const answer = gatekeeper<CallResult>();
    part.adapter.next(() => answer.promise);
    const first = part.take(context, 0);
    await until('the first call is out', () => part.adapter.calls.length === 1);
    const others = [part.take(context, 1), part.take(context, 2)];
    await until('the others met the cap', () => part.events.filter((event) => event === 'intend').length >= 3);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(part.events.filter((event) => event === 'intend').length).toBeLessThan(12);
    expect(context.gate.bottleneck(row.id)).toBe('money');
    part.adapter.next(reply('second'));
    answer.open(reply('first'));
    expect(await first).toMatchObject({ kind: 'done' });
    const ends = await Promise.all(others);
    // 100 + 1,000 for the second fits in 1,100; 200 + 1,000 for the third does not.
    expect(ends.map((end) => end.kind).sort()).toEqual(['done', 'stop']);
    expect(await part.store.totals(row.id)).toMatchObject({ settledNano: 2 * COST, reservedNano: 0, open: 0 });
  });

  it('the provider says what it cost -> that is settled, with or without usage', async () => {
    const { context, row } = await part.run(2);
    part.adapter.next(reply('cheap', { costUsd: 7e-9 }), reply('no usage', { costUsd: 0, usage: null }));
    expect(await part.take(context, 0)).toMatchObject({ kind: 'done', outcome: { costNano: 7 } });
    expect(await part.take(context, 1)).toMatchObject({ kind: 'done', outcome: { costNano: 0 } });
    expect(await part.store.totals(row.id)).toMatchObject({ settledNano: 7, reservedNano: 0 });
  });

  it('neither usage nor cost -> the reservation is settled', async () => {
    const { context } = await part.run(1);
    part.adapter.next(reply('silent', { usage: null }));
    expect(await part.take(context, 0)).toMatchObject({ kind: 'done', outcome: { costNano: WORST } });
  });

  it('an answer dearer than its worst case -> booked as it is; later calls of the model reserve as much more', async () => {
    const model = { provider: 'openai', model: 'dear', apiBase: 'http://127.0.0.1:9/v1', apiKeyEnv: null };
    const { context, row } = await part.run(3, { model });
    part.adapter.next(reply('dear', { costUsd: 2.5 * WORST * 1e-9 }), reply('dearer', { costUsd: 3 * WORST * 1e-9 }));
    await part.take(context, 0);
    await part.take(context, 1);
    part.adapter.next(reply('as told'));
    await part.take(context, 2);
    const calls = await part.store.calls(row.id, { from: 0, to: 3 });
    expect(calls.map(({ reservedNano }) => reservedNano)).toEqual([WORST, 2.5 * WORST, 3 * WORST]);
    expect(await part.store.totals(row.id)).toMatchObject({ settledNano: 5.5 * WORST + COST, reservedNano: 0 });
  });

  it('forty answers dearer than they may, all in flight at once -> the next call reserves for the dearest of them, not for all', async () => {
    const model = { provider: 'openai', model: 'dear-at-once', apiBase: 'http://127.0.0.1:9/v1', apiKeyEnv: null };
    const { context, row } = await part.run(42, { model, concurrency: 40 });
    const answers = gatekeeper<void>();
    const dear = (times: number) => async () => {
      await answers.promise;
      return reply('dear', { costUsd: times * WORST * 1e-9 });
    };
    part.adapter.next(...Array.from({ length: 40 }, (_, at) => dear(at === 20 ? 1.5 : 1.45)));
    const ends = Array.from({ length: 40 }, (_, index) => part.take(context, index));
    await until('all are in flight', () => part.adapter.calls.length === 40);
    answers.open();
    await Promise.all(ends);
    part.adapter.next(reply('as told'));
    await part.take(context, 40);
    // Another process, later: what was seen is in the store.
    const later = await setup(opened.store);
    later.adapter.next(reply('as told'));
    await later.take(await later.contexts.phase(row.id, 1), 41);
    later.close();
    const reserved = (await part.store.calls(row.id, { list: [40, 41] })).map(({ reservedNano }) => reservedNano);
    expect(reserved).toEqual([1.5 * WORST, 1.5 * WORST]);
    const receipt = await buildReceipt(part.store, row.id, { at: 0, versions: {} });
    expect(receipt.calls).toMatchObject({ exceeding: 40 });
    expect(receipt.money.exceeding_usd).toBeCloseTo((39 * 0.45 + 0.5) * WORST * 1e-9, 12);
    expect(await verifyRun(part.store, row.id, {})).toMatchObject({ differences: [] });
  });

  it('an answer longer than it may be -> reserved for by its tokens: a run that allows as many is not held back', async () => {
    const worstCase = (_: unknown, { maxOutput }: { maxOutput: number }) => 10 * maxOutput;
    const prices = { worstCase, cost: (_: unknown, { output }: { output: number }) => 10 * output, contextWindow: () => null };
    const long = await setup(opened.store, { prices });
    const model = { provider: 'openai', model: 'long', apiBase: 'http://127.0.0.1:9/v1', apiKeyEnv: null };
    const short = await long.run(2, { model, maxTokens: 10 });
    const wide = await long.run(1, { model, maxTokens: 1_000 });
    const usage = { input: 1, cached: 0, output: 400, reasoning: 0 };
    long.adapter.next(reply('long', { usage }), reply('long', { usage }), reply('long', { usage }));
    for (const index of [0, 1]) await long.take(short.context, index);
    await long.take(wide.context, 0);
    const reserved = async (id: string) =>
      (await long.store.calls(id, { from: 0, to: 2 })).map(({ reservedNano }) => reservedNano);
    expect(await reserved(short.row.id)).toEqual([100, 4_000]);
    expect(await reserved(wide.row.id)).toEqual([10_000]);
    long.close();
  });

  it('under a cap, after an answer dearer than it may -> calls go one by one where two could pass it, and the end says why', async () => {
    const model = { provider: 'openai', model: 'dear-and-capped', apiBase: 'http://127.0.0.1:9/v1', apiKeyEnv: null };
    const { context, row } = await part.run(6, { model });
    part.adapter.next(reply('dear', { costUsd: 2 * WORST * 1e-9 }));
    await part.take(context, 0);
    await part.store.setControl(row.id, { capNano: 12 * WORST });
    let [most, under] = [0, 0];
    const dear = async () => {
      under += 1;
      most = Math.max(most, under);
      await new Promise((resolve) => setTimeout(resolve, 20));
      under -= 1;
      return reply('dear', { costUsd: 4 * WORST * 1e-9 });
    };
    part.adapter.next(dear, dear);
    await Promise.all([1, 2].map((index) => part.take(context, index)));
    expect(most).toBe(1);
    const end = await part.take(context, 3);
    expect(end).toMatchObject({ kind: 'stop', cause: 'capped', message: expect.stringContaining('cost more than they may') });
    expect(await part.store.totals(row.id)).toMatchObject({ settledNano: 10 * WORST });
  });

  it('simulated money -> in no sum of a day, held back by no cap of a day', async () => {
    const capped = await setup(opened.store, { homeCap: { capNano: 1, timeZone: 'UTC' } });
    const model = { provider: 'sim', model: 'quick', apiBase: null, apiKeyEnv: null };
    const { context, row } = await capped.run(1, { model });
    await capped.store.setControl(row.id, { dayCapNano: 1 });
    await capped.store.takeStartCap(row.id, { capNano: 1, timeZone: 'UTC' }, true);
    const before = await capped.store.chargedIn(0, 1e9);
    capped.adapter.next(reply('simulated'));
    expect(await capped.take(context, 0)).toMatchObject({ kind: 'done', outcome: { costNano: COST } });
    expect(await capped.store.chargedIn(0, 1e9)).toBe(before);
    expect(await verifyRun(capped.store, row.id, {})).toMatchObject({ differences: [] });
    capped.close();
  });

  it('cap that the starting command brought -> stops by its name; a later command only lowers it, but may replace it', async () => {
    const { context, row } = await part.run(1);
    const cap = (capNano: number) => ({ capNano, timeZone: 'Europe/Berlin' });
    await part.store.takeStartCap(row.id, cap(1), true);
    await part.store.takeStartCap(row.id, cap(1e12), false);
    const message = expect.stringMatching(
      /^the next call could pass SWARM_MAX_DAILY_COST of its command .*; the next day begins at \d{4}-/,
    );
    expect(await part.take(context, 0)).toMatchObject({ kind: 'stop', cause: 'capped', message });
    await part.store.takeStartCap(row.id, cap(1e12), true);
    part.adapter.next(reply('goes'));
    expect(await part.take(context, 0)).toMatchObject({ kind: 'done' });
  });

  it('cap of a row: reached in its second turn -> the row fails as capped, keeps what it paid; the next row goes', async () => {
    const { context, row } = await part.run(2, { multiTurn: true, maxTurns: 3 });
    await part.store.setControl(row.id, { rowCapNano: WORST + COST - 1 });
    part.adapter.next(reply('one'), reply('one'));
    const history = emptyHistory();
    expect(await part.take(context, 0, history)).toMatchObject({ kind: 'go-on' });
    const failed = { status: 'failed', cause: 'capped', code: 'E_ROW_CAP', costNano: COST };
    expect(await part.take(context, 0, history)).toMatchObject({ kind: 'done', outcome: failed });
    expect(await part.store.outcome(row.id, 0)).toMatchObject({ message: expect.stringContaining('max_cost_per_row') });
    expect(await part.take(context, 1)).toMatchObject({ kind: 'go-on' });
    expect(await part.store.totals(row.id)).toMatchObject({ failed: 1, open: 0, reservedNano: 0, settledNano: 2 * COST });
  });

  it('cap of a call below its worst case -> the row fails, no call', async () => {
    const { context, row } = await part.run(1);
    await part.store.setControl(row.id, { callCapNano: WORST - 1 });
    expect(await part.take(context, 0)).toMatchObject({ kind: 'done', outcome: { cause: 'capped', costNano: 0 } });
  });

  it('cap of the day -> stops as capped, and says when the next day begins', async () => {
    const { context, row } = await part.run(1, { timeZone: 'Europe/Berlin' });
    await part.store.setControl(row.id, { dayCapNano: WORST - 1 });
    const message = expect.stringMatching(/^the next call could pass max_daily_cost .*; the next day begins at \d{4}-/);
    expect(await part.take(context, 0)).toMatchObject({ kind: 'stop', cause: 'capped', message });
  });

  it('cap of this process for all runs -> stops as capped, by its own name', async () => {
    const capped = await setup(opened.store, { homeCap: { capNano: WORST - 1, timeZone: 'UTC' } });
    const { context } = await capped.run(1);
    const message = expect.stringContaining('SWARM_MAX_DAILY_COST');
    expect(await capped.take(context, 0)).toMatchObject({ kind: 'stop', cause: 'capped', message });
    capped.close();
  });

  it('a cap and no price -> stops before the first call; without a cap it goes', async () => {
    const prices = { worstCase: () => null, cost: () => null, contextWindow: () => null };
    const unpriced = await setup(opened.store, { prices });
    const { context, row } = await unpriced.run(1);
    await unpriced.store.setControl(row.id, { capNano: 5 });
    const message = expect.stringContaining('E_PRICE_UNKNOWN: max_cost is set');
    expect(await unpriced.take(context, 0)).toMatchObject({ kind: 'stop', cause: 'request', message });
    await unpriced.store.setControl(row.id, { capNano: null });
    unpriced.adapter.next(reply('free'));
    const end = await unpriced.take(context, 0);
    // Unknown is never 0.
    expect(end).toMatchObject({ kind: 'done', outcome: { status: 'ok', costNano: null } });
    expect(await unpriced.store.totals(row.id)).toMatchObject({ calls: 1, unpriced: 1, settledNano: 0 });
    const progress = await readProgress(unpriced.store, row.id, { maxDailyCost: null, warnAt: null });
    expect(progress).toMatchObject({ costUsd: null });
    const { calls, money } = await buildReceipt(unpriced.store, row.id, { at: 0, versions: {} });
    expect(calls).toMatchObject({ answered: 1, unpriced: 1 });
    expect(money).toMatchObject({ settled_usd: null, total_usd: null, by_model: [{ cost_usd: null }] });
    expect(await verifyRun(unpriced.store, row.id, {})).toMatchObject({ differences: [] });
    unpriced.close();
  });
});

describe('a call that fails', () => {
  it('429 -> no try, the money is free again, wait as asked', async () => {
    const { context, row } = await part.run(1);
    part.adapter.next(failure('rate', { retryAfterMs: 7_000, code: 'E_CALL_RATE' }));
    const before = Date.now();
    const end = await part.take(context, 0);
    expect(end).toMatchObject({ kind: 'wait', reason: 'E_CALL_RATE' });
    expect((end as { until: number }).until).toBeGreaterThanOrEqual(before + 7_000);
    expect(await part.store.totals(row.id)).toMatchObject({ limited: 1, tries: 0, reservedNano: 0, doubtful: 0 });
    expect((await callsOf(row.id))[0]).toMatchObject({ state: 'limited', isTry: false });
  });

  it('429 without a time, again and again -> longer waits, also when the process changes in between', async () => {
    const { context, row } = await part.run(1);
    const waits: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      part.adapter.next(failure('rate'));
      const end = await part.take(context, 0, historyOf(await callsOf(row.id), { epoch: 1, phase: 'map' }));
      waits.push((end as { until: number }).until - part.deps.clock.now());
      part.pass((end as { until: number }).until);
    }
    // random() is 0: a tenth of 1, 2, 4, 8 s.
    expect(waits.map((ms) => Math.round(ms / 100))).toEqual([1, 2, 4, 8]);
  });

  it('a row that rests after a failed call -> who looks is told what the call met, since when, and how many failed', async () => {
    const { context, row } = await part.run(1);
    const message = 'no whole answer within the deadline';
    part.adapter.next(failure('transport', { code: 'E_CALL_TIMEOUT', message, retryAfterMs: 60_000 }));
    const before = Date.now();
    expect(await part.take(context, 0)).toMatchObject({ kind: 'wait' });
    await until('what it waits for is stored', async () => (await part.store.waits(row.id, Date.now())).length > 0);
    const { waits, failedCalls } = await readProgress(part.store, row.id, { maxDailyCost: null, warnAt: null });
    expect([waits?.why, waits?.failure?.text, failedCalls]).toEqual(['retry', message, 1]);
    expect(waits?.failure?.since).toBeGreaterThanOrEqual(before);
  });

  it('five transport failures -> the row fails; its attempts are counted; each may have been billed', async () => {
    const { context, row } = await part.run(1);
    const history = emptyHistory();
    const reset = failure('transport', { mayHaveBeenBilled: true, code: 'E_CALL_RESET' });
    part.adapter.next(reset, reset, reset, reset, reset);
    for (let round = 0; round < 4; round += 1) {
      const wait = await part.take(context, 0, history);
      expect(wait.kind).toBe('wait');
      part.pass((wait as { until: number }).until);
    }
    const end = await part.take(context, 0, history);
    expect(end).toMatchObject({
      kind: 'done',
      outcome: { status: 'failed', cause: 'transport', code: 'E_CALL_RESET', attempts: 5 },
    });
    expect(Object.keys((end as { outcome: object }).outcome).sort()).toEqual(
      [
        'attempts',
        'cause',
        'code',
        'costNano',
        'finish',
        'fromTurn',
        'id',
        'index',
        'message',
        'model',
        'status',
        'turns',
        'usage',
      ].sort(),
    );
    expect(await part.store.totals(row.id)).toMatchObject({ failed: 1, tries: 5, doubtful: 5, doubtfulNano: 5 * WORST });
  });

  it('a refusal of the row -> failed at once, nothing doubtful', async () => {
    const { context, row } = await part.run(1);
    part.adapter.next(failure('row', { code: 'E_ROW_REFUSED', status: 422 }));
    expect(await part.take(context, 0)).toMatchObject({ kind: 'done', outcome: { status: 'failed', cause: 'refused' } });
    expect(await part.store.totals(row.id)).toMatchObject({ failed: 1, doubtful: 0, reservedNano: 0 });
  });

  it('a bad request before any answer -> stops the run; the row stays pending', async () => {
    const { context, row } = await part.run(2);
    part.adapter.next(failure('request', { message: 'no such model' }));
    expect(await part.take(context, 0)).toEqual({ kind: 'stop', cause: 'request', message: 'no such model' });
    expect(await part.store.totals(row.id)).toMatchObject({ failed: 0, open: 0 });
  });

  it('a bad request after an answer -> this row fails', async () => {
    const { context } = await part.run(2);
    part.adapter.next(reply('fine'), failure('request'));
    await part.take(context, 0);
    expect(await part.take(context, 1)).toMatchObject({ kind: 'done', outcome: { status: 'failed', cause: 'refused' } });
  });

  it('a bad request after an answer in another process -> this row fails', async () => {
    const { context, row } = await part.run(2);
    const key = { runId: row.id, index: 0, turn: 1 };
    await part.store.intend(intentOf(key.runId, 0, { owner: 'other', reservedNano: 5, at: Date.now() }));
    const answer = { answer: 'x', finish: 'stop', servedModel: 'm', usage: null, costNano: 5 } as const;
    await part.store.settle({ ...key, attempt: 1, ...answer, at: Date.now() });
    part.adapter.next(failure('request'));
    expect(await part.take(context, 1)).toMatchObject({ kind: 'done', outcome: { status: 'failed', cause: 'refused' } });
  });

  it('a quota of the day is used up -> all turns wait for its reset, without another call; after it they go', async () => {
    const { context } = await part.run(3);
    part.adapter.next(failure('reset', { retryAfterMs: 3_600_000, code: 'E_QUOTA_DAILY' }));
    for (const index of [0, 1]) expect(await part.take(context, index)).toMatchObject({ kind: 'wait', reason: 'E_QUOTA_DAILY' });
    expect(part.adapter.calls).toHaveLength(1);
    part.pass(Date.now() + 3_600_001);
    part.adapter.next(reply('next day'));
    expect(await part.take(context, 2)).toMatchObject({ kind: 'done', outcome: { status: 'ok' } });
  });

  it.each(['billing', 'key'] as const)('%s -> stops the run with its cause; no other turn sends any more', async (kind) => {
    const { context, row } = await part.run(4, { concurrency: 2 });
    const [first, second] = [gatekeeper<CallResult>(), gatekeeper<CallResult>()];
    part.adapter.next(
      () => first.promise,
      () => second.promise,
    );
    const takes = [0, 1, 2].map((index) => part.take(context, index));
    await until('two calls are out', () => part.adapter.calls.length === 2);
    first.open(failure(kind));
    await until('the third was told', async () => (await takes[2])?.kind === 'stop');
    // A call that was under way is kept.
    second.open(reply('paid for'));
    expect((await Promise.all(takes)).map((end) => end.kind).sort()).toEqual(['done', 'stop', 'stop']);
    expect(await part.take(context, 3)).toMatchObject({ kind: 'stop', cause: kind });
    expect(part.adapter.calls).toHaveLength(2);
    expect(await part.store.totals(row.id)).toMatchObject({ ok: 1, failed: 0, tries: 0, open: 0, reservedNano: 0 });
  });

  it('the key is not set where the calls are made -> stops the run, nothing is sent', async () => {
    const { context } = await part.run(1, {
      model: { provider: 'openai', model: 'asked', apiBase: 'http://127.0.0.1:9', apiKeyEnv: 'MISSING_KEY' },
    });
    const end = await part.take(context, 0);
    expect(end).toMatchObject({ kind: 'stop', cause: 'key' });
    expect((end as { message: string }).message).toContain('MISSING_KEY');
  });
});

describe('no call at all', () => {
  it('a prompt over the window -> a failed row', async () => {
    const { context, row } = await part.run(1, { promptTemplate: `${'long '.repeat(200)} {{seed}}` });
    expect(await part.take(context, 0)).toMatchObject({
      outcome: { status: 'failed', cause: 'too_long', code: 'E_ROW_TOO_LONG' },
    });
    expect(part.events).toEqual(['finish']);
    expect(await part.store.totals(row.id)).toMatchObject({ failed: 1 });
  });

  it('a paused run -> paused', async () => {
    const { context, row } = await part.run(1);
    await part.store.setControl(row.id, { paused: true });
    expect(await part.take(context, 0)).toEqual({ kind: 'paused' });
  });

  it('a process that drains -> comes back later', async () => {
    const { context } = await part.run(1);
    part.gates.drain();
    expect(await part.take(context, 0)).toMatchObject({ kind: 'wait' });
  });

  it('a cancelled run -> stop', async () => {
    const { context, row } = await part.run(1);
    await part.store.setControl(row.id, { cancelled: true });
    expect(await part.take(context, 0)).toMatchObject({ kind: 'stop', cause: 'cancelled' });
  });
});

describe('a cancel during the call', () => {
  it('control row -> the socket is aborted, the call is doubtful and no try', async () => {
    const { context, row } = await part.run(1);
    part.adapter.next(
      (call) =>
        new Promise((resolve) => {
          const aborted = () => resolve(failure('cancelled', { mayHaveBeenBilled: true, code: 'E_CALL_CANCELLED' }));
          call.signal.addEventListener('abort', aborted, { once: true });
        }),
    );
    const end = part.take(context, 0);
    await until('the call is out', () => part.adapter.calls.length === 1);
    await part.store.setControl(row.id, { cancelled: true });
    expect(await end).toMatchObject({ kind: 'stop', cause: 'cancelled' });
    expect(await part.store.totals(row.id)).toMatchObject({ doubtful: 1, doubtfulNano: WORST, tries: 0, open: 0 });
    expect(await part.store.outcome(row.id, 0)).toBeNull();
  });
});
