import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunHandleOptions, StoredRun } from '../../src/client/run-handle.js';
import { EXIT, SwarmError } from '../../src/core/errors.js';
import type { Outcome } from '../../src/core/model.js';
import { gateKey } from '../../src/core/names.js';
import type { Launcher } from '../../src/runs/launch.js';
import { listProgress } from '../../src/runs/read-progress.js';
import type { DaySettings } from '../../src/runs/spend.js';
import type { Store } from '../../src/store/port/store.js';
import { fileStore } from '../activities/file-store.js';
import { aTask, gatekeeper, OWNER, stage, USAGE, until } from '../activities/turn-setup.js';
import { intentOf } from '../store/databases.js';

/** The launcher as the handle uses it: a workflow that is open or not, and a record. */
class FakeLauncher {
  readonly asked: string[] = [];
  isOpen = true;
  opened = 0;
  away = false;
  ended = gatekeeper<unknown>();
  failure: unknown = null;

  /** Of the workflow while it is not open. */
  closedAs = 'COMPLETED';

  async open() {
    const fate = await this.fate();
    return fate.is === 'open' ? fate.workflow : null;
  }
  async fate() {
    this.opened += 1;
    if (this.away) throw new Error('14 UNAVAILABLE');
    return { is: this.isOpen ? 'open' : this.closedAs, workflow: this.workflow() };
  }
  private workflow() {
    return {
      result: async () => {
        await this.ended.promise;
        if (this.failure) throw this.failure;
      },
      cancel: async () => void this.asked.push('cancel'),
      executeUpdate: async ({ name }: { name: string }, { args }: { args: unknown[] }) =>
        void this.asked.push(`${name} ${JSON.stringify(args)}`),
    };
  }
  async pause() {
    this.asked.push('pause');
  }
  onStart: () => Promise<unknown> = async () => undefined;
  async startOrResume() {
    this.asked.push('startOrResume');
    await this.onStart();
  }
  async goOn() {
    this.asked.push('goOn');
  }
  async goOnAfterDeath() {
    this.asked.push('goOnAfterDeath');
  }
  async resize(open: { executeUpdate(update: { name: string }, call: { args: unknown[] }): unknown } | null, changes: unknown) {
    await open?.executeUpdate({ name: 'resize' }, { args: [changes] });
  }
}

const opened = fileStore();
let store: Store;
beforeAll(() => {
  store = opened.store;
});

let launcher: FakeLauncher;
let run: StoredRun;
let host: object;
let gone: Promise<void> | null;
let stopped: boolean;
let made = 0;
beforeEach(async () => {
  launcher = new FakeLauncher();
  made += 1;
  host = {};
  gone = null;
  stopped = false;
  const id = `held-${made}`;
  await stage(store, id, 3, aTask({ price: { input: 1, output: 1 } }));
  await store.openEpoch(id, { workflowId: `${id}/e1`, executionId: `${id}-1` }, Date.now());
  run = new StoredRun(id, handleOptions());
});

function handleOptions(settings: DaySettings = { maxDailyCost: null, warnAt: null }): RunHandleOptions {
  return {
    handKey: async () => undefined,
    store,
    launcher: async () => launcher as unknown as Launcher,
    act: async (work) => await work(launcher as unknown as Launcher),
    join: async () => host,
    leave: () => undefined,
    closed: () => false,
    hostGone: () => gone,
    hostStopped: () => stopped,
    diskOf: null,
    settings,
  };
}

/** Row `index` is answered in these pieces; the output begins with turn `fromTurn`. */
async function answered(
  index: number,
  pieces: readonly string[],
  fromTurn = 1,
  { runId = run.id, costNano = 5 } = {},
): Promise<void> {
  for (const [at, answer] of pieces.entries()) {
    const key = { runId, index, turn: at + 1 };
    const intent = await store.intend(
      intentOf(runId, index, { turn: at + 1, owner: OWNER, reservedNano: costNano, at: Date.now() }),
    );
    if (intent.kind !== 'go') throw new Error(intent.kind);
    const last = at === pieces.length - 1;
    await store.settle({
      ...key,
      attempt: intent.attempt,
      answer,
      finish: 'stop',
      servedModel: 'm',
      usage: USAGE,
      costNano,
      at: Date.now(),
      ...(last ? { outcome: outcome(index, { fromTurn, turns: pieces.length }) } : {}),
    });
  }
}

function outcome(index: number, more: Partial<Outcome> = {}): Outcome {
  const ends = { finish: 'stop', model: 'm', fromTurn: 1, turns: 1, attempts: 0, usage: USAGE, costNano: 5 } as const;
  return { index, id: `s${index}`, status: 'ok', ...ends, ...more };
}

const failedRow = (index: number) =>
  store.finish(run.id, outcome(index, { status: 'failed', cause: 'refused', code: 'E_ROW', message: 'no', turns: 0 }));
const ends = (state: 'completed' | 'capped' | 'failed' | 'cancelled' | 'paused', reason: string | null = null) =>
  store.updateRun(run.id, { state, reason: reason as never, endedAt: 9, publishedAt: 9 });

describe('outcomes', () => {
  it('rows before and after the first look -> in order of arrival, with their output, until the end', async () => {
    await answered(2, ['two']);
    const seen: { index: number; output: unknown; seq: number }[] = [];
    const reading = (async () => {
      for await (const { index, output, seq } of run.outcomes()) seen.push({ index, output, seq });
    })();
    await until('the first one is there', () => seen.length === 1);
    await answered(0, ['first turn', 'second turn, ', 'its rest'], 2);
    await failedRow(1);
    await until('all are there', () => seen.length === 3);
    await ends('completed');
    await reading;
    expect(seen).toEqual([
      { index: 2, output: 'two', seq: 1 },
      { index: 0, output: 'second turn, its rest', seq: 2 },
      { index: 1, output: null, seq: 3 },
    ]);
  });

  it('after a sequence number -> only what came later; also over several pages', async () => {
    const id = `paged-${made}`;
    await stage(store, id, 1_200, aTask());
    for (let index = 0; index < 1_200; index += 1) await store.finish(id, outcome(index, { status: 'filtered' }));
    await store.updateRun(id, { state: 'completed', endedAt: 9, publishedAt: 9 });
    const other = new StoredRun(id, {
      handKey: async () => undefined,
      store,
      launcher: () => Promise.reject(new Error('nobody needs Temporal for a run that has ended')),
      act: () => Promise.reject(new Error('nobody needs Temporal for a run that has ended')),
      join: () => Promise.reject(new Error('nobody needs a host for a run that has ended')),
      leave: () => undefined,
      closed: () => false,
      hostGone: () => null,
      hostStopped: () => false,
      diskOf: null,
      settings: { maxDailyCost: null, warnAt: null },
    });
    const all: number[] = [];
    for await (const { seq } of other.outcomes()) all.push(seq);
    expect(all).toHaveLength(1_200);
    const late: number[] = [];
    for await (const { seq } of other.outcomes({ after: 1_195 })) late.push(seq);
    expect(late).toEqual([1_196, 1_197, 1_198, 1_199, 1_200]);
  });

  it('an aborted signal -> ends the reading with its reason', async () => {
    const abort = new AbortController();
    const reading = (async () => {
      for await (const _ of run.outcomes({ signal: abort.signal }));
    })();
    abort.abort();
    await expect(reading).rejects.toThrow('abort');
  });

  it('the workflow fails -> the readers hear of it', async () => {
    const reading = (async () => {
      for await (const _ of run.outcomes());
    })();
    launcher.failure = new WorkflowFailedError('failed', new TerminatedFailure('by hand'), 'TERMINATED' as never);
    launcher.ended.open(null);
    await expect(reading).rejects.toMatchObject({ code: 'E_RUN_ENDED' });
  });

  it('the host dies under a reader -> the run goes on with the next one', async () => {
    const dies = gatekeeper<void>();
    gone = dies.promise;
    const abort = new AbortController();
    const reading = (async () => {
      for await (const _ of run.outcomes({ signal: abort.signal }));
    })();
    await until('it is followed', () => launcher.opened > 0);
    host = {};
    gone = null;
    dies.open();
    await until('it goes on', () => launcher.asked.includes('goOnAfterDeath'));
    abort.abort();
    await expect(reading).rejects.toThrow();
  });

  it('the host is told to stop under a reader -> E_HOST_STOPPED, exit 4, no other host is started', async () => {
    const dies = gatekeeper<void>();
    gone = dies.promise;
    const reading = (async () => {
      for await (const _ of run.outcomes());
    })();
    await until('it is followed', () => launcher.opened > 0);
    stopped = true;
    dies.open();
    await expect(reading).rejects.toMatchObject({ code: 'E_HOST_STOPPED', exitCode: 4 });
    expect(launcher.asked).toEqual([]);
  });
});

describe('result', () => {
  it.each([
    ['completed', null, 0, EXIT.ok],
    ['completed', null, 1, EXIT.failedRows],
    ['capped', 'capped', 0, EXIT.capped],
    ['paused', 'billing', 0, EXIT.refused],
    ['paused', 'key', 0, EXIT.refused],
    ['paused', 'unreachable', 0, EXIT.unreachable],
    ['paused', 'disk', 0, EXIT.diskWrite],
    ['failed', 'request', 0, EXIT.badInput],
    ['failed', null, 0, EXIT.failedRows],
    ['cancelled', 'cancelled', 0, EXIT.sigint],
  ] as const)('%s, reason %s, %i failed rows -> exit code %i', async (state, reason, failed, exitCode) => {
    if (failed > 0) await failedRow(0);
    await ends(state, reason);
    expect(await run.result()).toEqual({
      run: run.id,
      state,
      reason,
      message: null,
      counts: { total: 3, ok: 0, failed, filtered: 0 },
      costUsd: 0,
      outputDir: '/nowhere',
      outputFile: '/nowhere/output.jsonl',
      exitCode,
    });
  });

  it('paused by a person, interrupted -> goes on waiting', async () => {
    await store.updateRun(run.id, { state: 'paused', reason: 'user' });
    let resolved = false;
    const result = run.result().then((found) => {
      resolved = true;
      return found;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await store.updateRun(run.id, { state: 'interrupted', reason: 'host' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(resolved).toBe(false);
    await ends('completed');
    expect((await result).state).toBe('completed');
  });

  it('an aborted signal -> stops the waiting, not the run', async () => {
    const abort = new AbortController();
    const result = run.result({ signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(result).rejects.toThrow();
    expect(launcher.asked).toEqual([]);
    expect(await store.control(run.id)).toMatchObject({ cancelled: false, paused: false });
  });

  it('openRun refused its input -> the SwarmError that it was', async () => {
    const problems = [{ code: 'E_TASK_RANGE', found: 'workers is 0' }];
    const inner = ApplicationFailure.create({ message: 'x', type: 'E_TASK_RANGE', details: [{ problems, exitCode: 2 }] });
    launcher.failure = new WorkflowFailedError(
      'failed',
      Object.assign(new Error('activity'), { cause: inner }) as never,
      'FAILED' as never,
    );
    launcher.ended.open(null);
    const error = (await run.result().catch((thrown: unknown) => thrown)) as SwarmError;
    expect(SwarmError.is(error)).toBe(true);
    expect([error.problems, error.exitCode]).toEqual([problems, EXIT.badInput]);
  });

  it('the run failed, and its workflow with it -> no error, the state is what counts', async () => {
    const failed = ApplicationFailure.create({
      message: 'E_RUN_FAILED: x',
      type: 'E_RUN_FAILED',
      details: [{ state: 'failed' }],
    });
    launcher.failure = new WorkflowFailedError('failed', failed, 'FAILED' as never);
    launcher.ended.open(null);
    const result = run.result();
    await new Promise((resolve) => setTimeout(resolve, 60));
    await ends('failed', 'request');
    expect(await result).toMatchObject({ state: 'failed', exitCode: EXIT.badInput });
  });

  it('the workflow ends as cancelled -> no error, the state is what counts', async () => {
    launcher.failure = new WorkflowFailedError('cancelled', new CancelledFailure('cancelled'), 'CANCELED' as never);
    launcher.ended.open(null);
    const result = run.result();
    await new Promise((resolve) => setTimeout(resolve, 60));
    await ends('cancelled', 'cancelled');
    expect((await result).exitCode).toBe(EXIT.sigint);
  });

  it('Temporal is away for a while -> looks again', async () => {
    launcher.away = true;
    const result = run.result();
    await new Promise((resolve) => setTimeout(resolve, 300));
    launcher.away = false;
    await ends('completed');
    expect((await result).state).toBe('completed');
  });

  it('the store says running and there is no open workflow for 5 s -> E_RUN_ENDED', async () => {
    launcher.isOpen = false;
    await expect(run.result()).rejects.toMatchObject({ code: 'E_RUN_ENDED', exitCode: EXIT.failedRows });
  }, 20_000);

  it('the epoch that was joined ends by a disk that had failed before -> the next one, once; its end is the end, also of the outcomes', async () => {
    const joined = new StoredRun(run.id, { ...handleOptions(), joined: 1 });
    launcher.onStart = () => store.updateRun(run.id, { state: 'staged', endedAt: null, publishedAt: null });
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { index } of joined.outcomes()) seen.push(index);
    })();
    await ends('paused', 'disk');
    const result = joined.result();
    await until('the next epoch is asked for', () => launcher.asked.length > 0);
    await store.openEpoch(run.id, { workflowId: `${run.id}/e2`, executionId: `${run.id}-2` }, Date.now());
    await answered(1, ['late']);
    await ends('paused', 'disk');
    expect(await result).toMatchObject({ state: 'paused', exitCode: EXIT.diskWrite });
    await reading;
    expect([seen, launcher.asked]).toEqual([[1], ['startOrResume']]);
  });

  it.each(['staged', 'paused'] as const)(
    'a %s run whose workflow has failed, and nobody could say so -> what it failed with',
    async (state) => {
      launcher.isOpen = false;
      launcher.closedAs = 'FAILED';
      launcher.ended.open(null);
      const details = [{ problems: [{ code: 'E_STORE_WRITE', found: 'no room' }], exitCode: EXIT.diskWrite }];
      const cause = ApplicationFailure.create({ message: 'E_STORE_WRITE: no room', details });
      launcher.failure = new WorkflowFailedError('failed', cause, undefined as never);
      await store.updateRun(run.id, { state, reason: state === 'paused' ? 'user' : null });
      await expect(run.result()).rejects.toMatchObject({ code: 'E_STORE_WRITE', exitCode: EXIT.diskWrite });
    },
    20_000,
  );

  it('a run that is gone -> E_RUN_UNKNOWN', async () => {
    await store.dropRun(run.id);
    await expect(run.result()).rejects.toMatchObject({ code: 'E_RUN_UNKNOWN' });
  });
});

describe('acting', () => {
  it('pause, resume, cancel of a run under way -> its workflow is told', async () => {
    await run.pause();
    await run.resume();
    await run.cancel();
    expect(launcher.asked).toEqual(['pause', 'goOn', 'cancel']);
    expect(await store.control(run.id)).toMatchObject({ cancelled: true });
  });

  it('pause and cancel of a run that has ended, resume of a completed one -> nothing', async () => {
    await ends('completed');
    await run.pause();
    await run.cancel();
    await run.resume();
    expect(launcher.asked).toEqual([]);
    expect(await store.run(run.id)).toMatchObject({ state: 'completed' });
  });

  it('cancel of a run that ends in this moment -> its own end', async () => {
    launcher.isOpen = false;
    launcher.open = async () => {
      await ends('completed');
      return null;
    };
    await run.cancel();
    expect(await store.run(run.id)).toMatchObject({ state: 'completed', reason: null });
  });

  it('cancel without a workflow -> cancelled by itself; nothing was published', async () => {
    launcher.isOpen = false;
    await run.cancel();
    expect(await run.result()).toMatchObject({ state: 'cancelled', outputFile: null, exitCode: EXIT.sigint });
  });

  it('resize -> control row, then the workflow', async () => {
    await run.resize({ concurrency: 7, maxCost: 0.25, requestsPerMinute: null });
    expect(await store.control(run.id)).toMatchObject({ concurrency: 7, capNano: 250_000_000, requestsPerMinute: null });
    expect(launcher.asked).toEqual(['resize [{"concurrency":7,"maxCost":0.25,"requestsPerMinute":null}]']);
  });

  it('resize of a capped run -> the cap is there for the next start', async () => {
    await ends('capped', 'capped');
    await run.resize({ maxCost: 3 });
    expect(await run.progress()).toMatchObject({ maxCostUsd: 3, state: 'capped' });
    expect(launcher.asked).toEqual([]);
  });

  it('progress: what gates found of the provider -> told', async () => {
    expect((await run.progress()).found).toBeNull();
    const row = await store.run(run.id);
    const learned = { pace: 40, window: null, auto: 16, noise: 0, answerTokens: 5, at: 7 };
    await store.setLimits(gateKey(row!.task.model), learned);
    const found = { callsPerSecond: 40, callsInFlight: null, refusedAnyway: 0, at: 7 };
    expect((await run.progress()).found).toEqual(found);
  });

  it('resize: rates and caps of every kind -> in the control row; a number of workers ends auto', async () => {
    await store.setControl(run.id, { auto: true });
    await run.resize({ tokensPerMinute: 5_000, maxCostPerCall: 0.1, maxCostPerRow: 0.5, maxDailyCost: 9, concurrency: 3 });
    const caps = { callCapNano: 100_000_000, rowCapNano: 500_000_000, dayCapNano: 9_000_000_000 };
    const control = { tokensPerMinute: 5_000, ...caps, concurrency: 3, auto: false };
    expect(await store.control(run.id)).toMatchObject(control);
    await run.resize({ tokensPerMinute: null, maxCostPerCall: null, maxCostPerRow: null, maxDailyCost: null });
    const none = { tokensPerMinute: null, callCapNano: null, rowCapNano: null, dayCapNano: null, concurrency: 3 };
    expect(await store.control(run.id)).toMatchObject(none);
  });

  it('resize: a cap over an unknown price -> E_PRICE_UNKNOWN, nothing is written', async () => {
    const id = `unpriced-${made}`;
    await stage(store, id, 1, aTask({ model: { provider: 'x.test', model: 'm', apiBase: 'http://x.test/v1', apiKeyEnv: null } }));
    const before = await store.control(id);
    const unpriced = new StoredRun(id, handleOptions());
    for (const caps of [{ maxCost: 1 }, { maxCostPerCall: 1 }, { maxCostPerRow: 1 }, { maxDailyCost: 1 }]) {
      await expect(unpriced.resize(caps)).rejects.toMatchObject({ code: 'E_PRICE_UNKNOWN', exitCode: EXIT.badInput });
    }
    expect(await store.control(id)).toEqual(before);
    await unpriced.resize({ maxCost: null, concurrency: 2 });
    expect(await store.control(id)).toMatchObject({ capNano: null, concurrency: 2 });
  });

  it('progress: looks at a run -> its first rows and the sum of the day are read once; for a list without the rest not at all', async () => {
    const reads: string[] = [];
    const counting: Store = {
      ...store,
      firstRows: (...asked) => {
        reads.push('rows');
        return store.firstRows(...asked);
      },
      chargedIn: (...asked) => {
        reads.push('day');
        return store.chargedIn(...asked);
      },
    };
    const id = `looked-${made}`;
    await stage(store, id, 30, aTask());
    await store.openEpoch(id, { workflowId: `${id}/e1`, executionId: `${id}-1` }, Date.now());
    for (let index = 0; index < 20; index += 1) await answered(index, ['an answer'], 1, { runId: id });
    const settings = { maxDailyCost: { usd: 5, timeZone: 'UTC' }, warnAt: { usd: 4, timeZone: 'UTC' } };
    const looked = new StoredRun(id, { ...handleOptions(settings), store: counting });
    expect((await looked.progress()).rest).toMatchObject({ rows: 10, sample: 20 });
    expect(reads).toEqual(['rows', 'day']);
    await looked.progress();
    expect(reads).toEqual(['rows', 'day', 'day']);
    const listed = async (rest: boolean) =>
      (await listProgress(counting, { states: ['running'], rest }, settings)).find((one) => one.run === id);
    expect(await listed(false)).toMatchObject({ ok: 20, rest: null });
    expect(reads).toEqual(['rows', 'day', 'day', 'day']);
    expect((await listed(true))?.rest).toMatchObject({ sample: 20 });
  });

  it('progress: amounts to be warned of -> told from the moment that they are reached; the day against its cap', async () => {
    const day = { usd: 1e-6, timeZone: 'UTC' };
    const id = `warned-${made}`;
    await stage(store, id, 3, aTask({ warnAt: 2e-7 }));
    const warned = new StoredRun(id, handleOptions({ maxDailyCost: { usd: 5, timeZone: 'UTC' }, warnAt: day }));
    expect((await warned.progress()).warnings).toEqual([]);
    const before = (await warned.progress()).today?.costUsd ?? 0;
    await answered(0, ['an answer'], 1, { runId: id, costNano: 200 });
    const { warnings, today } = await warned.progress();
    expect(warnings[0]).toMatchObject({ key: 'warn_at', message: expect.stringContaining('warn_at is $') });
    expect(today).toEqual({ costUsd: expect.closeTo(before + 2e-7, 12), maxCostUsd: 5 });
    await answered(1, ['another'], 1, { runId: id, costNano: 2_000 });
    expect((await warned.progress()).warnings.map(({ key }) => key)).toEqual(['warn_at', 'SWARM_WARN_AT']);
    await store.setControl(id, { dayCapNano: 9_000_000_000 });
    // Of several caps the strictest.
    expect((await warned.progress()).today?.maxCostUsd).toBe(5);
    await store.setControl(id, { dayCapNano: 3_000_000_000 });
    expect((await warned.progress()).today?.maxCostUsd).toBe(3);
    await store.takeStartCap(id, { capNano: 2_000_000_000, timeZone: 'Asia/Tokyo' }, true);
    expect((await warned.progress()).today?.maxCostUsd).toBe(2);
  });

  it.each([
    { tokensPerMinute: 0 },
    { maxDailyCost: Number.NaN },
    { concurrency: 0 },
    { concurrency: 2.5 },
    { maxCost: -1 },
    { maxCost: Number.NaN },
    { requestsPerMinute: 0 },
  ])('resize to %o -> E_CLI_VALUE, nothing is written', async (size) => {
    const before = await store.control(run.id);
    await expect(run.resize(size)).rejects.toMatchObject({ code: 'E_CLI_VALUE' });
    expect(await store.control(run.id)).toEqual(before);
  });

  it('retry -> failed rows are pending again, after the workflow under way has ended', async () => {
    await failedRow(0);
    await answered(1, ['fine']);
    const retrying = run.retry();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(launcher.asked).toEqual([]);
    launcher.ended.open(null);
    expect(await retrying).toBe(1);
    expect(launcher.asked).toEqual(['goOn']);
    expect(await run.progress()).toMatchObject({ ok: 1, failed: 0 });
  });

  it('retry, when an earlier one could not open its epoch -> goes on with the rows that it opened again', async () => {
    await failedRow(1);
    await store.reopenFailed(run.id);
    await ends('paused', 'disk');
    expect(await run.retry()).toBe(3);
    expect(launcher.asked).toEqual(['goOn']);
  });

  it('retry that is not to wait, of a run under way -> E_LOCKED at once, nothing is changed', async () => {
    await failedRow(1);
    await expect(run.retry({ wait: false })).rejects.toMatchObject({ code: 'E_LOCKED', exitCode: EXIT.locked });
    expect(await store.totals(run.id)).toMatchObject({ failed: 1 });
    expect(launcher.asked).toEqual([]);
  });

  it('retry of a cause that no row has -> 0, nothing is started', async () => {
    await failedRow(0);
    launcher.ended.open(null);
    expect(await run.retry({ cause: 'transport' })).toBe(0);
    expect(launcher.asked).toEqual([]);
    expect(await run.progress()).toMatchObject({ failed: 1 });
  });
});

describe('progress', () => {
  it('a run under way -> counts, money and limits of the store', async () => {
    await answered(0, ['x']);
    await store.intend({
      runId: run.id,
      index: 1,
      turn: 1,
      epoch: 1,
      phase: 'map',
      role: 'worker',
      owner: OWNER,
      reservedNano: 7,
      at: Date.now(),
    });
    expect(await run.progress()).toMatchObject({
      run: run.id,
      name: 'test',
      state: 'running',
      epoch: 1,
      total: 3,
      ok: 1,
      inFlight: 1,
      calls: 1,
      usage: USAGE,
      costUsd: 5e-9,
      heldUsd: 7e-9,
      maxCostUsd: null,
      concurrency: 4,
    });
  });

  it('a run that is still staged -> E_RUN_UNKNOWN', async () => {
    const { id } = run;
    await store.updateRun(id, { state: 'staging' });
    await expect(run.progress()).rejects.toMatchObject({ code: 'E_RUN_UNKNOWN' });
  });
});
