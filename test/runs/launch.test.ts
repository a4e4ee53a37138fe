import type { Client } from '@temporalio/client';
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { EXIT } from '../../src/core/errors.js';
import { Launcher } from '../../src/runs/launch.js';
import type { Store } from '../../src/store/port/store.js';
import { fileStore } from '../activities/file-store.js';
import { aTask, stage } from '../activities/turn-setup.js';

/** A Temporal client that knows some workflows and records what it is asked. */
class FakeTemporal {
  readonly asked: string[] = [];
  readonly status = new Map<string, string>();
  pollers = 0;
  startsTwice = false;
  down = false;
  /** Called when somebody waits for a workflow's result. */
  onResult: (id: string) => void = () => undefined;
  updateHangs = false;
  resultHangs = false;
  readonly failures = new Map<string, Error>();
  updateFails: ApplicationFailure | null = null;

  get client(): Client {
    const workflow = {
      getHandle: (workflowId: string) => ({
        workflowId,
        describe: async () => {
          if (this.down) throw new Error('14 UNAVAILABLE');
          const name = this.status.get(workflowId);
          if (name === undefined) throw new WorkflowNotFoundError('not found', workflowId, undefined);
          return { status: { name }, runId: `${workflowId}-x` };
        },
        result: async () => {
          this.asked.push(`result ${workflowId}`);
          this.onResult(workflowId);
          const failure = this.failures.get(workflowId);
          if (failure) throw new WorkflowFailedError('failed', failure, undefined as never);
          if (this.status.get(workflowId) === 'RUNNING' && this.resultHangs) await new Promise(() => undefined);
        },
        executeUpdate: async ({ name }: { name: string }, { args }: { args?: unknown[] } = {}) => {
          this.asked.push([name, workflowId, ...(args ?? []).map((given) => JSON.stringify(given))].join(' '));
          if (this.updateFails) throw new WorkflowUpdateFailedError('Workflow Update failed', this.updateFails);
          if (this.updateHangs) await new Promise(() => undefined);
          if (this.status.get(workflowId) !== 'RUNNING') throw new WorkflowNotFoundError('closed', workflowId, undefined);
        },
      }),
      start: async (type: string, options: { workflowId: string; args: unknown[]; workflowIdReusePolicy: string }) => {
        this.asked.push(`start ${type} ${options.workflowId} ${JSON.stringify(options.args)}`);
        const before = this.status.get(options.workflowId);
        const refused = before === 'RUNNING' || (before !== undefined && options.workflowIdReusePolicy === 'REJECT_DUPLICATE');
        if (this.startsTwice || refused) throw new WorkflowExecutionAlreadyStartedError('already', options.workflowId, type);
        this.status.set(options.workflowId, 'RUNNING');
        return { ...workflow.getHandle(options.workflowId), firstExecutionRunId: `${options.workflowId}-x` };
      },
    };
    const workflowService = {
      describeTaskQueue: async () => ({ pollers: Array.from({ length: this.pollers }, () => ({})) }),
    };
    return { workflow, workflowService, options: { namespace: 'default' } } as unknown as Client;
  }
}

const opened = fileStore();
let store: Store;
beforeAll(() => {
  store = opened.store;
});

let temporal: FakeTemporal;
let launcher: Launcher;
let made = 0;
let id: string;
beforeEach(async () => {
  temporal = new FakeTemporal();
  launcher = new Launcher(temporal.client, store);
  made += 1;
  id = `launched-${made}`;
  await stage(store, id, 2, aTask({ tags: { team: 'a' } }));
});

async function running(epoch = 1): Promise<void> {
  for (let at = 1; at <= epoch; at += 1) {
    await store.openEpoch(id, { workflowId: `${id}/e${at}`, executionId: `${id}-${at}` }, Date.now());
  }
  temporal.status.set(`${id}/e${epoch}`, 'RUNNING');
}

describe('startOrResume', () => {
  it('a host finds the closed workflow of a running run just before its next epoch is staged -> that epoch is not paused', async () => {
    await running();
    temporal.status.set(`${id}/e1`, 'COMPLETED');
    const control = store.control.bind(store);
    const looking = vi.spyOn(store, 'updateRun').mockImplementationOnce(async (...change) => {
      expect(await store.restRun(id, `${id}/e1`, { state: 'interrupted', reason: 'host', message: 'found closed' })).toBe(true);
      return await store.updateRun(...change);
    });
    await launcher.startOrResume(id);
    looking.mockRestore();
    expect(await control(id)).toMatchObject({ paused: false });
    expect(await store.run(id)).toMatchObject({ state: 'staged', message: null });
    // It comes too late for the next one.
    expect(await store.restRun(id, `${id}/e1`, { state: 'interrupted' })).toBe(false);
    await store.openEpoch(id, { workflowId: `${id}/e2`, executionId: `${id}-2` }, Date.now());
    expect(await store.restRun(id, `${id}/e1`, { state: 'interrupted' })).toBe(false);
    expect(await control(id)).toMatchObject({ paused: false });
  });

  it('a staged run -> its first epoch, by reference only', async () => {
    await launcher.startOrResume(id);
    expect(temporal.asked).toEqual([`start swarmRun ${id}/e1 [{"run":"${id}"}]`]);
    expect(await store.run(id)).toMatchObject({ state: 'staged', reason: null, publishedAt: null });
  });

  it('a workflow was started -> the host is told, and may fail; one that ran already -> it is not', async () => {
    const told: unknown[] = [];
    const opens = async (run: string, workflow: unknown) => {
      told.push([run, workflow]);
      throw new Error('the host is gone');
    };
    const tells = new Launcher(temporal.client, store, { host: { opens } });
    await tells.startOrResume(id);
    expect(told).toEqual([[id, { workflowId: `${id}/e1`, executionId: `${id}/e1-x` }]]);
    await running();
    await tells.startOrResume(id);
    temporal.startsTwice = true;
    temporal.status.clear();
    await tells.startOrResume(id);
    expect(told).toHaveLength(1);
  });

  it('a starter with a cap of a day -> the run has it; who joins may only lower it, who lets a paused run go on replaces it', async () => {
    const cap = (usd: number) => ({ capNano: usd * 1e9, timeZone: 'Europe/Berlin' });
    const by = (usd: number) => new Launcher(temporal.client, store, { cap: cap(usd) }).startOrResume(id);
    const held = async () => (await store.control(id)).startCap;
    await by(2);
    expect(await held()).toEqual(cap(2));
    await running();
    await by(5);
    expect(await held()).toEqual(cap(2));
    await by(1);
    expect(await held()).toEqual(cap(1));
    await launcher.startOrResume(id);
    expect(await held()).toEqual(cap(1));
    await store.setControl(id, { paused: true });
    await by(5);
    expect(await held()).toEqual(cap(5));
  });

  it('an unknown run -> E_RUN_UNKNOWN', async () => {
    await expect(launcher.startOrResume('nobody')).rejects.toMatchObject({ code: 'E_RUN_UNKNOWN', exitCode: EXIT.badInput });
  });

  it('a run under way -> joined, nothing is started; its workflow looks at the control row again', async () => {
    await running();
    expect((await launcher.startOrResume(id)).workflowId).toBe(`${id}/e1`);
    expect(temporal.asked).toEqual([`resize ${id}/e1 {}`]);
  });

  it('let go on in the store by a program that died before it told the workflow -> resumed', async () => {
    await running();
    await store.updateRun(id, { state: 'interrupted', reason: 'host' });
    await store.setControl(id, { paused: false });
    await launcher.startOrResume(id);
    expect(temporal.asked).toEqual([`resume ${id}/e1`]);
    expect(await store.run(id)).toMatchObject({ state: 'running' });
  });

  it('a paused or interrupted run with its workflow -> resumed', async () => {
    for (const state of ['paused', 'interrupted'] as const) {
      await running(1);
      await store.setControl(id, { paused: true });
      await store.updateRun(id, { state, reason: state === 'paused' ? 'user' : 'host' });
      temporal.asked.length = 0;
      const { workflowId } = (await store.run(id)) as { workflowId: string };
      temporal.status.set(workflowId, 'RUNNING');
      await launcher.startOrResume(id);
      expect(temporal.asked).toEqual([`resume ${workflowId}`]);
      expect(await store.run(id)).toMatchObject({ state: 'running', reason: null });
      expect(await store.control(id)).toMatchObject({ paused: false });
    }
  });

  it('its workflow is closed, or Temporal lost it -> the next epoch', async () => {
    await running(2);
    temporal.status.set(`${id}/e2`, 'FAILED');
    await launcher.startOrResume(id);
    temporal.status.clear();
    await launcher.startOrResume(id);
    expect(temporal.asked).toEqual([`start swarmRun ${id}/e3 [{"run":"${id}"}]`, `start swarmRun ${id}/e3 [{"run":"${id}"}]`]);
  });

  it('a cancel is being carried out -> waits for its end, then the next epoch, no longer cancelled', async () => {
    await running();
    await store.setControl(id, { cancelled: true });
    await launcher.startOrResume(id);
    expect(temporal.asked).toEqual([`result ${id}/e1`, `start swarmRun ${id}/e2 [{"run":"${id}"}]`]);
    expect(await store.control(id)).toMatchObject({ cancelled: false, paused: false });
  });

  it('Temporal goes away while the end of the last epoch is waited for -> the error, no next epoch beside it', async () => {
    await running();
    await store.setControl(id, { cancelled: true });
    temporal.onResult = () => {
      throw new Error('14 UNAVAILABLE');
    };
    await expect(launcher.startOrResume(id)).rejects.toThrow('UNAVAILABLE');
    expect(temporal.asked).toEqual([`result ${id}/e1`]);
    expect(await store.control(id)).toMatchObject({ cancelled: true });
  });

  it('its workflow has published and is about to close -> waits for it, then the next epoch', async () => {
    await running();
    await store.updateRun(id, { state: 'capped', reason: 'capped', endedAt: 5, publishedAt: 5 });
    await launcher.startOrResume(id);
    expect(temporal.asked).toEqual([`result ${id}/e1`, `start swarmRun ${id}/e2 [{"run":"${id}"}]`]);
    expect(await store.run(id)).toMatchObject({ publishedAt: null, reason: null });
  });

  it('another starter was quicker -> its workflow', async () => {
    temporal.startsTwice = true;
    expect((await launcher.startOrResume(id)).workflowId).toBe(`${id}/e1`);
  });

  it('Temporal is away -> the error, and the run is as it was', async () => {
    await running();
    temporal.down = true;
    await expect(launcher.startOrResume(id)).rejects.toThrow('UNAVAILABLE');
    expect(await store.run(id)).toMatchObject({ state: 'running' });
  });
});

describe('a workflow that ended before it could open its epoch', () => {
  const start = () => `start swarmRun ${id}/e1 [{"run":"${id}"}]`;
  const diskFailure = () =>
    ApplicationFailure.nonRetryable('E_OUT_WRITE: no', 'E_OUT_WRITE', {
      problems: [{ code: 'E_OUT_WRITE', found: 'a file stands there' }],
      exitCode: EXIT.diskWrite,
    });

  it.each(['FAILED', 'TERMINATED', 'COMPLETED'])('it is %s -> the same epoch is started again', async (status) => {
    temporal.status.set(`${id}/e1`, status);
    expect((await launcher.startOrResume(id)).workflowId).toBe(`${id}/e1`);
    expect(temporal.asked).toEqual([start(), start()]);
    expect(temporal.status.get(`${id}/e1`)).toBe('RUNNING');
  });

  it('its epoch was opened by a quicker starter, and has ended -> that one counts', async () => {
    const known = await store.run(id);
    await running();
    temporal.status.set(`${id}/e1`, 'COMPLETED');
    const looking = vi.spyOn(store, 'run').mockResolvedValueOnce(known);
    expect((await launcher.startOrResume(id)).workflowId).toBe(`${id}/e1`);
    looking.mockRestore();
    expect(temporal.status.get(`${id}/e1`)).toBe('COMPLETED');
  });

  it('a staged or paused run whose first workflow is not open yet -> it is the one that is joined', async () => {
    temporal.status.set(`${id}/e1`, 'RUNNING');
    expect((await launcher.startOrResume(id)).workflowId).toBe(`${id}/e1`);
    await launcher.pause(id, null);
    await launcher.startOrResume(id);
    expect(temporal.asked).toEqual([`resume ${id}/e1`]);
  });

  it('the row says that the disk failed while its workflow is still failing -> waited for, then started again', async () => {
    await store.updateRun(id, { state: 'paused', reason: 'disk', message: 'no', endedAt: 5 });
    temporal.status.set(`${id}/e1`, 'RUNNING');
    temporal.onResult = (workflow) => temporal.status.set(workflow, 'FAILED');
    await launcher.startOrResume(id);
    expect(temporal.asked).toEqual([`result ${id}/e1`, start(), start()]);
    expect(await store.run(id)).toMatchObject({ state: 'staged', reason: null, endedAt: null });
  });

  it('goOn: it opens -> done; it fails -> what it failed with', async () => {
    temporal.resultHangs = true;
    const going = launcher.goOn(id);
    await vi.waitFor(() => expect(temporal.status.get(`${id}/e1`)).toBe('RUNNING'));
    await running();
    await going;
    await store.updateRun(id, { state: 'paused', reason: 'disk', endedAt: 5 });
    temporal.status.set(`${id}/e1`, 'COMPLETED');
    temporal.failures.set(`${id}/e2`, diskFailure());
    await expect(launcher.goOn(id)).rejects.toMatchObject({ code: 'E_OUT_WRITE', exitCode: EXIT.diskWrite });
  });
});

describe('goOnAfterDeath', () => {
  const interrupt = () => store.restRun(id, `${id}/e1`, { state: 'interrupted', reason: 'host', message: 'the host died' });

  it('an interrupted run -> runs, its calls are not paused, host and workflow are told; once more -> they are told again', async () => {
    await running();
    await interrupt();
    const told: string[] = [];
    const tells = new Launcher(temporal.client, store, { host: { goOn: async (run) => void told.push(run) } });
    await tells.goOnAfterDeath(id);
    expect(await store.run(id)).toMatchObject({ state: 'running', reason: null, message: null });
    expect(await store.control(id)).toMatchObject({ paused: false });
    // The first one may have died with its host.
    await tells.goOnAfterDeath(id);
    expect(temporal.asked).toEqual([`resize ${id}/e1 {}`, `resize ${id}/e1 {}`]);
    expect(told).toEqual([id, id]);
  });

  it.each([
    ['paused', 'user'],
    ['paused', 'billing'],
    ['interrupted', 'user'],
    ['completed', null],
  ] as const)('a run that is %s, reason %s -> left alone', async (state, reason) => {
    await running();
    await store.setControl(id, { paused: true });
    await store.updateRun(id, { state, reason });
    await launcher.goOnAfterDeath(id);
    expect(temporal.asked).toEqual([]);
    expect(await store.run(id)).toMatchObject({ state });
    expect(await store.control(id)).toMatchObject({ paused: true });
  });

  it('a person pauses it in the same moment -> it stays paused', async () => {
    await running();
    await interrupt();
    const letGoOn = store.letGoOn.bind(store);
    const amid = vi.spyOn(store, 'letGoOn').mockImplementationOnce(async (...input) => {
      await store.updateRun(id, { state: 'paused', reason: 'user' });
      return await letGoOn(...input);
    });
    await launcher.goOnAfterDeath(id);
    amid.mockRestore();
    expect(await store.run(id)).toMatchObject({ state: 'paused', reason: 'user' });
    expect(await store.control(id)).toMatchObject({ paused: true });
    expect(temporal.asked).toEqual([]);
  });

  it('its cancelled workflow closes in the same moment -> the cancel is not undone', async () => {
    await running();
    await interrupt();
    await store.setControl(id, { cancelled: true });
    const open = vi.spyOn(launcher, 'open').mockImplementationOnce(async () => {
      await store.updateRun(id, { state: 'cancelled', reason: 'cancelled' });
      return null;
    });
    await launcher.goOnAfterDeath(id);
    open.mockRestore();
    expect(temporal.asked).toEqual([]);
    expect(await store.run(id)).toMatchObject({ state: 'cancelled' });
    expect(await store.control(id)).toMatchObject({ cancelled: true });
  });

  it('wake: a cancel that its host died with is carried out by the workflow -> no next epoch', async () => {
    await running();
    await store.setControl(id, { cancelled: true });
    await launcher.wake(id);
    expect(temporal.asked).toEqual([]);
    expect(await store.control(id)).toMatchObject({ cancelled: true });
  });

  it('Temporal lost the workflow with the host -> the next epoch', async () => {
    await running();
    await interrupt();
    temporal.status.clear();
    await launcher.goOnAfterDeath(id);
    expect(temporal.asked).toEqual([`start swarmRun ${id}/e2 [{"run":"${id}"}]`]);
  });
});

describe('pause and resume', () => {
  it('pause -> control row and state first, then the workflow', async () => {
    await running();
    await launcher.pause(id, launcher.handle(`${id}/e1`));
    expect(temporal.asked).toEqual([`pause ${id}/e1`]);
    expect(await store.control(id)).toMatchObject({ paused: true });
    expect(await store.run(id)).toMatchObject({ state: 'paused', reason: 'user' });
  });

  it('resize -> the workflow is told, but of caps: those may only fall that way; without one nobody is', async () => {
    await running();
    const more = { maxCost: 9, maxCostPerCall: null, maxCostPerRow: 1, maxDailyCost: null };
    await launcher.resize(launcher.handle(`${id}/e1`), { concurrency: 3, tokensPerMinute: null, ...more });
    await launcher.resize(null, { concurrency: 4 });
    expect(temporal.asked).toEqual([`resize ${id}/e1 {"concurrency":3,"tokensPerMinute":null}`]);
  });

  it('pause without a workflow -> the control row', async () => {
    await launcher.pause(id, null);
    expect(await store.control(id)).toMatchObject({ paused: true });
  });

  it('the workflow closed meanwhile -> no error', async () => {
    await running();
    temporal.status.set(`${id}/e1`, 'COMPLETED');
    await launcher.pause(id, launcher.handle(`${id}/e1`));
    expect(temporal.asked).toEqual([`pause ${id}/e1`]);
  });

  it('the workflow took the Update on and closed -> no error; another failure of it -> thrown', async () => {
    await running();
    temporal.updateFails = ApplicationFailure.nonRetryable('completed before', 'AcceptedUpdateCompletedWorkflow');
    await launcher.pause(id, launcher.handle(`${id}/e1`));
    temporal.updateFails = ApplicationFailure.nonRetryable('concurrency must be a positive number', 'E_CLI_VALUE');
    await expect(launcher.pause(id, launcher.handle(`${id}/e1`))).rejects.toThrow('Workflow Update failed');
  });

  it('no worker takes the Update -> 5 s, then the control row is what counts', async () => {
    await running();
    temporal.updateHangs = true;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      let done = false;
      const pausing = launcher.pause(id, launcher.handle(`${id}/e1`)).then(() => {
        done = true;
      });
      await vi.waitFor(() => expect(temporal.asked).toHaveLength(1));
      await vi.advanceTimersByTimeAsync(4_900);
      expect(done).toBe(false);
      await vi.advanceTimersByTimeAsync(200);
      await pausing;
      expect(await store.control(id)).toMatchObject({ paused: true });
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('needWorker', () => {
  it('somebody polls -> fine', async () => {
    temporal.pollers = 1;
    await launcher.needWorker();
  });

  it('nobody polls for 5 s -> E_NO_WORKER, exit 4', async () => {
    vi.useFakeTimers();
    try {
      const asked = launcher.needWorker().catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(5_500);
      expect(await asked).toMatchObject({ code: 'E_NO_WORKER', exitCode: EXIT.unreachable });
    } finally {
      vi.useRealTimers();
    }
  });
});
