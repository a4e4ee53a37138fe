import type { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pauseUpdate, progressQuery, resizeUpdate, resumeUpdate } from '../../src/workflows/messages.js';
import { until } from '../activities/turn-setup.js';
import { PATIENCE } from '../support/patience.js';
import { doneTurn, range, startTemporal, stopTurn, type Temporal, untilCancelled } from './temporal-setup.js';

vi.setConfig(PATIENCE);
let temporal: Temporal;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal?.stop());

describe('lanes', () => {
  it('450 seeds -> the lane continues as new after 400 children; every row exactly once', async () => {
    const { handle, scene } = await temporal.start('large', { items: 450, plan: { concurrency: 12 } });
    expect(await handle.result()).toMatchObject({ state: 'completed', counts: { total: 450, ok: 450 } });
    expect([...scene.turns].sort((a, b) => a - b)).toEqual(range(450));
    const lane = temporal.client.workflow.getHandle('large/e1/map/l0');
    const { runId } = await lane.describe();
    const first = (await temporal.executions('large')).filter((line) => line.startsWith('large/e1/map/l0'));
    expect(first.sort()).toEqual(['large/e1/map/l0 COMPLETED', 'large/e1/map/l0 CONTINUED_AS_NEW']);
    expect(await lane.result()).toMatchObject({ ok: 450, failed: 0, stop: null, usage: { input: 900 } });
    const { events } = await temporal.client.workflow.getHandle('large/e1/map/l0', runId).fetchHistory();
    expect(events?.length).toBeLessThan(4_096);
  });

  it('several lanes of slices -> every position once; a pause holds all of them, a resume and a resize reach them', async () => {
    let under = 0;
    let most = 0;
    const { handle, scene } = await temporal.start('wide', {
      items: 2_050,
      plan: { sliceSize: 5, concurrency: 300 },
      slice: async ({ from, to }) => {
        under += 1;
        most = Math.max(most, under);
        await new Promise((resolve) => setTimeout(resolve, 100));
        under -= 1;
        return { ok: to - from, callMs: 5 };
      },
    });
    await until('it has begun', () => scene.slices.length > 60);
    await handle.executeUpdate(pauseUpdate);
    // Children that were about to start when the news came still come.
    let paused = -1;
    await until('nothing starts any more', async () => {
      const before = scene.slices.length;
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      paused = scene.slices.length;
      return paused === before && under === 0;
    });
    expect(paused).toBeLessThan(410);
    expect(await handle.query(progressQuery)).toMatchObject({ paused: true, items: 2_050, inFlight: 4 });
    await handle.executeUpdate(resizeUpdate, { args: [{ concurrency: 30 }] });
    most = 0;
    await handle.executeUpdate(resumeUpdate);
    expect(await handle.result()).toMatchObject({ counts: { ok: 2_050 } });
    const positions = scene.slices.flatMap(({ from, to }) => range(to - from).map((offset) => from + offset));
    expect(positions.sort((a, b) => a - b)).toEqual(range(2_050));
    // 1.5 x 30 / 5 + 2 = 11 for all lanes: 3 each of 4.
    expect(most).toBeLessThanOrEqual(12);
  });

  it('a row stops the run -> the lanes end without starting the rest', async () => {
    const { handle, scene } = await temporal.start('lane-stop', {
      items: 500,
      plan: { concurrency: 6 },
      turn: (index) => (index === 20 ? stopTurn('billing') : doneTurn()),
    });
    expect(await handle.result()).toMatchObject({ stop: 'billing' });
    expect(scene.turns.length).toBeLessThan(100);
  });

  it('cancel by Temporal -> calls are stopped at once, not when their slices are through', async () => {
    const { handle, scene } = await temporal.start('lane-cancel', {
      items: 4_000,
      plan: { concurrency: 20, sliceSize: 5 },
      slice: async () => {
        await untilCancelled(scene);
        return { undone: 5, stop: 'cancelled' };
      },
    });
    await until('slices are under way', () => scene.slices.length >= 5);
    await handle.cancel();
    const error = (await handle.result().catch((thrown: unknown) => thrown)) as WorkflowFailedError;
    expect(error.cause).toBeInstanceOf(CancelledFailure);
    expect(scene.controls).toEqual([{ run: 'lane-cancel', cancelled: true }]);
    expect(scene.closes).toEqual([{ run: 'lane-cancel', epoch: 1, stop: 'cancelled' }]);
    await until('all have ended', async () =>
      (await temporal.executions('lane-cancel')).every((line) => !line.endsWith('RUNNING')),
    );
  });

  it('a lane terminated by hand -> the rows of its share stay pending, the run ends and publishes', async () => {
    const { handle, scene } = await temporal.start('lane-killed', {
      items: 500,
      plan: { concurrency: 6 },
      turn: async () => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        return doneTurn();
      },
    });
    await until('it has begun', () => scene.turns.length > 5);
    await temporal.client.workflow.getHandle('lane-killed/e1/map/l0').terminate();
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'E_RUN_FAILED' } });
    expect(scene.closes).toHaveLength(1);
    expect(scene.turns.length).toBeLessThan(500);
  });
});
