import { Context } from '@temporalio/activity';
import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { MAIN_QUEUE } from '../../src/core/names.js';
import type { RunTurnResult } from '../../src/workflows/activity-messages.js';
import {
  modelKey,
  pauseUpdate,
  phaseKey,
  progressQuery,
  resizeUpdate,
  resumeUpdate,
  runKey,
  stateKey,
  tailSignal,
} from '../../src/workflows/messages.js';
import { gatekeeper, until } from '../activities/turn-setup.js';
import { PATIENCE } from '../support/patience.js';
import {
  doneTurn,
  range,
  type Scene,
  SLICE_QUEUE,
  startTemporal,
  stopTurn,
  type Temporal,
  untilCancelled,
} from './temporal-setup.js';

vi.setConfig(PATIENCE);
let temporal: Temporal;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal?.stop());

/** Every row exactly once. */
const expectAllOnce = (scene: Scene, count: number) => expect([...scene.turns].sort((a, b) => a - b)).toEqual(range(count));
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('seed grain', () => {
  it('six rows -> a child each, every row once, published once', async () => {
    const { handle, scene } = await temporal.start('six', { items: 6 });
    expect(await handle.result()).toMatchObject({ state: 'completed', stop: null, counts: { total: 6, ok: 6 } });
    expectAllOnce(scene, 6);
    expect(scene.closes).toEqual([{ run: 'six', epoch: 1, stop: null }]);
    await until('all are listed', async () => (await temporal.executions('six')).length === 7);
    expect(await temporal.executions('six')).toEqual([
      'six/e1 COMPLETED',
      ...range(6).map((index) => `six/e1/map/s${index} COMPLETED`),
    ]);
  });

  it('a window of 1.5 x concurrency + 1 -> never more children in flight', async () => {
    let under = 0;
    let most = 0;
    const { handle, scene } = await temporal.start('window', {
      items: 12,
      plan: { concurrency: 2 },
      turn: async () => {
        under += 1;
        most = Math.max(most, under);
        await sleep(150);
        under -= 1;
        return doneTurn();
      },
    });
    await handle.result();
    expectAllOnce(scene, 12);
    expect(most).toBeLessThanOrEqual(4);
    expect(most).toBeGreaterThan(1);
  });

  it('a conversation -> one activity per turn', async () => {
    const { handle, scene } = await temporal.start('turns', {
      items: 2,
      turn: (_, attempt): RunTurnResult => (attempt < 3 ? { kind: 'go-on', turn: attempt } : doneTurn()),
    });
    await handle.result();
    expect([scene.times(scene.turns, 0), scene.times(scene.turns, 1)]).toEqual([3, 3]);
  });

  it('told to wait -> comes back at that time, not before', async () => {
    const times: number[] = [];
    const { handle } = await temporal.start('waits', {
      items: 1,
      turn: (_, attempt): RunTurnResult => {
        times.push(Date.now());
        return attempt === 1 ? { kind: 'wait', until: Date.now() + 1_200, reason: 'E_CALL_RATE' } : doneTurn();
      },
    });
    await handle.result();
    expect(times).toHaveLength(2);
    // The server rounds timers; it may not be early by more than that.
    expect((times[1] as number) - (times[0] as number)).toBeGreaterThan(1_100);
  });

  it('a later epoch -> the missing rows of its list', async () => {
    const list = [3, 7, 11];
    const { handle, scene } = await temporal.start('missing', { items: 3, kind: 'list', list });
    await handle.result();
    expect([...scene.turns].sort((a, b) => a - b)).toEqual(list);
    expect(scene.lists).toEqual([{ run: 'missing', epoch: 1, from: 0, to: 3 }]);
  });

  it('a failing activity -> tried again by Temporal, the row is not lost', async () => {
    const { handle, scene } = await temporal.start('flaky', {
      items: 1,
      turn: (_, attempt) => {
        if (attempt < 3) throw new Error('the store is away');
        return doneTurn();
      },
    });
    expect(await handle.result()).toMatchObject({ counts: { ok: 1 } });
    expect(scene.turns).toHaveLength(3);
  });

  it('a child terminated by hand -> its row stays pending, the run ends and publishes', async () => {
    const never = gatekeeper<RunTurnResult>();
    const { handle, scene } = await temporal.start('killed', {
      items: 3,
      turn: (index) => (index === 1 ? never.promise : doneTurn()),
    });
    await until('row 1 is under way', () => scene.turns.includes(1));
    await temporal.client.workflow.getHandle('killed/e1/map/s1').terminate('by hand');
    const failed = (await handle.result().catch((error: unknown) => error)) as WorkflowFailedError;
    expect(failed).toBeInstanceOf(WorkflowFailedError);
    expect(failed.cause).toMatchObject({
      type: 'E_RUN_FAILED',
      message: expect.stringMatching(
        /^E_RUN_FAILED: run killed was interrupted with 1 of 3 rows left: .*by hand[\s\S]*swarm resume killed/,
      ),
      details: [{ run: 'killed', state: 'interrupted', counts: { total: 3, ok: 2 } }],
    });
    expect(scene.closes).toHaveLength(1);
    never.open(doneTurn());
  });
});

describe('slice grain', () => {
  it('batch_size: 4 -> children of four rows, each position once', async () => {
    const { handle, scene } = await temporal.start('slices', { items: 10, plan: { sliceSize: 4 } });
    expect(await handle.result()).toMatchObject({ counts: { ok: 10 } });
    expect(scene.slices.map(({ from, to }) => [from, to]).sort((a, b) => (a[0] as number) - (b[0] as number))).toEqual([
      [0, 4],
      [4, 8],
      [8, 10],
    ]);
    await until('all are listed', async () => (await temporal.executions('slices')).length === 4);
  });

  it('undone rows -> the slice is sent again at its time', async () => {
    const { handle, scene } = await temporal.start('undone', {
      items: 4,
      plan: { sliceSize: 4 },
      slice: (_, attempt) => (attempt === 1 ? { ok: 3, undone: 1, waitUntil: Date.now() + 300 } : { ok: 1 }),
    });
    await handle.result();
    expect(scene.slices).toHaveLength(2);
  });

  it('slices whose rows only wait for retries -> others take their places; a signal of any other workflow changes nothing', async () => {
    const waits = gatekeeper<void>();
    const { handle, scene } = await temporal.start('tails', {
      items: 40,
      plan: { sliceSize: 4, concurrency: 4 },
      slice: async ({ from, to }) => {
        if (from < 16) await waits.promise;
        return { ok: to - from };
      },
    });
    // 1.5 x 4 rows and two more.
    await until('the window is full', () => scene.slices.length === 4);
    expect(scene.slices[0]).toMatchObject({ parent: 'tails/e1' });
    await handle.signal(tailSignal, { child: 'unknown', callMs: null });
    await sleep(200);
    expect(scene.slices).toHaveLength(4);
    for (const from of [0, 4, 8, 12]) await handle.signal(tailSignal, { child: `tails/e1/map/s${from}`, callMs: null });
    await until('all others are done', () => scene.slices.length === 10);
    waits.open();
    expect(await handle.result()).toMatchObject({ counts: { ok: 40 } });
  });

  it('auto -> the first measured slices correct the size', async () => {
    // Not known: 64 x 1000 / 500 = 128 calls/s = 64 rows a slice; the truth is 200 ms: 160 rows a slice.
    const { handle, scene } = await temporal.start('auto', {
      items: 700,
      plan: { sliceSize: 'auto', concurrency: 64 },
      slice: ({ from, to }) => ({ ok: to - from, callMs: 200 }),
    });
    expect(await handle.result()).toMatchObject({ counts: { ok: 700 } });
    const slices = [...scene.slices].sort((a, b) => a.from - b.from);
    const sizes = slices.map(({ from, to }) => to - from);
    expect(sizes[0]).toBe(64);
    expect(sizes.at(-2)).toBe(160);
    expect(slices.flatMap(({ from, to }) => range(to - from).map((offset) => from + offset))).toEqual(range(700));
  });

  it('auto with calls slower than assumed -> smaller children, more than one execution may start: still every row', async () => {
    // Planned with 64 rows a child: 10 children. Measured: a child per row, more than one execution starts.
    const { handle, scene } = await temporal.start('slow', {
      items: 700,
      plan: { sliceSize: 'auto', concurrency: 64 },
      turn: () => ({ ...doneTurn(), callMs: 60_000 }),
      slice: ({ from, to }) => ({ ok: to - from, callMs: 60_000 }),
    });
    expect(await handle.result()).toMatchObject({ state: 'completed', counts: { ok: 700 } });
    const sliced = scene.slices.flatMap(({ from, to }) => range(to - from).map((offset) => from + offset));
    expect([...sliced, ...scene.turns].sort((a, b) => a - b)).toEqual(range(700));
    expect(scene.turns.length).toBeGreaterThan(400);
  });
});

describe('processes that join a run', () => {
  it('slices -> more in flight, at once, the next for the one without work; none fewer when they leave', async () => {
    const waits = gatekeeper<void>();
    const { handle, scene } = await temporal.start('joined', {
      items: 200,
      plan: { sliceSize: 20, concurrency: 4 },
      slice: async ({ from, to }) => {
        await waits.promise;
        return { ok: to - from };
      },
    });
    // One slice for the only process, and two more.
    await until('the window is full', () => scene.slices.length === 3);
    scene.idle = [SLICE_QUEUE];
    scene.processes = 3;
    await until('the others have theirs', () => scene.slices.length === 5);
    expect(scene.queues.filter((queue) => queue === SLICE_QUEUE)).toHaveLength(1);
    scene.processes = 1;
    await sleep(200);
    expect(scene.slices).toHaveLength(5);
    waits.open();
    expect(await handle.result()).toMatchObject({ counts: { ok: 200 } });
    const { events } = await handle.fetchHistory();
    const watches = events?.filter(
      ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === 'watchRun',
    );
    // One for each 5 %, at most, and one for those that joined.
    expect(watches?.length).toBeLessThanOrEqual(22);
  });

  it('the one that a slice was for is gone -> whoever is there takes it', async () => {
    const waits = gatekeeper<void>();
    const { handle, scene } = await temporal.start('joined-and-gone', {
      items: 80,
      plan: { sliceSize: 20, concurrency: 4 },
      slice: async ({ from, to }) => {
        // A slice that says nothing for 30 s is taken for dead.
        const activity = Context.current();
        const alive = setInterval(() => activity.heartbeat(), 1_000);
        await waits.promise.finally(() => clearInterval(alive));
        return { ok: to - from };
      },
    });
    // One slice for the only process, and two more: the last one has no place yet.
    await until('the window is full', () => scene.slices.length === 3);
    await sleep(200);
    expect(scene.slices).toHaveLength(3);
    scene.idle = ['durable-swarm.slices.gone'];
    scene.processes = 2;
    // Nobody asks at that queue: after 10 s the slice is anyone's.
    await until('the last slice was taken', () => scene.slices.length === 4);
    expect(scene.queues).not.toContain('durable-swarm.slices.gone');
    waits.open();
    expect(await handle.result()).toMatchObject({ counts: { ok: 80 } });
    expect(scene.slices.map(({ from }) => from).sort((a, b) => a - b)).toEqual([0, 20, 40, 60]);
    const child = temporal.client.workflow.getHandle('joined-and-gone/e1/map/s60');
    const { events } = await child.fetchHistory();
    const queues = (events ?? []).flatMap(
      ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.taskQueue?.name ?? [],
    );
    expect(queues).toEqual(['durable-swarm.slices.gone', MAIN_QUEUE]);
  });

  it('a wait -> as long as it is told to be, also where the clock of the worker is another one', async () => {
    const waiting =
      (until: number) =>
      (attempt: number): RunTurnResult =>
        attempt === 1 ? { kind: 'wait', until, afterMs: 50, reason: 'E_CALL_RATE' } : doneTurn();
    for (const [name, ahead] of [
      ['ahead', 3_600_000],
      ['behind', -3_600_000],
    ] as const) {
      const turn = waiting(Date.now() + ahead);
      const one = await temporal.start(`clock-${name}-seed`, { items: 1, turn: (_, attempt) => turn(attempt) });
      expect(await one.handle.result()).toMatchObject({ counts: { ok: 1 } });
      const many = await temporal.start(`clock-${name}-slice`, {
        items: 20,
        plan: { sliceSize: 20 },
        slice: ({ from, to }, attempt) =>
          attempt === 1 ? { undone: to - from, waitUntil: Date.now() + ahead, waitMs: 50 } : { ok: to - from },
      });
      expect(await many.handle.result()).toMatchObject({ counts: { ok: 20 } });
    }
  });

  it('auto -> the last rows are split between all', async () => {
    const waits = gatekeeper<void>();
    const { handle, scene } = await temporal.start('joined-auto', {
      items: 600,
      plan: { sliceSize: 'auto', concurrency: 100, callMs: 100 },
      slice: async ({ from, to }) => {
        await waits.promise;
        return { ok: to - from };
      },
    });
    await until('the first is under way', () => scene.slices.length === 2);
    expect(scene.slices.map(({ from, to }) => to - from).sort((a, b) => a - b)).toEqual([100, 500]);
    waits.open();
    await handle.result();
    const { handle: shared, scene: split } = await temporal.start('shared-auto', {
      items: 600,
      plan: { sliceSize: 'auto', concurrency: 100, callMs: 100, processes: 3 },
    });
    await shared.result();
    const sizes = split.slices.toSorted((a, b) => a.from - b.from).map(({ from, to }) => to - from);
    expect(sizes.slice(0, 3)).toEqual([200, 134, 89]);
    expect(sizes.length).toBeLessThan(15);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(600);
  });
});

describe('control', () => {
  it('pause -> no new children and the control row says so; resume -> goes on', async () => {
    const first = gatekeeper<RunTurnResult>();
    const { handle, scene } = await temporal.start('paused', {
      items: 8,
      plan: { concurrency: 1 },
      turn: (index) => (index === 0 ? first.promise : doneTurn()),
    });
    await until('row 0 is under way', () => scene.turns.includes(0));
    await handle.executeUpdate(pauseUpdate);
    expect(scene.controls).toEqual([{ run: 'paused', paused: true }]);
    expect(await handle.query(progressQuery)).toMatchObject({ run: 'paused', epoch: 1, phase: 'map', paused: true, items: 8 });
    first.open(doneTurn());
    await until('what was started is done', async () => (await handle.query(progressQuery)).inFlight === 0);
    const before = scene.turns.length;
    expect(before).toBeLessThan(8);
    await sleep(300);
    expect(scene.turns).toHaveLength(before);
    await handle.executeUpdate(resumeUpdate);
    expect(await handle.result()).toMatchObject({ counts: { ok: 8 } });
    expectAllOnce(scene, 8);
  });

  it('rows that wait for a resume -> woken by its signal, not by the clock', async () => {
    const { handle, scene } = await temporal.start('woken', {
      items: 2,
      turn: (): RunTurnResult => (scene.news.paused ? { kind: 'paused' } : doneTurn()),
      plan: { paused: false },
    });
    await handle.executeUpdate(pauseUpdate);
    if (scene.turns.length >= 2 && scene.done.size === 2) return;
    await until('the rows asked', () => scene.turns.length >= 1 || scene.news.paused);
    await handle.executeUpdate(resumeUpdate);
    expect(await handle.result()).toMatchObject({ counts: { ok: 2 } });
  });

  it('a slice given back by a pause -> sent again by the resume', async () => {
    const under = gatekeeper<void>();
    const { handle, scene } = await temporal.start('slice-paused', {
      items: 4,
      plan: { sliceSize: 4 },
      slice: async (_, attempt) => {
        if (attempt > 1 && !scene.news.paused) return { ok: 3 };
        await under.promise;
        return { ok: attempt === 1 ? 1 : 0, undone: 3, waitUntil: Date.now() + 60_000, paused: true };
      },
    });
    await until('it is under way', () => scene.slices.length === 1);
    await handle.executeUpdate(pauseUpdate);
    under.open();
    // The news of the pause itself sends it once more, and it says the same.
    await until('it was told to wait twice', () => scene.slices.length === 2);
    await sleep(200);
    expect(scene.slices).toHaveLength(2);
    await handle.executeUpdate(resumeUpdate);
    expect(await handle.result()).toMatchObject({ counts: { total: 4 } });
    expect(scene.slices).toHaveLength(3);
  });

  it('resize -> a wider window at once', async () => {
    const four = gatekeeper<void>();
    let under = 0;
    const { handle, scene } = await temporal.start('resized', {
      items: 20,
      plan: { concurrency: 1 },
      // None ends before four are under way, which one call in flight does not allow.
      turn: async () => {
        under += 1;
        if (under === 4) four.open();
        await four.promise;
        return doneTurn();
      },
    });
    await until('it has begun', () => scene.turns.length >= 2);
    await handle.executeUpdate(resizeUpdate, { args: [{ concurrency: 8, requestsPerMinute: null }] });
    await handle.result();
    expect(scene.controls).toEqual([{ run: 'resized', concurrency: 8, requestsPerMinute: null }]);
    expectAllOnce(scene, 20);
  });

  it.each([
    [{ concurrency: 0 }, 'E_CLI_VALUE', /^concurrency must be a whole number/],
    [{ concurrency: 1.5 }, 'E_CLI_VALUE', /^concurrency must be a whole number/],
    [{ requestsPerMinute: -1 }, 'E_CLI_VALUE', /^requestsPerMinute must be a number above 0/],
    // JSON has no NaN: it arrives as null, which would mean no cap.
    [{ maxCost: Number.NaN }, 'E_CAP_RAISED', /may lower maxCost, not take it away/],
    [{ maxDailyCost: null }, 'E_CAP_RAISED', /may lower maxDailyCost, not take it away/],
    [{ maxCost: 'ten' as never }, 'E_CLI_VALUE', /^maxCost must be a number above 0/],
    [{ max_cost: 1 } as never, 'E_CLI_VALUE', /^resize has no max_cost; it takes concurrency, maxCost/],
    [{ run: 'another' } as never, 'E_CLI_VALUE', /^resize has no run/],
    ['all' as never, 'E_CLI_VALUE', /takes one object/],
  ])('resize to %j -> refused by its validator, nothing is written', async (size, type, message) => {
    const id = `refused-${JSON.stringify(size).replace(/\W+/g, '-')}`;
    const first = gatekeeper<RunTurnResult>();
    const { handle, scene } = await temporal.start(id, { items: 1, turn: () => first.promise });
    const refusal = await handle.executeUpdate(resizeUpdate, { args: [size] }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(WorkflowUpdateFailedError);
    expect((refusal as WorkflowUpdateFailedError).cause).toMatchObject({ type, message: expect.stringMatching(message) });
    expect(scene.controls).toEqual([]);
    first.open(doneTurn());
    await handle.result();
  });

  it('a resize that the activity refuses -> the Update fails with its message, the run goes on', async () => {
    const first = gatekeeper<RunTurnResult>();
    const { handle, scene } = await temporal.start('over-its-cap', {
      items: 1,
      turn: () => first.promise,
      control: () => {
        throw ApplicationFailure.nonRetryable('E_CAP_RAISED: an Update may not raise it', 'E_CAP_RAISED');
      },
    });
    const refusal = await handle.executeUpdate(resizeUpdate, { args: [{ maxCost: 5 }] }).catch((error: unknown) => error);
    expect((refusal as WorkflowUpdateFailedError).cause).toMatchObject({
      type: 'E_CAP_RAISED',
      message: 'E_CAP_RAISED: an Update may not raise it',
    });
    first.open(doneTurn());
    expect(await handle.result()).toMatchObject({ counts: { ok: 1 } });
    expect(scene.controls).toHaveLength(1);
  });

  it('an Update while the task is staged -> carried out when the run is open', async () => {
    const staged = gatekeeper<void>();
    const { handle, scene } = await temporal.start('early', { items: 1, open: () => staged.promise });
    await until('openRun is under way', () => scene.opens === 1);
    const resized = handle.executeUpdate(resizeUpdate, { args: [{ concurrency: 2 }] });
    expect(await handle.query(progressQuery)).toMatchObject({ run: '', phase: 'open', items: 0 });
    staged.open();
    await resized;
    expect(scene.controls).toEqual([{ run: 'early', concurrency: 2 }]);
    await handle.result();
  });

  it('a resume while the output is published -> changes nothing any more', async () => {
    const published = gatekeeper<void>();
    const { handle, scene } = await temporal.start('late', { items: 1, close: () => published.promise });
    await until('it is closing', () => scene.closes.length === 1);
    const resumed = handle.executeUpdate(resumeUpdate);
    await sleep(300);
    published.open();
    await resumed;
    expect(await handle.result()).toMatchObject({ state: 'completed' });
    expect(scene.controls).toEqual([]);
  });
});

describe('stop and cancel', () => {
  it.each(['capped', 'billing', 'key', 'request', 'unreachable'] as const)(
    'a row stops the run as %s -> no more children; the cause goes up',
    async (cause) => {
      const { handle, scene } = await temporal.start(`stop-${cause}`, {
        items: 50,
        plan: { concurrency: 2 },
        turn: (index) => (index === 1 ? stopTurn(cause) : doneTurn()),
      });
      const ended = await handle.result().catch(({ cause: failed }: WorkflowFailedError) => failed as ApplicationFailure);
      if (cause === 'request') expect(ended).toMatchObject({ type: 'E_RUN_FAILED', details: [{ stop: cause }] });
      else expect(ended).toMatchObject({ stop: cause });
      expect(scene.closes).toEqual([{ run: `stop-${cause}`, epoch: 1, stop: cause }]);
      expect(scene.turns.length).toBeLessThan(50);
    },
  );

  it('cancel in the middle -> calls are stopped by the control row, children end, it publishes and ends as cancelled', async () => {
    const { handle, scene } = await temporal.start('cancelled', {
      items: 30,
      turn: (index) => (index < 2 ? doneTurn() : untilCancelled(scene)),
    });
    await until('rows are under way', () => scene.turns.length > 5);
    await handle.cancel();
    const error = (await handle.result().catch((thrown: unknown) => thrown)) as WorkflowFailedError;
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect(error.cause).toBeInstanceOf(CancelledFailure);
    expect(scene.controls).toEqual([{ run: 'cancelled', cancelled: true }]);
    expect(scene.closes).toEqual([{ run: 'cancelled', epoch: 1, stop: 'cancelled' }]);
    await until('all have ended', async () =>
      (await temporal.executions('cancelled')).every((line) => !line.endsWith('RUNNING')),
    );
  });

  it('cancel while a seed waits for its provider -> does not wait for the clock', async () => {
    const { handle, scene } = await temporal.start('cancel-wait', {
      items: 2,
      turn: (): RunTurnResult => ({ kind: 'wait', until: Date.now() + 3_600_000, reason: 'E_CALL_RATE' }),
    });
    await until('both wait', () => scene.turns.length === 2);
    await handle.cancel();
    await expect(handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
    expect(scene.closes).toHaveLength(1);
    await until(
      'children are cancelled',
      async () => (await temporal.executions('cancel-wait')).filter((line) => line.endsWith('CANCELLED')).length === 3,
    );
  });

  it('a cancel by the control row alone -> the same end', async () => {
    const { handle, scene } = await temporal.start('row-cancel', { items: 3, turn: () => untilCancelled(scene) });
    await until('rows are under way', () => scene.turns.length === 3);
    scene.news.cancelled = true;
    const error = (await handle.result().catch((thrown: unknown) => thrown)) as WorkflowFailedError;
    expect(error.cause).toBeInstanceOf(CancelledFailure);
    expect(scene.closes).toEqual([{ run: 'row-cancel', epoch: 1, stop: 'cancelled' }]);
  });

  it('cancel while the task is staged -> the opened run is closed as cancelled', async () => {
    const staged = gatekeeper<void>();
    const { handle, scene } = await temporal.start('cancel-open', { items: 2, open: () => staged.promise });
    await until('openRun is under way', () => scene.opens === 1);
    await handle.cancel();
    await sleep(200);
    staged.open();
    await expect(handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
    expect(scene.closes).toEqual([{ run: 'cancel-open', epoch: 1, stop: 'cancelled' }]);
    expect(scene.turns).toEqual([]);
  });

  it('the run is terminated by hand -> its children are asked to end', async () => {
    const { handle, scene } = await temporal.start('terminated', {
      items: 2,
      turn: (): RunTurnResult => ({ kind: 'wait', until: Date.now() + 3_600_000, reason: 'E_CALL_RATE' }),
    });
    await until('both wait', () => scene.turns.length === 2);
    await handle.terminate();
    const error = (await handle.result().catch((thrown: unknown) => thrown)) as WorkflowFailedError;
    expect(error.cause).toBeInstanceOf(TerminatedFailure);
    await until(
      'children are cancelled',
      async () => (await temporal.executions('terminated')).filter((line) => line.endsWith('CANCELLED')).length === 2,
    );
  });

  it('an unknown run -> fails at once with the message of openRun', async () => {
    const handle = await temporal.client.workflow.start('swarmRun', {
      taskQueue: 'durable-swarm',
      workflowId: 'unknown',
      args: [{ run: 'unknown' }],
    });
    const error = (await handle.result().catch((thrown: unknown) => thrown)) as WorkflowFailedError;
    expect(error.cause).toMatchObject({ type: 'E_RUN_UNKNOWN' });
  });

  it('a finished run -> published again from the store, no row is touched', async () => {
    const { handle, scene } = await temporal.start('finished', { items: 0 });
    expect(await handle.result()).toMatchObject({ state: 'completed' });
    expect(scene.turns).toEqual([]);
    expect(scene.closes).toHaveLength(1);
  });
});

describe('what the Web UI shows', () => {
  it('search attributes, summaries and current details', async () => {
    const last = gatekeeper<RunTurnResult>();
    const { handle, scene } = await temporal.start('shown', {
      items: 4,
      turn: (index) => (index === 3 ? last.promise : doneTurn()),
    });
    await until('three are done', () => scene.done.size === 3);
    const details = async () => (await handle.describe()).typedSearchAttributes;
    await until('the phase is known', async () => (await details()).get(phaseKey) === 'map');
    expect((await details()).get(runKey)).toBe('shown');
    expect((await details()).get(modelKey)).toBe('test/model');
    const child = await temporal.client.workflow.getHandle('shown/e1/map/s3').describe();
    expect(await child.staticSummary()).toBe('row row-3');
    expect((await details()).get(stateKey)).toBe('running');
    expect(child.typedSearchAttributes.get(stateKey)).toBeUndefined();
    await handle.executeUpdate(pauseUpdate);
    await until('the pause is known', async () => (await details()).get(stateKey) === 'paused');
    await handle.executeUpdate(resumeUpdate);
    await until('the resume is known', async () => (await details()).get(stateKey) === 'running');
    expect(child.typedSearchAttributes.get(runKey)).toBe('shown');
    expect(child.typedSearchAttributes.get(phaseKey)).toBeUndefined();
    await until('the details are current', async () => {
      const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
      return metadata.currentDetails?.includes('75 % of 4 rows') === true;
    });
    last.open(doneTurn());
    await handle.result();
    expect((await details()).get(phaseKey)).toBe('publish');
    expect((await details()).get(stateKey)).toBe('completed');
    const { raw } = await handle.describe();
    expect(raw.pendingActivities ?? []).toEqual([]);
    expect(await (await handle.describe()).staticSummary()).toBe('shown: rows');
    const end = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    expect(end.currentDetails).toMatch(/completed, 4 of 4 rows/);
  });

  it('slices and later epochs -> ids of the first and last row; a store that does not answer in time -> positions, no child waits longer', async () => {
    const slices = await temporal.start('named', { items: 10, plan: { sliceSize: 4 } });
    await slices.handle.result();
    const summary = async (id: string) => await (await temporal.client.workflow.getHandle(id).describe()).staticSummary();
    expect(await summary('named/e1/map/s4')).toBe('4 rows: row-4 to row-7');
    expect(await summary('named/e1/map/s8')).toBe('2 rows: row-8 to row-9');
    const later = await temporal.start('named-list', { items: 2, kind: 'list', list: [4, 9] });
    await later.handle.result();
    expect(await summary('named-list/e1/map/s1')).toBe('row row-9');
    const late = gatekeeper<string[]>();
    const away = await temporal.start('named-not', { items: 1, ids: () => late.promise });
    expect(await away.handle.result()).toMatchObject({ counts: { ok: 1 } });
    expect(await summary('named-not/e1/map/s0')).toBe('seed 0');
    late.open([]);
  });

  it.each([
    ['capped', 'capped', 'the next call could pass max_cost'],
    ['paused', 'key', 'the key was refused'],
  ] as const)(
    'a run that ends %s -> its workflow completes, with the reason in the result; nothing is pending',
    async (state, stop, message) => {
      const { handle } = await temporal.start(`ends-${state}`, { items: 2, turn: () => stopTurn(stop), end: { state, message } });
      expect(await handle.result()).toMatchObject({ state, stop, message });
      const { raw, typedSearchAttributes, status } = await handle.describe();
      expect(status.name).toBe('COMPLETED');
      expect(typedSearchAttributes.get(stateKey)).toBe(state);
      expect(raw.pendingActivities ?? []).toEqual([]);
    },
  );

  it('a run that failed -> its workflow fails with its message; where SwarmState is not registered it is left alone', async () => {
    const end = { state: 'failed', message: 'E_CALL_REQUEST: no such model' } as const;
    const { handle } = await temporal.start('ends-failed', {
      items: 2,
      plan: { stateAttribute: false },
      turn: () => stopTurn('request'),
      end,
    });
    const failed = (await handle.result().catch((error: unknown) => error)) as WorkflowFailedError;
    expect(failed.cause).toMatchObject({
      type: 'E_RUN_FAILED',
      message: expect.stringContaining('E_CALL_REQUEST: no such model'),
    });
    expect((await handle.describe()).typedSearchAttributes.get(stateKey)).toBeUndefined();
  });
});
