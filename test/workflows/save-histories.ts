/**
 * Saves one history of every workflow type to test/fixtures/histories, for replay.test.ts: `node scripts/build.mjs && node --import tsx
 * test/workflows/save-histories.ts`. A change of the workflows that is behind a patch (src/workflows/versioning.ts) gets a generation of its own;
 * those before it stay, so that runs under way go on.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunTurnResult } from '../../src/workflows/activity-messages.js';
import { pauseUpdate, resizeUpdate, resumeUpdate } from '../../src/workflows/messages.js';
import { until } from '../activities/turn-setup.js';
import { historyToText } from './history-json.js';
import { doneTurn, startTemporal, type Temporal, untilCancelled } from './temporal-setup.js';

const FOLDER = fileURLToPath(new URL('../fixtures/histories/', import.meta.url));

/** 1: before `tells-more`, without a number in their names. 2: before phases had roles. */
const GENERATION = '3';

async function save(temporal: Temporal, name: string, workflowId: string, runId?: string): Promise<void> {
  const history = await temporal.client.workflow.getHandle(workflowId, runId).fetchHistory();
  writeFileSync(join(FOLDER, `${name}-${GENERATION}.json`), historyToText(workflowId, history));
}

mkdirSync(FOLDER, { recursive: true });
const temporal = await startTemporal();
try {
  // Three turns, a wait and a pause in one of the seeds; Updates in the run.
  const seeds = await temporal.start('seeds', {
    items: 5,
    plan: { concurrency: 2 },
    turn: async (index, attempt): Promise<RunTurnResult> => {
      if (index !== 1) return doneTurn();
      if (attempt === 1) return { kind: 'wait', until: Date.now() + 300, reason: 'E_CALL_RATE' };
      if (attempt === 2) return { kind: 'go-on', turn: 1 };
      if (!seeds.scene.controls.some((change) => change.paused === false)) return { kind: 'paused' };
      return doneTurn();
    },
  });
  await until('seed 1 waits for a resume', () => seeds.scene.times(seeds.scene.turns, 1) >= 3);
  await seeds.handle.executeUpdate(pauseUpdate);
  await seeds.handle.executeUpdate(resizeUpdate, { args: [{ concurrency: 3, maxCost: 2 }] });
  await seeds.handle.executeUpdate(resumeUpdate);
  await seeds.handle.result();
  await save(temporal, 'run-seeds', 'seeds/e1');
  await save(temporal, 'seed', 'seeds/e1/map/s1');

  const slices = await temporal.start('slices', {
    items: 10,
    plan: { sliceSize: 4 },
    slice: ({ from, to }, attempt) => {
      if (from === 0 && attempt === 1) return { ok: 3, undone: 1, waitUntil: Date.now() + 300, callMs: 50 };
      return { ok: attempt > 1 ? 1 : to - from, callMs: 50 };
    },
  });
  await slices.handle.result();
  await save(temporal, 'run-slices', 'slices/e1');
  await save(temporal, 'slice', 'slices/e1/map/s0');

  const list = await temporal.start('list', { items: 2, kind: 'list', list: [4, 9] });
  await list.handle.result();
  await save(temporal, 'run-list', 'list/e1');

  const phases = await temporal.start('phases', {
    items: 2,
    phases: [
      { name: 'plan', role: 'orchestrator', kind: 'once', activity: 'talk' },
      { name: 'map', role: 'worker', kind: 'map', over: 'rows' },
      { name: 'review', role: 'orchestrator', kind: 'once', activity: 'talk' },
    ],
    once: {
      plan: (attempt) =>
        attempt > 1 ? doneTurn() : { kind: 'wait', until: Date.now() + 300, afterMs: 300, reason: 'E_CALL_RATE' },
    },
  });
  await phases.handle.result();
  await save(temporal, 'run-phases', 'phases/e1');

  const cancelled = await temporal.start('cancelled', {
    items: 9,
    plan: { concurrency: 2 },
    turn: (index) => (index === 0 ? doneTurn() : untilCancelled(cancelled.scene)),
  });
  await until('rows are under way', () => cancelled.scene.turns.length >= 3);
  await cancelled.handle.cancel();
  await cancelled.handle.result().catch(() => undefined);
  await save(temporal, 'run-cancelled', 'cancelled/e1');

  const stopped = await temporal.start('stopped', {
    items: 9,
    turn: (index) => (index === 1 ? { kind: 'stop', cause: 'capped' } : doneTurn()),
  });
  await stopped.handle.result();
  await save(temporal, 'run-capped', 'stopped/e1');

  const failed = await temporal.start('failed', {
    items: 9,
    turn: (index) => (index === 1 ? { kind: 'stop', cause: 'request' } : doneTurn()),
  });
  await failed.handle.result().catch(() => undefined);
  await save(temporal, 'run-failed', 'failed/e1');

  const large = await temporal.start('large', { items: 410, plan: { concurrency: 8 } });
  await large.handle.result();
  await save(temporal, 'run-lanes', 'large/e1');
  // A process joins while lanes are at work: they are told.
  const joined = await temporal.start('joined', {
    items: 2_050,
    plan: { sliceSize: 5, concurrency: 20 },
    slice: ({ from, to }) => {
      if (from >= 100) joined.scene.processes = 9;
      return { ok: to - from, callMs: 5 };
    },
  });
  await joined.handle.result();
  await save(temporal, 'run-joined', 'joined/e1');

  const lanes: { runId: string; status: string }[] = [];
  for await (const { workflowId, runId, status } of temporal.client.workflow.list({ query: 'SwarmRun = "large"' })) {
    if (workflowId === 'large/e1/map/l0') lanes.push({ runId, status: status.name });
  }
  for (const { runId, status } of lanes) {
    await save(temporal, status === 'COMPLETED' ? 'lane-last' : 'lane-continued', 'large/e1/map/l0', runId);
  }
} finally {
  await temporal.stop();
}
