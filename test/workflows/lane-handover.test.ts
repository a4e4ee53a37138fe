/** What arrives while a lane continues as new is not lost. The lanes here hand over after 12 children instead of 400. */
import type { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pauseUpdate, resizeUpdate, resumeUpdate } from '../../src/workflows/messages.js';
import { until } from '../activities/turn-setup.js';
import { PATIENCE } from '../support/patience.js';
import { doneTurn, range, startTemporal, stopTurn, type Temporal } from './temporal-setup.js';

const HAND_OVER = 12;
const ITEMS = 48;
/** Moments after the last child of the first execution ended, in ms: before, in and after the closing task. */
const MOMENTS = [0, 10, 25];

vi.setConfig(PATIENCE);
let temporal: Temporal;
beforeAll(async () => {
  temporal = await startTemporal({ childrenPerExecution: HAND_OVER });
});
afterAll(() => temporal?.stop());

function deferred() {
  let resolve: () => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<void>((done, fail) => {
    resolve = done;
    reject = fail;
  });
  return { promise, resolve, reject };
}

/** A run whose lane is about to hand over when `act` is called. */
async function atHandover(id: string, afterMs: number, act: () => void): Promise<Awaited<ReturnType<Temporal['start']>>> {
  let ended = 0;
  return await temporal.start(id, {
    items: ITEMS,
    plan: { concurrency: 3 },
    turn: () => {
      ended += 1;
      if (ended === HAND_OVER) setTimeout(act, afterMs);
      return doneTurn();
    },
  });
}

describe.each(MOMENTS)('lane that continues as new, %i ms after its last child', (afterMs) => {
  it('a pause -> holds the next execution; a resume -> every row exactly once', async () => {
    const asked = deferred();
    let ended = false;
    const { handle, scene } = await atHandover(`pause-${afterMs}`, afterMs, () => {
      handle.executeUpdate(pauseUpdate).then(asked.resolve, asked.reject);
    });
    const result = handle.result().finally(() => {
      ended = true;
    });
    await asked.promise;
    // A lost pause ends the run: the rows take a second or two.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(ended).toBe(false);
    expect(scene.turns.length).toBeLessThan(ITEMS);
    await handle.executeUpdate(resumeUpdate);
    expect(await result).toMatchObject({ state: 'completed', counts: { ok: ITEMS } });
    expect([...scene.turns].sort((a, b) => a - b)).toEqual(range(ITEMS));
    await until('its executions are listed', async () => {
      const lines = await temporal.executions(`pause-${afterMs}`);
      return lines.filter((line) => line.endsWith('/l0 CONTINUED_AS_NEW')).length >= 3;
    });
  });
});

describe('lane that continues as new', () => {
  it('processes that joined -> their slices in flight, in the executions after it, too', async () => {
    const five = deferred();
    let under = 0;
    let most = 0;
    const { handle, scene } = await temporal.start('joined', {
      items: 240,
      plan: { concurrency: 2, sliceSize: 5 },
      slice: async ({ from, to }) => {
        if (scene.slices.length === 2) scene.processes = 4;
        under += 1;
        // Slices of later executions stay until the window is full.
        if (scene.slices.length > 2 * HAND_OVER) {
          most = Math.max(most, under);
          if (under === 5) five.resolve();
          await five.promise;
        }
        under -= 1;
        return { ok: to - from };
      },
    });
    expect(await handle.result()).toMatchObject({ counts: { ok: 240 } });
    const rows = scene.slices.flatMap(({ from, to }) => range(to - from).map((offset) => from + offset));
    expect(rows.sort((a, b) => a - b)).toEqual(range(240));
    // One for each process and one more; it was two.
    expect(most).toBe(5);
    const lanes = (await temporal.executions('joined')).filter((line) => line.endsWith('CONTINUED_AS_NEW'));
    expect(lanes.length).toBeGreaterThanOrEqual(2);
  });

  it('a resize -> the executions after it keep to it', async () => {
    const asked = deferred();
    let under = 0;
    let most = 0;
    let ended = 0;
    const { handle, scene } = await temporal.start('resize', {
      items: ITEMS,
      plan: { concurrency: 8 },
      turn: async (index) => {
        under += 1;
        if (index >= 2 * HAND_OVER) most = Math.max(most, under);
        // Rows of later executions wait until the resize is through.
        if (index >= 2 * HAND_OVER) await asked.promise;
        await new Promise((resolve) => setTimeout(resolve, 20));
        under -= 1;
        ended += 1;
        if (ended === HAND_OVER) {
          handle.executeUpdate(resizeUpdate, { args: [{ concurrency: 1 }] }).then(() => asked.resolve(), asked.reject);
        }
        return doneTurn();
      },
    });
    expect(await handle.result()).toMatchObject({ counts: { ok: ITEMS } });
    expect([...scene.turns].sort((a, b) => a - b)).toEqual(range(ITEMS));
    // 1.5 x 1 + 1, rounded up.
    expect(most).toBeLessThanOrEqual(3);
  });

  it('a cancel -> the run ends cancelled, nothing is started after it, no execution stays open', async () => {
    const { handle, scene } = await temporal.start('cancel', {
      items: ITEMS,
      plan: { concurrency: 3 },
      turn: async () => {
        if (scene.news.cancelled) return stopTurn('cancelled');
        if (scene.turns.length === HAND_OVER) await handle.cancel();
        return doneTurn();
      },
    });
    const error = (await handle.result().catch((thrown: unknown) => thrown)) as WorkflowFailedError;
    expect(error.cause).toBeInstanceOf(CancelledFailure);
    expect(scene.turns.length).toBeLessThan(ITEMS);
    expect(scene.closes).toEqual([{ run: 'cancel', epoch: 1, stop: 'cancelled' }]);
    await until('all have ended', async () => (await temporal.executions('cancel')).every((line) => !line.endsWith('RUNNING')));
  });
});
