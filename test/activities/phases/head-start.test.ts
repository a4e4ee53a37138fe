import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { activityParts, createActivities } from '../../../src/activities/index.js';
import { HeadStart } from '../../../src/activities/phases/head-start.js';
import type { CallResult } from '../../../src/llm/port.js';
import type { Task } from '../../../src/schema/task-types.js';
import { openStore } from '../../../src/store/open-store.js';
import { fileStore } from '../file-store.js';
import {
  activityEnvironment,
  aTask,
  failure,
  gatekeeper,
  reply,
  type Setup,
  setup,
  stage,
  textOf,
  until,
} from '../turn-setup.js';

const opened = fileStore();
let part: Setup;
beforeEach(async () => {
  part = await setup(opened.store);
});
afterEach(() => part.close());

let made = 0;

describe('head start', () => {
  it('openRun -> the first calls go out at once, as many as may be in flight; the activities join them', async () => {
    const answers = [0, 1].map(() => gatekeeper<CallResult>());
    part.adapter.next(
      ...answers.map(
        ({ promise }) =>
          () =>
            promise,
      ),
    );
    const { id } = await part.opens(5, { concurrency: 2 });
    await until('two calls are out', () => part.adapter.calls.length === 2);
    const environment = activityEnvironment('w', 'x');
    const turn = environment.run(part.activities.runTurn, { run: id, epoch: 1, index: 0 });
    answers[0]?.open(reply('zero'));
    expect(await turn).toMatchObject({ kind: 'done', status: 'ok' });
    expect(part.adapter.calls).toHaveLength(2);
    answers[1]?.open(reply('one'));
    await until('both are stored', async () => (await part.store.totals(id)).ok === 2);
  });

  it('opened ahead of its activity, and by it -> one epoch, the first calls are made once', async () => {
    made += 1;
    const id = `ahead-${made}`;
    await stage(part.store, id, 2, aTask());
    part.adapter.next(reply('zero'), reply('one'));
    const parts = activityParts(part.deps);
    const activities = createActivities(part.deps, parts);
    parts.opening.ahead(id, { workflowId: `${id}/e1`, executionId: `${id}-x` });
    const environment = activityEnvironment(`${id}/e1`, `${id}-x`);
    const [joined, again] = [
      await environment.run(activities.openRun, { run: id }),
      await environment.run(activities.openRun, { run: id }),
    ];
    expect(again).toEqual(joined);
    expect(joined).toMatchObject({ kind: 'open', plan: { run: id, epoch: 1 } });
    await until('both are stored', async () => (await part.store.totals(id)).ok === 2);
    expect(part.adapter.calls).toHaveLength(2);
    expect((await part.store.run(id))?.epoch).toBe(1);
  });

  it('a run that cannot be opened ahead -> logged; its activity says so', async () => {
    const parts = activityParts(part.deps);
    parts.opening.ahead('nobody', { workflowId: 'nobody/e1', executionId: 'x' });
    const environment = activityEnvironment('nobody/e1', 'x');
    await expect(environment.run(createActivities(part.deps, parts).openRun, { run: 'nobody' })).rejects.toMatchObject({
      type: 'E_RUN_UNKNOWN',
    });
  });

  it('a paused run -> none', async () => {
    made += 1;
    const id = `ahead-${made}`;
    await stage(part.store, id, 2, aTask());
    await part.store.setControl(id, { paused: true });
    const environment = activityEnvironment(`${id}/e1`, `${id}-x`);
    expect(await environment.run(part.activities.openRun, { run: id })).toMatchObject({ plan: { paused: true } });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(part.events).not.toContain('intend');
  });

  it('a later epoch -> the missing rows', async () => {
    const { row } = await part.run(3);
    part.adapter.next(reply('row 1'));
    await part.environment.run(part.activities.runTurn, { run: row.id, epoch: 1, index: 1 });
    await part.store.openEpoch(row.id, { workflowId: 'e2', executionId: `${row.id}-2` }, Date.now());
    part.adapter.next(reply('row 0'), reply('row 2'));
    const ahead = { run: row.id, epoch: 2, concurrency: 4, paused: false };
    const use = {
      model: 'openai/asked',
      queue: 'llm.openai.asked',
      timeoutMs: 5_000,
      callMs: null,
      turns: 1,
      sliceSize: 'auto',
    } as const;
    const phase = { name: 'map', role: 'worker', kind: 'map', use, source: { kind: 'list', items: 2 } } as const;
    new HeadStart(part.deps, part.contexts, part.turns).begin(ahead, phase);
    await until('all are done', async () => (await part.store.totals(row.id)).ok === 3);
    expect(part.adapter.left).toBe(0);
  });

  it('no child is here -> row after row, never more at a time than may be in flight', async () => {
    let under = 0;
    let most = 0;
    const answer = async () => {
      under += 1;
      most = Math.max(most, under);
      await new Promise((resolve) => setImmediate(resolve));
      under -= 1;
      return reply('a');
    };
    part.adapter.next(...Array.from({ length: 7 }, () => answer));
    const { id } = await part.opens(7, { concurrency: 2 });
    await until('all are stored', async () => (await part.store.totals(id)).ok === 7);
    expect(part.adapter.calls.map((call) => textOf(call.messages.at(-1))).sort()).toEqual(
      Array.from({ length: 7 }, (_, row) => `Say row ${row}`),
    );
    expect(most).toBe(2);
  });

  it('more rows than have a child each -> the plan has the time of the first calls, answered or refused', async () => {
    for (const end of [reply('a'), failure('row')]) {
      part.adapter.next(...Array.from({ length: 30 }, () => end));
      const { plan } = await part.opens(30, { concurrency: 4, sliceSize: 'auto', pauseAfter: null });
      expect(plan.first.use.callMs).toBeLessThan(1_000);
      await until('no row is left', () => part.adapter.left === 0);
    }
  });

  it('conversations -> each goes on to its end', async () => {
    part.adapter.next(reply('one'), reply('two'), reply('three'));
    const { id } = await part.opens(1, { multiTurn: true, maxTurns: 3 });
    await until('it is stored', async () => (await part.store.totals(id)).ok === 1);
    expect(part.adapter.calls.map((call) => call.messages.length)).toEqual([1, 3, 5]);
  });

  it('the slice of a child is here -> it has all rows that were not begun', async () => {
    const first = gatekeeper<CallResult>();
    part.adapter.next(() => first.promise, reply('one'), reply('two'));
    const { id } = await part.opens(3, { concurrency: 1 });
    await until('one call is out', () => part.adapter.calls.length === 1);
    const environment = activityEnvironment('w', 'x');
    const slice = environment.run(part.activities.runSlice, { run: id, epoch: 1, from: 0, to: 3, source: 'range' as const });
    const { gate } = await part.contexts.phase(id, 1);
    await until('its other rows wait for a place', () => gate.bottleneck(id) === 'concurrency');
    first.open(reply('zero'));
    expect(await slice).toMatchObject({ ok: 3, undone: 0 });
    expect(part.adapter.calls).toHaveLength(3);
  });

  it('no child after five seconds -> no further row is begun', async () => {
    const first = gatekeeper<CallResult>();
    part.adapter.next(() => first.promise);
    const { id } = await part.opens(3, { concurrency: 1 });
    await until('one call is out', () => part.adapter.calls.length === 1);
    part.pass(Date.now() + 6_000);
    first.open(reply('zero'));
    await until('it is stored', async () => (await part.store.totals(id)).ok === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(part.events.filter((event) => event === 'intend')).toHaveLength(1);
  });

  describe('a run whose process died', () => {
    /** Row 0 is done, the call of row 2 was cut off. */
    async function cutOff(rows: number, task: Partial<Task> = {}): Promise<{ id: string; headStart: HeadStart }> {
      const { row, context } = await part.run(rows, task);
      part.adapter.next(reply('zero'));
      await part.take(context, 0);
      const calls = {
        runId: row.id,
        epoch: 1,
        phase: 'map',
        role: 'worker',
        index: 2,
        turn: 1,
        owner: 'dead',
        at: Date.now(),
      } as const;
      const { store } = part;
      await store.intend({ ...calls, reservedNano: 1, timeZone: 'UTC', homeCap: null });
      await store.doubt({ runId: row.id, index: 2, turn: 1, attempt: 1, isTry: false, code: 'E_OWNER_DEAD', at: Date.now() });
      return { id: row.id, headStart: new HeadStart(part.deps, part.contexts, part.turns) };
    }
    const asked = () => part.adapter.calls.slice(1).map((call) => textOf(call.messages.at(-1)));

    it('makeAgain -> the calls that it died with, and no others', async () => {
      const { id, headStart } = await cutOff(4);
      part.adapter.next(reply('two'));
      headStart.makeAgain(id);
      await until('it is stored', async () => (await part.store.totals(id)).ok === 2);
      expect(asked()).toEqual(['Say row 2']);
    });

    it('makeAgain: a conversation -> its one turn', async () => {
      const { id, headStart } = await cutOff(4, { multiTurn: true, maxTurns: 3 });
      part.adapter.next(reply('two'));
      headStart.makeAgain(id);
      await until('it is stored', async () => (await part.store.totals(id)).calls === 2);
      expect(asked()).toEqual(['Say row 2']);
    });

    it('goOn -> those calls first, then the rows that are left', async () => {
      const { id, headStart } = await cutOff(5, { concurrency: 1 });
      part.adapter.next(reply('two'), reply('one'), reply('three'), reply('four'));
      headStart.goOn(id);
      await until('all are stored', async () => (await part.store.totals(id)).ok === 5);
      expect(asked()).toEqual(['Say row 2', 'Say row 1', 'Say row 3', 'Say row 4']);
    });

    it('goOn: a child was here while the run was paused -> it does not hold them up', async () => {
      const { id } = await cutOff(3);
      const parts = activityParts(part.deps);
      const { runSlice } = createActivities(part.deps, parts);
      const slice = { run: id, epoch: 1, from: 0, to: 3, source: 'range' as const };
      await part.store.setControl(id, { paused: true });
      expect(await activityEnvironment('w', 'x').run(runSlice, slice)).toMatchObject({ paused: true, undone: 2 });
      const command = await openStore({ file: join(opened.folder, 'store.db') });
      await command.setControl(id, { paused: false });
      await command.close();
      part.adapter.next(reply('two'), reply('one'));
      parts.headStart.goOn(id);
      await until('all are stored', async () => (await part.store.totals(id)).ok === 3);
    });

    it('goOn: a child comes -> the rows that were not begun are its', async () => {
      const { id, headStart } = await cutOff(5, { concurrency: 1 });
      const two = gatekeeper<CallResult>();
      part.adapter.next(() => two.promise);
      headStart.goOn(id);
      await until('its call is out', () => asked().length === 1);
      (await part.contexts.phase(id, 1)).childHere = true;
      two.open(reply('two'));
      await until('it is stored', async () => (await part.store.totals(id)).ok === 2);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(asked()).toEqual(['Say row 2']);
    });

    it.each(['paused', 'interrupted'] as const)('it is %s -> none', async (state) => {
      const { id, headStart } = await cutOff(4);
      await part.store.updateRun(id, { state });
      headStart.makeAgain(id);
      headStart.goOn(id);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(asked()).toEqual([]);
    });
  });
});
