/** Where a run stands, from what its row says. */
import { expect, it } from 'vitest';
import { standingOf } from '../../src/runs/standing.js';
import type { RunRow } from '../../src/store/port/store.js';

const rest = { processes: null, waits: null };

it.each([
  [
    { state: 'staged', reason: null, endedAt: null },
    { ...rest, state: 'staged', reason: null, endedAt: null },
  ],
  [
    { state: 'paused', reason: 'user', endedAt: null },
    { ...rest, state: 'paused', reason: 'user', endedAt: null },
  ],
  [
    { state: 'paused', reason: 'key', endedAt: 5 },
    { ...rest, state: 'paused', reason: 'key', endedAt: 5 },
  ],
  [
    { state: 'interrupted', reason: 'host', endedAt: null },
    { ...rest, state: 'interrupted', reason: 'host', endedAt: null },
  ],
  [
    { state: 'completed', reason: null, endedAt: 5 },
    { ...rest, state: 'completed', reason: null, endedAt: 5 },
  ],
  [
    { state: 'capped', reason: 'capped', endedAt: null },
    { ...rest, state: 'capped', reason: 'capped', endedAt: null },
  ],
  [
    { state: 'failed', reason: null, endedAt: 5 },
    { ...rest, state: 'failed', reason: null, endedAt: 5 },
  ],
])('%o at rest -> nobody works on it, and nobody is asked', async (row, standing) => {
  const asked = () => Promise.reject(new Error('asked who works on it'));
  expect(await standingOf(row as RunRow, asked)).toEqual(standing);
});

it('running -> who works on it and what it waits for; no reason and no end', async () => {
  const row = { state: 'running', reason: null, endedAt: null } as RunRow;
  expect(await standingOf(row, async () => ({ processes: 2, waits: null }))).toEqual({
    state: 'running',
    reason: null,
    endedAt: null,
    processes: 2,
    waits: null,
  });
});
