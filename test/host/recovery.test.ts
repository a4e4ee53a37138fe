import { Client, type Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureHome } from '../../src/home.js';
import { recover } from '../../src/host/recovery.js';
import { resolveTemporalBinary } from '../../src/host/temporal-binary.js';
import { TemporalServer } from '../../src/host/temporal-server.js';
import type { RunRow, Store } from '../../src/store/port.js';
import { connectTemporal } from '../../src/temporal-connection.js';
import { endHomes, newConfig } from './host-support.js';

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

/** Records what recovery asks of the store. */
function scriptedStore(tokens: string[], runs: Partial<RunRow>[]) {
  const steps: unknown[] = [];
  const store = {
    endOwners: async (home: string, keep: string) => {
      steps.push(['endOwners', home, keep]);
      return tokens;
    },
    runs: async () => runs as RunRow[],
    updateRun: async (id: string, patch: object) => void steps.push(['updateRun', id, patch]),
    setControl: async (id: string, patch: object) => void steps.push(['setControl', id, patch]),
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
  const { store, steps } = scriptedStore([token, token], []);
  const result = await recover({ store, connection, namespace: 'default', homeId: 'home', ownStore: true, log: quiet });
  expect(result).toEqual({ interrupted: [], returned: 1 });
  expect(steps).toEqual([['endOwners', 'home', '']]);
  expect((await poll()).attempt).toBe(2);
});

it('recover: running runs -> attached ones are paused and interrupted, detached ones go on', async () => {
  const runs = [
    { id: 'attached', detached: false },
    { id: 'detached', detached: true },
  ];
  const { store, steps } = scriptedStore([], runs);
  const result = await recover({ store, connection, namespace: 'default', homeId: 'home', ownStore: true, log: quiet });
  expect(result.interrupted).toEqual(['attached']);
  expect(steps.slice(1)).toEqual([
    ['setControl', 'attached', { paused: true }],
    ['updateRun', 'attached', { state: 'interrupted', reason: 'host' }],
  ]);
});

it('recover: a database shared with other homes -> no run is touched', async () => {
  const { store, steps } = scriptedStore([], [{ id: 'attached', detached: false }]);
  const result = await recover({ store, connection, namespace: 'default', homeId: 'home', ownStore: false, log: quiet });
  expect(result.interrupted).toEqual([]);
  expect(steps).toHaveLength(1);
});
