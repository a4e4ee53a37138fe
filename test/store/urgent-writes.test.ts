/** What may not wait behind a busy store's other writes. A file's queue is as short as its disk is quick: only PostgreSQL has one. */
import { afterAll, describe, expect, test, vi } from 'vitest';
import { openStore } from '../../src/store/open-store.js';
import { PATIENCE } from '../support/patience.js';
import { intentOf, NOW, stagedRun, testDatabases } from './databases.js';

vi.setConfig(PATIENCE);
const databases = await testDatabases();
afterAll(() => Promise.all(databases.map((database) => database.stop())));
const WAITING = 1_500;
/** Two groups of 512 writes, one that is done and one that is under way, on a machine that is quick enough. */
const MOST_BEFORE = 1_100;

describe.each(databases.filter(({ name }) => name.startsWith('PostgreSQL')))('writes to $name', ({ missing, place }) => {
  test.skipIf(missing !== null)(
    `a beat and a stop behind ${WAITING} other writes -> committed before most of those`,
    async () => {
      const store = await openStore(await place());
      await stagedRun(store, 'r', WAITING + 1);
      expect((await store.intend(intentOf('r', WAITING))).kind).toBe('go');
      let written = 0;
      let gone = 0;
      const intents = Array.from({ length: WAITING }, async (_, index) => {
        const { kind } = await store.intend(intentOf('r', index));
        written += 1;
        if (kind === 'go') gone += 1;
      });
      // The first group is on its way.
      await intents[0];
      const beaten = store.beat({ id: 'p', home: 'h', pid: 1 }, NOW).then(() => written);
      const call = { runId: 'r', index: WAITING, turn: 1, attempt: 1 };
      const model = { provider: 'p', model: 'm', apiBase: null, apiKeyEnv: null };
      const stop = { cause: 'key', message: 'revoked', of: 'run', model } as const;
      await store.refuse({ ...call, kind: 'refused', code: 'E_KEY', at: NOW, stop });
      expect(await beaten).toBeLessThan(MOST_BEFORE);
      await Promise.all(intents);
      expect(written).toBe(WAITING);
      expect(gone).toBeLessThan(MOST_BEFORE);
      await store.close();
    },
  );
});
