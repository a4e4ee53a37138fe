import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { asyncLocalStorage, Context } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, it } from 'vitest';
import type { RemembersCalls } from '../../../src/temporal-connection.js';
import { leaveContexts } from '../../../src/worker/temporal/async-contexts.js';

/** A connection of the SDK, as far as it matters here. */
function aConnection() {
  const callContextStorage: RemembersCalls['callContextStorage'] = new AsyncLocalStorage();
  return { callContextStorage, withSignal: <T>(fn: () => Promise<T>) => callContextStorage.run({ deadline: 1 }, fn) };
}

it('leaveContexts: an activity begins -> it can read its context, and nothing is kept for what comes later', async () => {
  const connection = aConnection();
  const seen: unknown[] = [];
  const interceptors = [leaveContexts(connection)];
  const environment = new MockActivityEnvironment({ activityId: 'the-activity' }, { interceptors });
  const result = await environment.run(async () => {
    seen.push(Context.current().info.activityId);
    await sleep(1);
    seen.push(asyncLocalStorage.getStore() ?? 'left');
    return 'done';
  });
  expect({ seen, result }).toEqual({ seen: ['the-activity', 'left'], result: 'done' });
});

it('leaveContexts: the worker put its connection into a context -> that is left, too, and a failure passes through', async () => {
  const connection = aConnection();
  const seen: unknown[] = [];
  const [inbound] = [leaveContexts(connection)].map((factory) => factory({} as never).inbound);
  const running = connection.withSignal(async () => {
    seen.push(connection.callContextStorage.getStore());
    return await inbound?.execute?.({ args: [], headers: {} }, async () => {
      seen.push(connection.callContextStorage.getStore());
      await sleep(1);
      seen.push(connection.callContextStorage.getStore() ?? 'left');
      throw new Error('no luck');
    });
  });
  await expect(running).rejects.toThrow('no luck');
  expect(seen).toEqual([{ deadline: 1 }, { deadline: 1 }, 'left']);
});
