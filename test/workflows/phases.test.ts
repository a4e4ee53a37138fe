/** A run of several phases: in their order, each by its role, until none is left. */
import type { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Phase } from '../../src/core/phases.js';
import { pauseUpdate, progressQuery, resumeUpdate } from '../../src/workflows/messages.js';
import { until } from '../activities/turn-setup.js';
import { PATIENCE } from '../support/patience.js';
import { doneTurn, range, startTemporal, stopTurn, type Temporal } from './temporal-setup.js';

vi.setConfig(PATIENCE);
let temporal: Temporal;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal?.stop());

const PLAN: Phase = { name: 'plan', role: 'orchestrator', kind: 'once', activity: 'talk' };
const MAP: Phase = { name: 'map', role: 'worker', kind: 'map', over: 'rows' };
const AGAIN: Phase = { name: 'again', role: 'orchestrator', kind: 'map', over: 'rows' };
const REVIEW: Phase = { name: 'review', role: 'orchestrator', kind: 'once', activity: 'talk' };

it('once, over rows, once -> one after the other; the details and the query name phase, role and model', async () => {
  const seen: unknown[] = [];
  const { handle, scene } = await temporal.start('three', {
    items: 3,
    phases: [PLAN, MAP, REVIEW],
    once: {
      plan: (attempt) =>
        attempt === 1 ? { kind: 'wait', until: Date.now() + 50, afterMs: 50, reason: 'E_CALL_RATE' } : doneTurn(),
      review: async () => {
        seen.push(scene.turns.length, await handle.query(progressQuery));
        return doneTurn();
      },
    },
    turn: async () => {
      seen.push(scene.talks.join());
      return doneTurn();
    },
  });
  expect(await handle.result()).toMatchObject({ state: 'completed', counts: { total: 3, ok: 3 } });
  // The first phase begins as the run is opened.
  expect(scene.begins).toEqual(['map', 'review']);
  expect(scene.talks).toEqual(['plan', 'plan', 'review']);
  expect(seen).toEqual([
    'plan,plan',
    'plan,plan',
    'plan,plan',
    3,
    expect.objectContaining({ phase: 'review', role: 'orchestrator' }),
  ]);
  expect(scene.closes).toEqual([{ run: 'three', epoch: 1, stop: null }]);
  const { searchAttributes } = await handle.describe();
  expect([searchAttributes['SwarmPhase'], searchAttributes['SwarmModel']]).toEqual([['publish'], ['test/orchestrator']]);
  const { raw } = await handle.describe();
  expect(raw.workflowExecutionInfo?.status).toBe(2);
});

it('two phases over rows -> children of each under its own name, with its own model', async () => {
  const { handle, scene } = await temporal.start('twice', { items: 2, phases: [MAP, AGAIN] });
  await handle.result();
  expect([...scene.turns].sort()).toEqual([0, 0, 1, 1]);
  expect(scene.phases.map((phase) => phase ?? '')).toEqual(['map', 'map', 'again', 'again']);
  const lines = await temporal.executions('twice');
  expect(lines.filter((line) => line.includes('/s')).sort()).toEqual(
    ['again', 'map'].flatMap((name) => range(2).map((at) => `twice/e1/${name}/s${at} COMPLETED`)),
  );
});

it('a pause while a once-phase is asked -> it waits for the resume', async () => {
  const { handle, scene } = await temporal.start('paused-once', {
    items: 1,
    phases: [PLAN, MAP],
    once: { plan: () => (scene.news.paused || scene.controls.length === 0 ? { kind: 'paused' } : doneTurn()) },
  });
  await until('it was asked', () => scene.talks.length === 1);
  await handle.executeUpdate(pauseUpdate);
  await until('it was asked again', () => scene.talks.length === 2);
  expect(await handle.query(progressQuery)).toMatchObject({
    phase: 'plan',
    role: 'orchestrator',
    paused: true,
    items: 0,
    inFlight: 1,
  });
  await handle.executeUpdate(resumeUpdate);
  expect(await handle.result()).toMatchObject({ state: 'completed' });
  expect(scene.talks).toHaveLength(3);
});

it('a once-phase after the rows stops the run -> not completed, though every row is done', async () => {
  const stopped = await temporal.start('stops', {
    items: 2,
    phases: [MAP, REVIEW, AGAIN],
    once: { review: () => stopTurn('capped') },
  });
  expect(await stopped.handle.result()).toMatchObject({ state: 'capped', stop: 'capped', counts: { ok: 2 } });
  expect(stopped.scene.closes).toEqual([{ run: 'stops', epoch: 1, stop: 'capped', phasesLeft: 2 }]);
  expect(stopped.scene.begins).toEqual(['review']);
});

it('rows stop the run -> the phases after them are left', async () => {
  const { handle, scene } = await temporal.start('rows-stop', {
    items: 2,
    phases: [MAP, REVIEW],
    turn: (index) => (index === 1 ? stopTurn('billing') : doneTurn()),
  });
  expect(await handle.result()).toMatchObject({ state: 'paused', stop: 'billing' });
  expect([scene.closes[0]?.phasesLeft, scene.talks]).toEqual([1, []]);
});

it('a cancel in a once-phase -> its activity ends, nothing else begins', async () => {
  const { handle, scene } = await temporal.start('cancel-once', {
    items: 2,
    phases: [PLAN, MAP],
    once: {
      plan: async () => {
        // It hears of the cancel by the control row.
        while (!scene.news.cancelled) await new Promise((resolve) => setTimeout(resolve, 10));
        return stopTurn('cancelled');
      },
    },
  });
  await until('it was asked', () => scene.talks.length === 1);
  await handle.cancel();
  const error = (await handle.result().catch((thrown: unknown) => thrown)) as WorkflowFailedError;
  expect(error.cause).toBeInstanceOf(CancelledFailure);
  expect([scene.turns, scene.closes[0]?.stop]).toEqual([[], 'cancelled']);
});

it('rows are done and a once-phase is left -> it is watched until the end', async () => {
  let watches = 0;
  const { handle, scene } = await temporal.start('watched', {
    items: 1,
    phases: [MAP, REVIEW],
    once: {
      review: async () => {
        await until('the watch after the last row', () => scene.watches >= 2);
        watches = scene.watches;
        return doneTurn();
      },
    },
  });
  await handle.result();
  // After the last row, once, and then without news until the close.
  expect([watches, scene.watches]).toEqual([2, 2]);
});
