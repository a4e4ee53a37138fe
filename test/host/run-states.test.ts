import { AsyncLocalStorage } from 'node:async_hooks';
import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterEach, expect, it, vi } from 'vitest';
import { EXIT } from '../../src/core/errors.js';
import { isOfHome } from '../../src/host/recovery.js';
import { RunStates } from '../../src/host/run-states.js';
import { Launcher } from '../../src/runs/launch.js';
import type { RunPatch, RunRow } from '../../src/store/port/store.js';

const quiet = { info: () => undefined, warn: () => undefined };

afterEach(() => vi.useRealTimers());

/** One run that the store calls running, and a workflow with this status (null: Temporal does not know it). */
function scene(status: string | null, run: Partial<RunRow> = {}, why: ApplicationFailure | string = '') {
  const known = { id: 'r', state: 'running', epoch: 1, workflowId: 'r/e1', detached: false, home: 'mine', endedAt: null };
  const row = { ...known, publishedAt: null, ...run } as RunRow;
  const steps: unknown[] = [];
  const asked: string[] = [];
  const store = {
    runs: async ({ states }: { states: string[] }) => (states.includes(row.state) ? [{ ...row }] : []),
    run: async () => row,
    restRun: async (_id: string, workflowId: string, patch: RunPatch) => {
      if (row.state !== 'running' || row.workflowId !== workflowId) return false;
      Object.assign(row, patch);
      steps.push({ paused: true });
      return true;
    },
    updateRun: async (_id: string, patch: RunPatch, whileIn: readonly string[]) => {
      if (!whileIn.includes(row.state)) return false;
      Object.assign(row, patch);
      return true;
    },
  };
  /** The newest workflow that was started for the run. */
  const newest = row.state === 'staged' ? `r/e${row.epoch + 1}` : row.workflowId;
  const getHandle = (workflowId: string) => ({
    describe: async () => {
      asked.push(workflowId);
      if (status === null || workflowId !== newest) throw new WorkflowNotFoundError('not found', workflowId, undefined);
      return { status: { name: status }, runId: `${workflowId}-x` };
    },
    result: async () => {
      const cause = typeof why === 'string' ? ApplicationFailure.nonRetryable(why) : why;
      throw new WorkflowFailedError('failed', cause, undefined as never);
    },
  });
  const launcher = new Launcher({ workflow: { getHandle } } as never, store as never);
  vi.spyOn(launcher, 'startOrResume').mockImplementation(async (id) => {
    steps.push(`next epoch of ${id}`);
    return {} as never;
  });
  const states = new RunStates({
    store: store as never,
    connection: { callContextStorage: new AsyncLocalStorage() },
    launcher,
    log: quiet,
    isOf: isOfHome({ homeId: 'mine', ownStore: false }),
  });
  return { states, row, steps, asked };
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
  const { states, steps } = scene(null, { state: 'staged', workflowId: null, ...run });
  await states.look();
  await states.look();
  expect(steps).toEqual(expected);
});

const STORE_FULL = ApplicationFailure.nonRetryable('E_STORE_WRITE: the store could not be used', 'E_STORE_WRITE', {
  problems: [{ code: 'E_STORE_WRITE', found: 'the store could not be used' }],
  exitCode: EXIT.diskWrite,
});
const TAKEN = ApplicationFailure.nonRetryable('E_LOCKED: the folder belongs to run x', 'E_LOCKED', {
  problems: [{ code: 'E_LOCKED', found: 'the folder belongs to run x' }],
  exitCode: EXIT.locked,
});

it.each([
  ['staged', 'FAILED', STORE_FULL, { state: 'paused', reason: 'disk', message: expect.stringContaining('E_STORE_WRITE') }],
  [
    'staged',
    'FAILED',
    TAKEN,
    { state: 'failed', message: expect.stringContaining('belongs to run x; go on with: swarm resume r') },
  ],
  ['staged', 'TERMINATED', 'enough', { state: 'interrupted', reason: 'user', message: expect.stringContaining('enough') }],
  ['staged', 'CANCELLED', '', { state: 'cancelled', reason: 'cancelled', endedAt: expect.any(Number) }],
  [
    'paused',
    'TERMINATED',
    'enough',
    { state: 'interrupted', reason: 'user', message: expect.stringContaining('swarm resume r') },
  ],
  ['paused', null, '', { state: 'interrupted', reason: 'host', message: expect.stringContaining('does not know') }],
  ['interrupted', 'CANCELLED', '', { state: 'cancelled', reason: 'cancelled', endedAt: expect.any(Number) }],
] as const)('look: a %s run whose workflow is %s -> at the second look its row says so', async (state, status, why, expected) => {
  const { states, row } = scene(status, { state, reason: state === 'paused' ? 'user' : null }, why);
  await states.look();
  expect(row.state).toBe(state);
  await states.look();
  expect(row).toMatchObject(expected);
});

it('look: resting runs whose workflow is open, that have ended, or of whom all is said -> left alone; the last two are not asked about', async () => {
  const open = scene('RUNNING', { state: 'paused', reason: 'user' });
  const ended = scene('COMPLETED', { state: 'paused', reason: 'disk', endedAt: 5 });
  const said = scene('TERMINATED', {
    state: 'interrupted',
    reason: 'host',
    message: 'the host died; go on with: swarm resume r',
  });
  for (const { states } of [open, ended, said]) for (let look = 0; look < 3; look += 1) await states.look();
  expect([open.row.state, ended.row.state, said.row.message]).toEqual(['paused', 'paused', expect.stringContaining('host died')]);
  expect([open.asked.length > 2, ended.asked, said.asked.length]).toEqual([true, [], 4]);
});

it('look: an attached run was staged and its starter is gone -> interrupted after 15 s, and how it goes on', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const { states, row } = scene(null, { state: 'staged', workflowId: null, epoch: 0, createdAt: 0 });
  await states.look();
  vi.advanceTimersByTime(14_000);
  await states.look();
  expect(row.state).toBe('staged');
  vi.advanceTimersByTime(1_000);
  await states.look();
  expect(row).toMatchObject({ state: 'interrupted', message: expect.stringMatching(/starter ended .*swarm resume r/) });
});
