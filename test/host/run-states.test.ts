import { AsyncLocalStorage } from 'node:async_hooks';
import { WorkflowNotFoundError } from '@temporalio/client';
import { expect, it } from 'vitest';
import { isOfHome } from '../../src/host/recovery.js';
import { RunStates } from '../../src/host/run-states.js';
import type { RunPatch, RunRow } from '../../src/store/port.js';

const quiet = { info: () => undefined, warn: () => undefined };

/** One run that the store calls running, and a workflow with this status (null: Temporal does not know it). */
function scene(status: string | null, run: Partial<RunRow> = {}, why = '') {
  const row = { id: 'r', state: 'running', workflowId: 'r/e1', detached: false, home: 'mine', ...run } as RunRow;
  const steps: unknown[] = [];
  const store = {
    runs: async ({ states }: { states: string[] }) => (states.includes(row.state) ? [{ ...row }] : []),
    run: async () => row,
    restRun: async (_id: string, workflowId: string, patch: RunPatch) => {
      if (row.state !== 'running' || row.workflowId !== workflowId) return false;
      Object.assign(row, patch);
      steps.push({ paused: true });
      return true;
    },
  };
  const handle = {
    describe: async () => {
      if (status === null) throw new WorkflowNotFoundError('not found', 'r/e1', undefined);
      return { status: { name: status } };
    },
    result: async () => {
      throw new Error('failed', { cause: new Error(why) });
    },
  };
  const states = new RunStates({
    store: store as never,
    client: { workflow: { getHandle: () => handle } } as never,
    connection: { callContextStorage: new AsyncLocalStorage() },
    launcher: { startOrResume: async (id: string) => void steps.push(`next epoch of ${id}`) } as never,
    log: quiet,
    isOf: isOfHome({ homeId: 'mine', ownStore: false }),
  });
  return { states, row, steps };
}

it.each([
  ['TERMINATED', 'interrupted', 'user', 'enough of it'],
  ['TIMED_OUT', 'interrupted', 'host', 'time limit'],
  ['COMPLETED', 'interrupted', 'host', 'has completed'],
  [null, 'interrupted', 'host', 'does not know'],
  ['FAILED', 'failed', null, 'enough of it'],
])('look: workflow %s -> %s (%s), no more calls, and how it goes on', async (status, state, reason, words) => {
  const { states, row, steps } = scene(status, {}, 'enough of it');
  await states.look();
  expect(row).toMatchObject({ state, reason, message: expect.stringContaining(words) });
  expect(row.message).toContain('swarm resume r');
  expect(steps).toEqual([{ paused: true }]);
});

it('look: an open workflow -> nothing is changed', async () => {
  const { states, row, steps } = scene('RUNNING');
  await states.look();
  expect({ state: row.state, steps }).toEqual({ state: 'running', steps: [] });
});

it.each([
  ['theirs', false],
  ['theirs', true],
  ['', false],
])('look: a run of home "%s" (detached: %s) that our Temporal does not know -> left alone', async (home, detached) => {
  const { states, row, steps } = scene(null, { home, detached });
  await states.look();
  expect({ state: row.state, steps }).toEqual({ state: 'running', steps: [] });
});

it('look: a detached run that Temporal does not know -> its next epoch, the row is left to it', async () => {
  const { states, row, steps } = scene(null, { detached: true });
  await states.look();
  expect({ state: row.state, steps }).toEqual({ state: 'running', steps: ['next epoch of r'] });
});

it('look: a detached run whose workflow was terminated -> rests: somebody wanted that', async () => {
  const { states, row, steps } = scene('TERMINATED', { detached: true });
  await states.look();
  expect({ state: row.state, steps }).toEqual({ state: 'interrupted', steps: [{ paused: true }] });
});

it.each([
  ['detached, left for a minute', { detached: true, createdAt: Date.now() - 60_000 }, ['next epoch of r']],
  ['detached, of this moment', { detached: true, createdAt: Date.now() + 10_000 }, []],
  ['detached, of before the clock was set back', { detached: true, createdAt: Date.now() + 60_000 }, ['next epoch of r']],
  ['of another home', { detached: true, createdAt: Date.now() - 60_000, home: 'theirs' }, []],
  ['attached', { detached: false, createdAt: Date.now() - 60_000 }, []],
])('look: a staged run, %s -> started once, or left', async (_, run, expected) => {
  const { states, steps } = scene('RUNNING', { state: 'staged', workflowId: null, ...run });
  await states.look();
  await states.look();
  expect(steps).toEqual(expected);
});
