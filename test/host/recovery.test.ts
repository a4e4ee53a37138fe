import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { Client, type Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureHome } from '../../src/home.js';
import { giveBack, takeOver, wakeRuns } from '../../src/host/recovery.js';
import { resolveTemporalBinary } from '../../src/host/temporal/binary.js';
import { TemporalServer } from '../../src/host/temporal/server.js';
import type { RunRow, Store } from '../../src/store/port/store.js';
import { connectTemporal } from '../../src/temporal-connection.js';
import { endHomes, newConfig, until } from './host-support.js';

/** `COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK` and `COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK` of temporal.api.enums.v1. */
const SCHEDULE_ACTIVITY = 1;
const REQUEST_CANCEL_ACTIVITY = 2;

let server: TemporalServer;
let connection: Connection;

beforeAll(async () => {
  const config = await newConfig();
  const binary = await resolveTemporalBinary(config);
  server = await TemporalServer.start({ config, paths: ensureHome(config.home), binary, onProgress: () => undefined });
  connection = await connectTemporal({ address: server.address, namespace: server.namespace });
});

afterAll(async () => {
  await connection?.close();
  await server?.stop();
  await endHomes();
});

/** End of the lease of the host that died. */
const DIED_AT = 1_700_000_000_000;

/** Records what recovery asks of the store. */
function scriptedStore(tokens: string[], runs: Partial<RunRow>[]) {
  const steps: unknown[] = [];
  const store = {
    owners: async () => [{ id: 'old', home: 'home', temporal: '', leaseUntil: DIED_AT }],
    endOwners: async (home: string, keep: string) => {
      steps.push(['endOwners', home, keep]);
      return tokens;
    },
    runs: async ({ states }: { states: string[] }) => runs.filter((run) => states.includes(run.state ?? '')) as RunRow[],
    updateRun: async (id: string, patch: Partial<RunRow>, _whileIn: unknown, restedAt: number) => {
      steps.push(['updateRun', id, patch, restedAt]);
      const run = runs.find((other) => other.id === id);
      if (run && patch.state) run.state = patch.state;
    },
    restRun: async (id: string, workflowId: string, patch: Partial<RunRow>, restedAt: number) => {
      steps.push(['restRun', id, workflowId, patch, restedAt]);
      const run = runs.find((other) => other.id === id);
      if (run && patch.state) run.state = patch.state;
      return run?.workflowId === workflowId;
    },
  } as unknown as Store;
  return { store, steps };
}

const quiet = { info: () => undefined, warn: () => undefined };

it('recover: activities of the dead host -> tried again at once; unknown tokens do not matter', async () => {
  const client = new Client({ connection });
  const poll = () =>
    connection.withDeadline(Date.now() + 15_000, () =>
      connection.workflowService.pollActivityTaskQueue({ namespace: 'default', taskQueue: { name: 'q' }, identity: 'test' }),
    );
  await client.activity.start('turn', {
    id: 'a1',
    taskQueue: 'q',
    startToCloseTimeout: '10 minutes',
    heartbeatTimeout: '10 minutes',
    retry: { initialInterval: '5 minutes', maximumInterval: '24 hours' },
  });
  const first = await poll();
  expect(first.attempt).toBe(1);
  const token = Buffer.from(first.taskToken).toString('base64');
  expect(await giveBack({ connection, namespace: 'default', tokens: [token, token], owners: [], log: quiet })).toBe(1);
  expect((await poll()).attempt).toBe(2);
});

it('recover: an activity that the store does not know, started by a dead process or the host before -> tried again at once; by a living one -> left', async () => {
  const client = new Client({ connection });
  const soon = <T>(ask: () => Promise<T>) => connection.withDeadline(Date.now() + 15_000, ask);
  const startedBy = async (workflowId: string, identity: string) => {
    await client.workflow.start('swarmRun', { workflowId, taskQueue: 'durable-swarm' });
    const taskQueue = { name: 'durable-swarm' };
    const service = connection.workflowService;
    const { taskToken } = await soon(() => service.pollWorkflowTaskQueue({ namespace: 'default', taskQueue }));
    await service.respondWorkflowTaskCompleted({
      namespace: 'default',
      taskToken,
      commands: [
        {
          commandType: SCHEDULE_ACTIVITY,
          scheduleActivityTaskCommandAttributes: {
            activityId: 'a1',
            activityType: { name: 'runTurn' },
            taskQueue,
            startToCloseTimeout: msToTs('10 minutes'),
          },
        },
      ],
    });
    const { attempt } = await soon(() => service.pollActivityTaskQueue({ namespace: 'default', taskQueue, identity }));
    expect(attempt).toBe(1);
  };
  /** Numbers of events come as the wire's own kind of integer: one is made as Temporal's package makes those of times. */
  const fifth = () => msToTs(5_000).seconds ?? null;
  const cancelled = async (workflowId: string) => {
    await client.workflow.getHandle(workflowId).signal('anything');
    const service = connection.workflowService;
    const { taskToken } = await soon(() =>
      service.pollWorkflowTaskQueue({ namespace: 'default', taskQueue: { name: 'durable-swarm' } }),
    );
    // The activity is the fifth event of its workflow.
    const requestCancelActivityTaskCommandAttributes = { scheduledEventId: fifth() };
    const commands = [{ commandType: REQUEST_CANCEL_ACTIVITY, requestCancelActivityTaskCommandAttributes }];
    await service.respondWorkflowTaskCompleted({ namespace: 'default', taskToken, commands });
  };
  const attempt = async (workflowId: string) => {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    return raw.pendingActivities?.[0]?.attempt;
  };
  const dead = spawnSync(process.execPath, ['--version']).pid;
  await startedBy('of-dead', `${hostname()}:${dead}:0123abcd`);
  await startedBy('of-living', `${hostname()}:${process.pid}:0123abcd`);
  // Its pid was given away again.
  const before = `${hostname()}:${process.pid}:89abcdef`;
  await startedBy('of-the-host-before', before);
  // A cancel was on its way to it when its process died.
  await startedBy('of-dead-cancelled', `${hostname()}:${dead}:0123abcd`);
  await cancelled('of-dead-cancelled');
  await until('all runs are listed', async () => (await client.workflow.count('ExecutionStatus="Running"')).count === 4);
  expect(await giveBack({ connection, namespace: 'default', tokens: [], owners: [before], log: quiet })).toBe(3);
  await until('it is over', async () => (await attempt('of-dead-cancelled')) === undefined);
  await until('the next attempt', async () => (await attempt('of-dead')) === 2);
  await until('the next attempt', async () => (await attempt('of-the-host-before')) === 2);
  expect(await attempt('of-living')).toBe(1);
});

it('takeOver: running runs -> attached ones are paused and interrupted, detached ones go on', async () => {
  const runs = [
    { id: 'attached', workflowId: 'attached/e1', detached: false, state: 'running' as const, home: 'home' },
    { id: 'detached', detached: true, state: 'running' as const, home: 'home' },
    { id: 'of-another-home', detached: false, state: 'running' as const, home: 'other' },
  ];
  const { store, steps } = scriptedStore(['t'], runs);
  expect(await takeOver({ store, homeId: 'home', ownStore: true })).toEqual({
    interrupted: ['attached'],
    goingOn: ['detached'],
    owners: ['old'],
    tokens: ['t'],
  });
  expect(steps).toEqual([
    ['endOwners', 'home', ''],
    [
      'restRun',
      'attached',
      'attached/e1',
      { state: 'interrupted', reason: 'host', message: expect.stringContaining('swarm resume attached') },
      DIED_AT,
    ],
    ['updateRun', 'detached', { state: 'running' }, DIED_AT],
  ]);
});

it('takeOver: a run of before homes were kept, in a shared database -> not touched', async () => {
  const { store, steps } = scriptedStore([], [{ id: 'attached', detached: false, state: 'running', home: '' }]);
  expect(await takeOver({ store, homeId: 'home', ownStore: false })).toEqual({
    interrupted: [],
    goingOn: [],
    owners: ['old'],
    tokens: [],
  });
  expect(steps).toEqual([['endOwners', 'home', '']]);
});

it('wakeRuns: one cannot be told -> logged, the others are told', async () => {
  const told: string[] = [];
  const warned: object[] = [];
  const wake = async (run: string) => {
    if (run === 'a') throw new Error('14 UNAVAILABLE');
    told.push(run);
  };
  wakeRuns({ wake }, ['a', 'b'], { warn: (facts: object) => void warned.push(facts) } as never);
  await until('the failure is logged', () => warned.length === 1);
  expect(told).toEqual(['b']);
  expect(warned).toEqual([{ err: expect.any(Error), run: 'a' }]);
});
