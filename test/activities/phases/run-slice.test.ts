import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallResult } from '../../../src/llm/port.js';
import type { RunSliceResult, RunTurnResult } from '../../../src/workflows/activity-messages.js';
import { fileStore } from '../file-store.js';
import { failure, gatekeeper, reply, type Setup, setup, textOf, until } from '../turn-setup.js';

const opened = fileStore();
let part: Setup;
beforeEach(async () => {
  part = await setup(opened.store);
});
afterEach(() => {
  part.close();
  expect(part.adapter.left).toBe(0);
});

const slice = (run: string, from: number, to: number, source: 'range' | 'list' = 'range', epoch = 1) =>
  part.environment.run(part.activities.runSlice, { run, epoch, from, to, source }) as Promise<RunSliceResult>;
const turn = (run: string, index: number, epoch = 1) =>
  part.environment.run(part.activities.runTurn, { run, epoch, index }) as Promise<RunTurnResult>;

describe('runSlice', () => {
  it('rows of a range -> all done; counts, usage and mean call time', async () => {
    const { row } = await part.run(5, { concurrency: 2 });
    part.adapter.next(reply('a'), reply('b'), reply('c'));
    const result = await slice(row.id, 1, 4);
    expect(result).toMatchObject({ ok: 3, failed: 0, filtered: 0, undone: 0, waitUntil: null, paused: false, stop: null });
    expect(result.usage).toEqual({ input: 30, cached: 0, output: 15, reasoning: 0 });
    expect(result.callMs).not.toBeNull();
    expect(await part.store.done(row.id, { from: 0, to: 5 })).toEqual(new Set([1, 2, 3]));
  });

  it('concurrency of the run -> never more calls under way', async () => {
    const { row } = await part.run(8, { concurrency: 3 });
    let under = 0;
    let most = 0;
    const call = async (): Promise<CallResult> => {
      under += 1;
      most = Math.max(most, under);
      await new Promise((resolve) => setTimeout(resolve, 5));
      under -= 1;
      return reply('x');
    };
    part.adapter.next(...Array.from({ length: 8 }, () => call));
    expect((await slice(row.id, 0, 8)).ok).toBe(8);
    expect(most).toBe(3);
  });

  it('sent again -> only the rows without an outcome are called, and only they are counted', async () => {
    const { row } = await part.run(3);
    part.adapter.next(reply('first'));
    await slice(row.id, 0, 1);
    part.adapter.next(reply('second'), reply('third'));
    expect(await slice(row.id, 0, 3)).toMatchObject({ ok: 2, undone: 0 });
    expect(await slice(row.id, 0, 3)).toMatchObject({ ok: 0, undone: 0, callMs: null });
  });

  it('a list epoch -> positions are places in the list of missing rows', async () => {
    const { row } = await part.run(4);
    part.adapter.next(reply('row 1'));
    await slice(row.id, 1, 2);
    await part.store.openEpoch(row.id, { workflowId: `${row.id}/e2`, executionId: `${row.id}-y` }, Date.now());
    part.adapter.next(reply('row 2'), reply('row 3'));
    expect(await slice(row.id, 1, 3, 'list', 2)).toMatchObject({ ok: 2 });
    expect(await part.store.done(row.id, { from: 0, to: 4 })).toEqual(new Set([1, 2, 3]));
    expect(part.adapter.calls.slice(1).map((call) => textOf(call.messages.at(-1)))).toEqual(['Say row 2', 'Say row 3']);
  });

  it('a conversation that was cut short -> goes on after its stored turns', async () => {
    const { row } = await part.run(1, { multiTurn: true, maxTurns: 2 });
    part.adapter.next(reply('one'));
    expect(await turn(row.id, 0)).toEqual({ kind: 'go-on', turn: 1 });
    part.adapter.next(reply('two'));
    expect(await slice(row.id, 0, 1)).toMatchObject({ ok: 1, usage: { input: 20 } });
    expect(part.adapter.calls[1]?.messages).toHaveLength(3);
  });

  it('a short wait -> waited out in the activity', async () => {
    const { row } = await part.run(1);
    part.adapter.next(failure('rate', { retryAfterMs: 50 }), reply('then'));
    expect(await slice(row.id, 0, 1)).toMatchObject({ ok: 1, undone: 0 });
  });

  it('a wait of over a minute -> the row is given back with its time, the others are done', async () => {
    const { row } = await part.run(2, { concurrency: 1 });
    part.adapter.next(failure('rate', { retryAfterMs: 300_000 }), reply('fine'));
    const before = Date.now();
    const result = await slice(row.id, 0, 2);
    expect(result).toMatchObject({ ok: 1, undone: 1, paused: false, stop: null });
    expect(result.waitUntil).toBeGreaterThanOrEqual(before + 300_000);
  });

  it('a pause -> the call under way is finished, the rest is given back', async () => {
    const { row } = await part.run(3, { concurrency: 1 });
    const answer = gatekeeper<CallResult>();
    part.adapter.next(() => answer.promise);
    const result = slice(row.id, 0, 3);
    await until('the first call is out', () => part.adapter.calls.length === 1);
    await part.store.setControl(row.id, { paused: true });
    answer.open(reply('paid for'));
    expect(await result).toMatchObject({ ok: 1, undone: 2, paused: true, stop: null });
  });

  it('a refused key -> stops the slice; the message is in the run', async () => {
    const { row } = await part.run(3, { concurrency: 1 });
    part.adapter.next(failure('key', { message: 'wrong key' }));
    // Those that waited at the gate find out by themselves, unless they were told first.
    part.adapter.next(failure('key', { message: 'wrong key' }), failure('key', { message: 'wrong key' }));
    const result = await slice(row.id, 0, 3);
    expect(result).toMatchObject({ stop: 'key', ok: 0, undone: 3 });
    expect((await part.store.run(row.id))?.message).toBe('wrong key');
    part.adapter.forget();
  });

  it('a cancel while a row waits for the provider -> ends at once, not when the wait is over', async () => {
    const { row } = await part.run(1);
    part.adapter.next(failure('rate', { retryAfterMs: 59_000 }));
    const result = slice(row.id, 0, 1);
    await until('the 429 is stored', () => part.events.includes('refuse'));
    const before = Date.now();
    await part.store.setControl(row.id, { cancelled: true });
    expect(await result).toMatchObject({ stop: 'cancelled', undone: 1 });
    expect(Date.now() - before).toBeLessThan(10_000);
  });

  it('a process that drains while a row waits for the provider -> the row is given back', async () => {
    const { row } = await part.run(2, { concurrency: 1 });
    const answer = gatekeeper<CallResult>();
    part.adapter.next(() => answer.promise);
    const result = slice(row.id, 0, 2);
    await until('the first call is out', () => part.adapter.calls.length === 1);
    part.gates.drain();
    answer.open(reply('paid for'));
    expect(await result).toMatchObject({ ok: 1, undone: 1, paused: false });
  });

  it('heartbeats -> counts and what it waits for, no text of a row', async () => {
    const { row } = await part.run(1);
    const beats: unknown[] = [];
    const listen = (details: unknown) => void beats.push(details);
    part.environment.on('heartbeat', listen);
    part.adapter.next(reply('secret answer'));
    await slice(row.id, 0, 1);
    part.environment.off('heartbeat', listen);
    expect(beats[0]).toEqual({ ok: 0, failed: 0, waitsFor: 'nothing' });
    expect(JSON.stringify(beats)).not.toContain('secret');
  });
});

describe('runTurn', () => {
  it('one turn -> facts without text', async () => {
    const { row } = await part.run(1);
    part.adapter.next(reply('the answer'));
    const result = await turn(row.id, 0);
    expect(result).toMatchObject({ kind: 'done', status: 'ok', usage: { input: 10, output: 5 } });
    expect(JSON.stringify(result)).not.toContain('the answer');
    expect(await turn(row.id, 0)).toEqual({ kind: 'done', status: 'ok', usage: expect.anything(), callMs: null });
  });

  it('a stored outcome asked for by a second attempt -> its usage, so that the sums are right', async () => {
    const { row } = await part.run(1);
    part.adapter.next(reply('x'));
    await turn(row.id, 0);
    // The first attempt's report was lost with its worker.
    expect(await turn(row.id, 0)).toMatchObject({ usage: { input: 10, cached: 0, output: 5, reasoning: 0 } });
  });

  it('a refusal that concerns the run -> stop, with the message in the run', async () => {
    const { row } = await part.run(1);
    part.adapter.next(failure('billing', { message: 'no credit left' }));
    expect(await turn(row.id, 0)).toEqual({ kind: 'stop', cause: 'billing' });
    expect((await part.store.run(row.id))?.message).toBe('no credit left');
  });

  it('an index that the run does not have -> an error, no outcome', async () => {
    const { row } = await part.run(1);
    await expect(turn(row.id, 7)).rejects.toThrow('has no seed 7');
  });

  it('an unknown run -> E_RUN_UNKNOWN', async () => {
    await expect(turn('nobody', 0)).rejects.toThrow('E_RUN_UNKNOWN');
  });
});
