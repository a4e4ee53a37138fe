import { AsyncLocalStorage } from 'node:async_hooks';
import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { expect, it } from 'vitest';
import type { RunRow, Store } from '../../../src/store/port/store.js';
import type { OwnerRow } from '../../../src/store/port/workers.js';
import { DeadOwners } from '../../../src/worker/owners/dead-owners.js';
import { TestClock } from '../../support/test-clock.js';

const NOW = 1_000_000;

/** A living process that looks at these owners; what it asked of the store and of Temporal, in order. */
function living(owners: Partial<OwnerRow>[], options: { runs?: Partial<RunRow>[]; failing?: boolean } = {}) {
  const steps: unknown[][] = [];
  let look: () => void = () => undefined;
  const answer = <T>(value: T) => Promise.resolve(value);
  const service = {
    respondActivityTaskFailed: async ({ taskToken }: { taskToken: Uint8Array }) => {
      steps.push(['fail', Buffer.from(taskToken).toString()]);
      if (options.failing) throw new Error('away');
      return {};
    },
    listWorkflowExecutions: () => answer({ executions: [] }),
  };
  const connection = {
    workflowService: service,
    plugins: [],
    callContextStorage: new AsyncLocalStorage(),
    withDeadline: (_: number, ask: () => Promise<unknown>) => ask(),
    ensureConnected: () => answer(undefined),
  };
  const store = {
    endOwner: async ({ id }: OwnerRow) => {
      steps.push(['endOwner', id]);
      return id === 'quicker' ? null : [Buffer.from(`of ${id}`).toString('base64')];
    },
    activityEnded: async (token: string) => void steps.push(['ended', Buffer.from(token, 'base64').toString()]),
    runs: async () => options.runs ?? [],
    restRun: async (id: string, workflowId: string, patch: object) => {
      steps.push(['restRun', id, workflowId, patch]);
      return true;
    },
  } as unknown as Store;
  const rows = () => owners.map((owner) => ({ home: 'h', temporal: 'ns', leaseUntil: NOW - 1, id: '', ...owner }));
  const dead = new DeadOwners({
    store,
    lease: {
      owner: 'me',
      temporal: 'ns',
      living: () => rows().filter(({ leaseUntil }) => leaseUntil > NOW),
      dead: (overMs = 0) => rows().filter(({ id, leaseUntil }) => id !== 'me' && leaseUntil <= NOW - overMs),
      onLook: (listener) => {
        look = listener;
        return () => undefined;
      },
    },
    clock: new TestClock(NOW),
    connection: connection as never,
    namespace: 'default',
    log: { info: () => undefined, warn: () => undefined },
    onError: (error) => steps.push(['error', String(error)]),
  });
  return {
    steps,
    async look() {
      look();
      await dead.close();
    },
  };
}

it('a lease that is over -> ended once, its activities failed by name and struck off', async () => {
  const me = living([{ id: 'gone' }, { id: 'alive', leaseUntil: NOW + 1 }, { id: 'me' }]);
  await me.look();
  expect(me.steps).toEqual([
    ['endOwner', 'gone'],
    ['fail', 'of gone'],
    ['ended', 'of gone'],
  ]);
});

it('somebody was quicker -> nothing more is done', async () => {
  const me = living([{ id: 'quicker' }]);
  await me.look();
  expect(me.steps).toEqual([['endOwner', 'quicker']]);
});

it('activities of another Temporal -> left to its own', async () => {
  const other = living([{ id: 'far', temporal: 'other' }]);
  await other.look();
  expect(other.steps).toEqual([]);
});

it('Temporal is away -> the token is kept and tried again at the next look', async () => {
  const owners = [{ id: 'gone' }];
  const options = { failing: true };
  const me = living(owners, options);
  await me.look();
  expect(me.steps).toEqual([
    ['endOwner', 'gone'],
    ['fail', 'of gone'],
  ]);
  owners.length = 0;
  options.failing = false;
  await me.look();
  expect(me.steps.slice(2)).toEqual([
    ['fail', 'of gone'],
    ['ended', 'of gone'],
  ]);
});

it('the host of a home died -> its attached runs are paused before their activities come back; detached and foreign ones go on', async () => {
  const runs = [
    { id: 'attached', detached: false, home: 'h', workflowId: 'attached/e1' },
    { id: 'detached', detached: true, home: 'h' },
    { id: 'foreign', detached: false, home: 'h2' },
  ];
  const me = living([{ id: 'host' }], { runs });
  await me.look();
  expect(me.steps).toEqual([
    ['endOwner', 'host'],
    [
      'restRun',
      'attached',
      'attached/e1',
      { state: 'interrupted', reason: 'host', message: expect.stringContaining('swarm resume') },
    ],
    ['fail', 'of host'],
    ['ended', 'of host'],
  ]);
});

it('the home has a new host already -> its runs are left alone', async () => {
  const runs = [{ id: 'attached', detached: false, home: 'h' }];
  const me = living([{ id: 'old host' }, { id: 'new host', leaseUntil: NOW + 5 }], { runs });
  await me.look();
  expect(me.steps.map((step) => step[0])).toEqual(['endOwner', 'fail', 'ended']);
});

it('a process of this machine -> dead at once when it is gone, much later while it lives', async () => {
  const gone = `${hostname()}:${spawnSync(process.execPath, ['--version']).pid}:1`;
  const slow = `${hostname()}:${process.pid}:2`;
  const stopped = `${hostname()}:${process.pid}:3`;
  const me = living([{ id: gone }, { id: slow }, { id: stopped, leaseUntil: NOW - 20_000 }]);
  await me.look();
  expect(me.steps.filter(([step]) => step === 'endOwner')).toEqual([
    ['endOwner', gone],
    ['endOwner', stopped],
  ]);
});
