import { expect, it } from 'vitest';
import { knownRun } from '../../src/core/run-errors.js';

it('knownRun: a run of the store -> its row; any other -> E_RUN_UNKNOWN, and how to find one', async () => {
  const store = { run: async (id: string) => (id === 'r' ? { id } : null) };
  expect(await knownRun(store, 'r')).toEqual({ id: 'r' });
  await expect(knownRun(store, 'x')).rejects.toMatchObject({
    code: 'E_RUN_UNKNOWN',
    message: expect.stringContaining('swarm runs'),
  });
});
