import { AsyncLocalStorage } from 'node:async_hooks';
import { ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ClockSteps } from '../../src/host/clock-steps.js';
import { Launcher } from '../../src/runs/launch.js';
import type { RunRow } from '../../src/store/port/store.js';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** What the server says while the workers that held the workflow's task died. */
function workersDied(): ServiceError {
  const details = 'Unable to perform workflow execution update due to Workflow Task in failed state.';
  return new ServiceError('failed', { cause: Object.assign(new Error(details), { code: 9, details, metadata: {} }) });
}

function scene(failing: 'nothing' | 'workflow' | 'workers' | 'silent' | 'store' = 'nothing') {
  const asked: unknown[][] = [];
  const said: string[] = [];
  const clock = {
    step: 0,
    wall: () => NOW,
    takeStep() {
      const { step } = this;
      this.step = 0;
      return step;
    },
  };
  const rows = [
    { id: 'r', home: 'mine', workflowId: 'r/e1' },
    { id: 'theirs', home: 'theirs', workflowId: 'theirs/e1' },
    { id: 'unopened', home: 'mine', workflowId: null },
  ] as RunRow[];
  const getHandle = (id: string) => ({
    executeUpdate: async ({ name }: { name: string }, input: object) => {
      asked.push([id, name, input]);
      if (failing === 'workers' && asked.length < 3) throw workersDied();
      if (failing === 'silent') await new Promise(() => undefined);
      if (failing === 'workflow') throw new WorkflowNotFoundError('gone', id, undefined);
    },
  });
  const steps = new ClockSteps({
    clock,
    store: {
      runs: async () => {
        if (failing === 'store') throw new Error('away');
        return rows;
      },
      updateRun: async (...change: unknown[]) => asked.push(change) > 0,
    },
    launcher: new Launcher({ workflow: { getHandle } } as never, {} as never),
    connection: { callContextStorage: new AsyncLocalStorage() },
    log: { info: () => undefined, warn: ((_facts: unknown, text: string) => void said.push(text)) as never },
    isOf: ({ home }) => home === 'mine',
  });
  const passes = async (step: number) => {
    clock.step = step;
    await vi.advanceTimersByTimeAsync(1_000);
  };
  return { asked, said, steps, passes };
}

const worked = (id: string, step: number) => [id, { state: 'running' }, ['running'], NOW - step];

it.each(['nothing', 'workflow'] as const)(
  'set back by an hour -> told, the time worked is kept, children that sleep are woken (failing: %s)',
  async (failing) => {
    const { asked, said, steps, passes } = scene(failing);
    await passes(0);
    expect([asked, said]).toEqual([[], []]);
    await passes(-HOUR);
    expect(said).toEqual(['the clock of this machine was set back by 1h 00m']);
    expect(asked).toEqual([worked('r', -HOUR), ['r/e1', 'resize', { args: [{}] }], worked('unopened', -HOUR)]);
    await steps.stop();
  },
);

it('set forward -> told, the time worked is kept', async () => {
  const { asked, said, steps, passes } = scene();
  await passes(2 * HOUR);
  expect(said).toEqual(['the clock of this machine was set forward by 2h 00m']);
  expect(asked).toEqual([worked('r', 2 * HOUR), worked('unopened', 2 * HOUR)]);
  await steps.stop();
});

it('a workflow that does not answer -> not waited for, the others are put right, and it can be stopped', async () => {
  const { asked, steps, passes } = scene('silent');
  await passes(-HOUR);
  const stopped = steps.stop();
  await vi.advanceTimersByTimeAsync(6_000);
  await stopped;
  expect(asked.at(-1)).toEqual(worked('unopened', -HOUR));
});

it('its workers have just died -> asked again until a living one has it, and the others are put right', async () => {
  const { asked, said, steps, passes } = scene('workers');
  await passes(-HOUR);
  await vi.advanceTimersByTimeAsync(1_000);
  const wake = ['r/e1', 'resize', { args: [{}] }];
  expect(asked).toEqual([worked('r', -HOUR), wake, wake, worked('unopened', -HOUR)]);
  expect(said).toHaveLength(1);
  await steps.stop();
});

it('the store is away -> told, nothing is thrown', async () => {
  const { said, steps, passes } = scene('store');
  await passes(-HOUR);
  expect(said).toHaveLength(2);
  await steps.stop();
});
