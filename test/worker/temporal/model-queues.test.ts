import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Activities } from '../../../src/activities/index.js';
import type { Store } from '../../../src/store/port/store.js';
import type { QueueRow } from '../../../src/store/port/workers.js';
import { ModelQueues } from '../../../src/worker/temporal/model-queues.js';
import { workerBasics } from '../../../src/worker/temporal/temporal-worker.js';
import type { RunTurnResult } from '../../../src/workflows/activity-messages.js';
import { gatekeeper, testStore, until } from '../../activities/turn-setup.js';
import { TestClock } from '../../support/test-clock.js';
import { doneTurn, startTemporal, type Temporal } from '../../workflows/temporal-setup.js';

let temporal: Temporal;
let opened: Awaited<ReturnType<typeof testStore>>;
let store: Store;
beforeAll(async () => {
  [temporal, opened] = await Promise.all([startTemporal(), testStore()]);
  store = opened.store;
}, 120_000);
afterAll(async () => {
  await temporal?.stop();
  await opened?.close();
});

const open: ModelQueues[] = [];
const errors: unknown[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((queues) => queues.close()));
  expect(errors).toEqual([]);
});

const clock = new TestClock(Date.now());
const row = (name: string, requestsPerMinute: number | null = null): QueueRow => ({
  name,
  provider: 'p',
  model: 'm',
  requestsPerMinute,
  callMs: null,
  lastUsedAt: clock.now(),
});

function newQueues(runTurn: () => Promise<RunTurnResult> = async () => ({ kind: 'paused' })): ModelQueues {
  const onError = (error: unknown) => void errors.push(error);
  const { native: connection } = temporal;
  const basics = workerBasics({ connection, namespace: 'default', owner: 'queue-worker', store, graceMs: 1_000, clock, onError });
  const queues = new ModelQueues({
    basics,
    connection,
    store,
    activities: { runTurn } as unknown as Activities,
  });
  open.push(queues);
  return queues;
}

async function pollers(queue: string): Promise<{ identity: string; rate: number }[]> {
  const request = { namespace: 'default', taskQueue: { name: queue }, taskQueueType: 2 as const };
  const found = await temporal.connection.workflowService.describeTaskQueue(request);
  return (found.pollers ?? []).map(({ identity, ratePerSecond }) => ({ identity: identity ?? '', rate: ratePerSecond ?? 0 }));
}

describe('ModelQueues', () => {
  it('open -> this process polls the queue at once, at the rate of its model', async () => {
    await newQueues().open(row('llm.p.open', 120));
    await until('it polls', async () => (await pollers('llm.p.open')).some(({ rate }) => rate === 2));
    expect((await pollers('llm.p.open'))[0]?.identity).toBe('queue-worker');
  });

  it('a model that appears in the store -> its queue is opened without being told', async () => {
    newQueues();
    await store.registerQueue(row('llm.p.appears'));
    await until('it polls', async () => (await pollers('llm.p.appears')).length > 0);
  });

  it('another rate -> the queue is polled with the new one', async () => {
    const queues = newQueues();
    await queues.open(row('llm.p.rate', 60));
    await until('it polls', async () => (await pollers('llm.p.rate')).some(({ rate }) => rate === 1));
    await queues.open(row('llm.p.rate', 600));
    await until('it polls faster', async () => (await pollers('llm.p.rate')).some(({ rate }) => rate === 10));
  });

  it('a turn of the queue -> carried out here; its token is in the store while it runs, for the host that comes after', async () => {
    const answer = gatekeeper<RunTurnResult>();
    await store.beat({ id: 'queue-worker', home: 'queue-home', pid: process.pid }, clock.now() + 60_000);
    let started = false;
    const runTurn = () => {
      started = true;
      return answer.promise;
    };
    await newQueues(runTurn).open(row('llm.test.tokens'));
    const { handle, scene } = await temporal.start('tokens', { items: 1, plan: { queue: 'llm.test.tokens' } });
    await until('the turn is under way', () => started);
    expect(await store.endOwners('queue-home', '', clock.now())).toHaveLength(1);
    scene.done.add(0);
    answer.open(doneTurn());
    expect(await handle.result()).toMatchObject({ state: 'completed', stop: null });
  });

  it('close -> takes no more; open after that does nothing', async () => {
    const queues = newQueues();
    await queues.open(row('llm.p.closed'));
    await queues.close();
    await queues.open(row('llm.p.late'));
    expect(await pollers('llm.p.late')).toEqual([]);
  });
});
