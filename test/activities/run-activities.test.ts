import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Gates } from '../../src/activities/deps.js';
import { createActivities } from '../../src/activities/index.js';
import { EXIT, SwarmError } from '../../src/core/errors.js';
import type { Wait } from '../../src/core/gate/wait.js';
import { sliceQueue } from '../../src/core/names.js';
import type { RunSummary } from '../../src/workflows/messages.js';
import { intentOf } from '../store/databases.js';
import { fileStore } from './file-store.js';
import { activityEnvironment, aTask, failure, reply, type Setup, setup, stage, until } from './turn-setup.js';

const opened = fileStore();
let part: Setup;
beforeEach(async () => {
  part = await setup(opened.store);
});
afterEach(() => part.close());

const doRow = async (run: string, index: number) => {
  part.adapter.next(reply('done'));
  await part.environment.run(part.activities.runTurn, { run, epoch: 1, index });
};

describe('openRun', () => {
  const open = (input: object, workflowId: string, runId = `${workflowId}-x`) =>
    activityEnvironment(workflowId, runId).run(part.activities.openRun as never, input as never);

  it('a staged run -> its plan, epoch 1, its queue registered and opened', async () => {
    await stage(part.store, 'fresh', 7, aTask({ concurrency: 3, requestsPerMinute: 90, sliceSize: 5 }));
    const opened = await open({ run: 'fresh' }, 'fresh/e1');
    expect(opened).toEqual({
      kind: 'open',
      plan: {
        run: 'fresh',
        epoch: 1,
        name: 'test',
        phases: [{ name: 'map', role: 'worker', kind: 'map', over: 'rows' }],
        first: {
          name: 'map',
          role: 'worker',
          kind: 'map',
          use: { model: 'openai/asked', queue: 'llm.openai.asked', timeoutMs: 5_000, callMs: null, turns: 1, sliceSize: 5 },
          source: { kind: 'range', items: 7 },
        },
        rows: { kind: 'range', items: 7 },
        filesQueue: 'durable-swarm.files.home',
        concurrency: 3,
        rowGrain: { rows: 20, turnsPerSecond: 8 },
        paused: false,
        processes: 1,
        outputDir: '/nowhere',
      },
    });
    expect(part.events).toContain('openQueue');
    expect(await part.store.queues(0)).toContainEqual(
      expect.objectContaining({ name: 'llm.openai.asked', requestsPerMinute: 90 }),
    );
    expect(await part.store.run('fresh')).toMatchObject({ state: 'running', epoch: 1, workflowId: 'fresh/e1' });
  });

  it('a second attempt of the same execution -> the same epoch; another execution -> the next one, over the missing rows', async () => {
    await stage(part.store, 'twice', 3, aTask());
    // Paused: no head start, so that the rows are done where this test does them.
    await part.store.setControl('twice', { paused: true });
    await open({ run: 'twice' }, 'twice/e1');
    expect(await open({ run: 'twice' }, 'twice/e1')).toMatchObject({ plan: { epoch: 1 } });
    await part.store.setControl('twice', { paused: false });
    await doRow('twice', 1);
    await part.store.setControl('twice', { paused: true });
    expect(await open({ run: 'twice' }, 'twice/e2')).toMatchObject({
      plan: { epoch: 2, first: { source: { kind: 'list', items: 2 } } },
    });
    expect(await part.activities.listItems({ run: 'twice', epoch: 2, from: 0, to: 9 })).toEqual([0, 2]);
  });

  it('a conversation -> some turns to plan with', async () => {
    await stage(part.store, 'talk', 1, aTask({ multiTurn: true, maxTurns: 12 }));
    expect(await open({ run: 'talk' }, 'talk/e1')).toMatchObject({ plan: { first: { use: { turns: 3 } } } });
  });

  it('a completed run -> finished, no epoch', async () => {
    await stage(part.store, 'old', 1, aTask());
    await part.store.updateRun('old', { state: 'completed' });
    expect(await open({ run: 'old' }, 'old/e1')).toEqual({
      kind: 'finished',
      run: 'old',
      filesQueue: 'durable-swarm.files.home',
    });
    expect((await part.store.run('old'))?.epoch).toBe(0);
  });

  it('an unknown run -> fails the workflow at once with the message of the CLI', async () => {
    await expect(open({ run: 'nobody' }, 'w')).rejects.toMatchObject({
      type: 'E_RUN_UNKNOWN',
      nonRetryable: true,
      details: [{ exitCode: EXIT.badInput, problems: [{ code: 'E_RUN_UNKNOWN' }] }],
    });
  });

  it.each([
    [
      EXIT.diskWrite,
      { state: 'paused', reason: 'disk', message: 'E_OUT_WRITE: a file stands there', endedAt: expect.any(Number) },
    ],
    [EXIT.locked, { state: 'staged', reason: null, endedAt: null }],
  ] as const)(
    'its folder cannot be claimed, exit %i -> fails the workflow; a disk fault is in its row, and it opens once mended',
    async (exitCode, row) => {
      const id = `unopened-${exitCode}`;
      let broken = true;
      const claim = async () => {
        if (broken) throw new SwarmError({ code: 'E_OUT_WRITE', found: 'a file stands there' }, exitCode);
      };
      const failing = await setup(opened.store, { claim });
      await stage(failing.store, id, 2, aTask());
      const openHere = (execution: string) =>
        activityEnvironment(`${id}/e1`, execution).run(failing.activities.openRun, { run: id });
      await expect(openHere('x1')).rejects.toMatchObject({ type: 'E_OUT_WRITE', nonRetryable: true });
      expect(await failing.store.run(id)).toMatchObject({ ...row, epoch: 0 });
      broken = false;
      expect(await openHere('x2')).toMatchObject({ kind: 'open', plan: { epoch: 1 } });
      expect(await failing.store.run(id)).toMatchObject({ state: 'running', reason: null, message: null, endedAt: null });
      failing.close();
    },
  );

  it('a task that cannot be staged -> all its problems; what is not bad input is tried again', async () => {
    for (const [exitCode, nonRetryable] of [
      [EXIT.badInput, true],
      [EXIT.refused, true],
      [EXIT.unreachable, false],
    ] as const) {
      const problems = [
        { code: 'E_ONE', found: 'one' },
        { code: 'E_TWO', found: 'two' },
      ];
      const failing = await setup(opened.store, { stage: () => Promise.reject(new SwarmError(problems, exitCode)) });
      const environment = activityEnvironment('w', 'x');
      await expect(environment.run(failing.activities.openRun, { task: 't.yaml' })).rejects.toMatchObject({
        type: 'E_ONE',
        nonRetryable,
        message: 'E_ONE: one\nE_TWO: two',
        details: [{ problems, exitCode }],
      });
      failing.close();
    }
  });
});

describe('watchRun', () => {
  it('5 % of the rows -> returns the counts of the store', async () => {
    const { row } = await part.run(40);
    await doRow(row.id, 0);
    const input = { run: row.id, epoch: 1, shown: 0 };
    const watching = part.environment.run(part.activities.watchRun, input);
    let seen: unknown = null;
    void (watching as Promise<unknown>).then((result) => {
      seen = result;
    });
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(seen).toBeNull();
    await doRow(row.id, 1);
    expect(await watching).toEqual({
      total: 40,
      ok: 2,
      failed: 0,
      filtered: 0,
      costUsd: 2e-7,
      calls: 2,
      limited: 0,
      doubtful: 0,
      maxCostUsd: null,
      why: 'nothing',
      waitsFor: 'nothing',
      rest: null,
      found: null,
    });
  });

  it('waits for something else, for longer than a moment -> returns with it; a short wait is not told', async () => {
    const { row } = await part.run(40);
    const now = Date.now();
    await part.store.beat({ id: 'other', home: 'h', pid: 1 }, now + 60_000);
    const wait: Wait = { why: 'breaker', since: now - 20_000, until: now + 10_000, turns: 4 };
    await part.store.setWait('other', row.id, { ...wait, since: now });
    const watching = part.environment.run(part.activities.watchRun, { run: row.id, epoch: 1, shown: 0, why: 'nothing' });
    let over = false;
    void (watching as Promise<unknown>).then(() => {
      over = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(over).toBe(false);
    await part.store.setWait('other', row.id, wait);
    expect(await watching).toMatchObject({
      why: 'breaker',
      waitsFor: expect.stringMatching(/^the provider: outage, next probe at \d\d:\d\d:\d\dZ, since \d\d:\d\d:\d\dZ$/),
    });
    const environment = activityEnvironment('w', 'x');
    const again = environment.run(part.activities.watchRun, { run: row.id, epoch: 1, shown: 0 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    environment.cancel();
    await expect(again).rejects.toThrow();
  });

  it('a process stays without work -> returns with its queue when that has lasted; as many as may be planned -> goes on', async () => {
    let asked = 0;
    const two: Partial<Gates> = {
      processes: () => 2,
      idle: async () => {
        asked += 1;
        return ['joined'];
      },
    };
    const gates = new Proxy<Gates>(part.gates, {
      get: (target, key) => {
        const value = (Reflect.get(two, key) ?? Reflect.get(target, key)) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const { watchRun } = createActivities({ ...part.deps, gates });
    const { row } = await part.run(40);
    const input = { run: row.id, epoch: 1, shown: 0 };
    const watching = part.environment.run(watchRun, { ...input, processes: 2 });
    let over = false;
    void (watching as Promise<unknown>).then(() => {
      over = true;
    });
    await until('it looked again', () => asked >= 2);
    expect(over).toBe(false);
    part.pass(part.deps.clock.now() + 2_000);
    expect(await watching).toMatchObject({ ok: 0, processes: 3, idle: [sliceQueue('joined')] });

    asked = 0;
    const environment = activityEnvironment('w', 'x');
    const again = environment.run(watchRun, { ...input, processes: 6 });
    await until('it looked', () => asked >= 1);
    part.pass(part.deps.clock.now() + 2_000);
    await until('it looked again', () => asked >= 3);
    environment.cancel();
    await expect(again).rejects.toThrow();
  });

  it('checkpoint_every -> writes the partial output on the way', async () => {
    const { row } = await part.run(100, { checkpointEvery: 2 });
    const environment = activityEnvironment('w', 'x');
    const watching = environment.run(part.activities.watchRun, { run: row.id, epoch: 1, shown: 0 });
    await doRow(row.id, 0);
    await doRow(row.id, 1);
    await until('it is written', () => part.events.includes('checkpoint'));
    environment.cancel();
    await expect(watching).rejects.toThrow();
  });

  it('all rows done -> returns, whatever the step', async () => {
    const { row } = await part.run(1);
    await doRow(row.id, 0);
    expect(await part.environment.run(part.activities.watchRun, { run: row.id, epoch: 1, shown: 1 })).toMatchObject({ ok: 1 });
  });
});

describe('writeControl', () => {
  it('resize -> the control row, in nano-dollars; what is not named stays', async () => {
    const { row } = await part.run(1, { requestsPerMinute: 30 });
    const news = await part.activities.writeControl({ run: row.id, concurrency: 9, maxCost: 0.5 });
    expect(news).toEqual({ paused: false, concurrency: 9 });
    expect(await part.store.control(row.id)).toMatchObject({ concurrency: 9, capNano: 500_000_000, requestsPerMinute: 30 });
    await part.activities.writeControl({ run: row.id, requestsPerMinute: null });
    expect(await part.store.control(row.id)).toMatchObject({ concurrency: 9, capNano: 500_000_000, requestsPerMinute: null });
  });

  it.each(['maxCost', 'maxCostPerCall', 'maxCostPerRow', 'maxDailyCost'] as const)(
    '%s: none yet, or lower -> taken; higher, or none -> E_CAP_RAISED, whoever asks for the activity, and nothing is written',
    async (key) => {
      const { row } = await part.run(1);
      const ask = (usd: number | null) => part.activities.writeControl({ run: row.id, [key]: usd, concurrency: 2 });
      await ask(0.5);
      await ask(0.25);
      await ask(0.25);
      const before = await part.store.control(row.id);
      for (const usd of [0.250000001, 5, null]) {
        await expect(ask(usd)).rejects.toMatchObject({ type: 'E_CAP_RAISED', nonRetryable: true });
      }
      await expect(ask(-1)).rejects.toMatchObject({ type: 'E_CLI_VALUE', nonRetryable: true });
      await expect(ask('9' as never)).rejects.toMatchObject({ type: 'E_CLI_VALUE', nonRetryable: true });
      expect(await part.store.control(row.id)).toEqual(before);
    },
  );

  it('pause and resume -> control row and state of the run', async () => {
    const { row } = await part.run(1);
    await part.activities.writeControl({ run: row.id, paused: true });
    expect(await part.store.run(row.id)).toMatchObject({ state: 'paused', reason: 'user' });
    await part.activities.writeControl({ run: row.id, paused: false });
    expect(await part.store.run(row.id)).toMatchObject({ state: 'running', reason: null });
    expect(await part.store.control(row.id)).toMatchObject({ paused: false });
  });

  it.each([true, false])('paused: %s of a run that was published meanwhile -> it stays completed', async (paused) => {
    const { row } = await part.run(1);
    await part.store.updateRun(row.id, { state: 'completed', endedAt: Date.now(), publishedAt: Date.now() });
    await part.activities.writeControl({ run: row.id, paused });
    expect(await part.store.run(row.id)).toMatchObject({ state: 'completed', reason: null });
  });
});

describe('rowIds', () => {
  it('positions of all rows, or of the list of an epoch -> their ids', async () => {
    await stage(part.store, 'named', 4, aTask());
    await part.store.setControl('named', { paused: true });
    await part.store.openEpoch('named', { workflowId: 'named/e1', executionId: 'x1' }, part.deps.clock.now());
    const ids = (await part.store.seeds('named', { from: 0, to: 4 })).map(({ id }) => id);
    const rowIds = (source: 'range' | 'list', epoch: number, positions: number[]) =>
      part.activities.rowIds({ run: 'named', epoch, source, positions });
    expect(await rowIds('range', 1, [0, 3])).toEqual([ids[0], ids[3]]);
    expect(await rowIds('range', 1, [9])).toEqual(['9']);
    await part.store.setControl('named', { paused: false });
    await doRow('named', 0);
    await part.store.openEpoch('named', { workflowId: 'named/e2', executionId: 'x2' }, part.deps.clock.now());
    expect(await rowIds('list', 2, [0, 2])).toEqual([ids[1], ids[3]]);
  });
});

describe('closeRun', () => {
  const close = (run: string, stop: string | null) =>
    part.environment.run(part.activities.closeRun as never, { run, epoch: 1, stop } as never) as Promise<RunSummary>;

  it('rows are left -> the reason that was left with the run; its watcher here ends at once', async () => {
    const { row } = await part.run(3);
    await part.store.updateRun(row.id, { message: 'the next call could pass max_cost' });
    const environment = activityEnvironment('w', 'x');
    let beats = 0;
    environment.on('heartbeat', () => {
      beats += 1;
    });
    const watching = environment.run(part.activities.watchRun, { run: row.id, epoch: 1, shown: 0 });
    await until('it watches', () => beats > 0);
    expect(await close(row.id, 'capped')).toMatchObject({
      state: 'capped',
      stop: 'capped',
      message: 'the next call could pass max_cost',
    });
    expect(await watching).toMatchObject({ total: 3, ok: 0 });
  });

  it('all rows done -> completed, published before the state says so', async () => {
    const { row } = await part.run(2);
    await doRow(row.id, 0);
    part.adapter.next(failure('row'));
    await part.environment.run(part.activities.runTurn, { run: row.id, epoch: 1, index: 1 });
    expect(await close(row.id, null)).toEqual({
      run: row.id,
      epoch: 1,
      message: null,
      state: 'completed',
      stop: null,
      counts: { total: 2, ok: 1, failed: 1, filtered: 0 },
      usage: { input: 10, cached: 0, output: 5, reasoning: 0 },
      costUsd: 1e-7,
      outputDir: '/nowhere',
    });
    expect(part.events.slice(-2)).toEqual(['publish', 'partial discarded']);
    expect((await part.store.run(row.id))?.publishedAt).not.toBeNull();
  });

  it.each([
    ['capped', 'capped', 'capped'],
    ['billing', 'paused', 'billing'],
    ['key', 'paused', 'key'],
    ['unreachable', 'paused', 'unreachable'],
    ['request', 'failed', 'request'],
    ['cancelled', 'cancelled', 'cancelled'],
  ])('stopped as %s with rows left -> %s, reason %s', async (stop, state, reason) => {
    const { row } = await part.run(1);
    expect(await close(row.id, stop)).toMatchObject({ state, stop: reason });
    expect(await part.store.run(row.id)).toMatchObject({ state, reason });
  });

  it('stopped by nothing with rows left -> interrupted, says so', async () => {
    const { row } = await part.run(1);
    const message = expect.stringMatching(/^1 row left though nothing stopped the run/);
    expect(await close(row.id, null)).toMatchObject({ state: 'interrupted', stop: null, message });
    expect(await part.store.run(row.id)).toMatchObject({ state: 'interrupted', reason: 'user', message });
  });

  it('stopped as capped, but the last row was done all the same -> completed', async () => {
    const { row } = await part.run(1);
    await doRow(row.id, 0);
    expect(await close(row.id, 'capped')).toMatchObject({ state: 'completed', stop: null });
  });

  it('a call still under way -> publishes when it is settled', async () => {
    const { row } = await part.run(1);
    const key = { runId: row.id, index: 0, turn: 1 };
    await part.store.intend(intentOf(key.runId, 0, { owner: 'other', reservedNano: 5, at: Date.now() }));
    const closing = close(row.id, 'cancelled');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(part.events).not.toContain('publish');
    await part.store.doubt({ ...key, attempt: 1, isTry: false, code: 'E_CALL_CANCELLED', at: Date.now() });
    expect(await closing).toMatchObject({ state: 'cancelled' });
    expect(part.events).toContain('publish');
  });

  it('the output cannot be written -> fails, and the state is not changed', async () => {
    const failing = await setup(opened.store, { publish: () => Promise.reject(new Error('disk full')) });
    const { row } = await failing.run(1);
    const closing = failing.environment.run(failing.activities.closeRun, { run: row.id, epoch: 1, stop: null });
    await expect(closing).rejects.toThrow('disk full');
    expect(await failing.store.run(row.id)).toMatchObject({ state: 'running', publishedAt: null });
    failing.close();
  });
});
