/**
 * A run of three phases and two roles through the real parts: the workflows on a Temporal server, the activities over a real store and the
 * real gates; only the model is scripted. No task says such phases yet, so the list is given to the activities.
 */
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { ActivityDeps } from '../../src/activities/deps.js';
import { activityParts, createActivities } from '../../src/activities/index.js';
import { createTurnOf } from '../../src/activities/phases/run-turn.js';
import { filesQueue, MAIN_QUEUE, runWorkflowId } from '../../src/core/names.js';
import { BESIDE_ROWS, onceIndex, type Phase, type PhaseRules, TASK_PHASES } from '../../src/core/phases.js';
import type { CallResult, ModelCall } from '../../src/llm/port.js';
import { buildReceipt } from '../../src/outputs/receipt.js';
import { verifyRun } from '../../src/outputs/verify.js';
import type { PhaseInput, RunTurnResult } from '../../src/workflows/activity-messages.js';
import type { RunInput, RunSummary } from '../../src/workflows/messages.js';
import { fileStore } from '../activities/file-store.js';
import { aTask, failure, reply, type Setup, setup, stage, textOf } from '../activities/turn-setup.js';
import { PATIENCE } from '../support/patience.js';
import { type BareTemporal, BUNDLE, startBareTemporal } from './temporal-setup.js';

vi.setConfig(PATIENCE);

const PHASES: readonly Phase[] = [
  { name: 'plan', role: 'orchestrator', kind: 'once', activity: 'talkOnce' },
  { name: 'map', role: 'worker', kind: 'map', over: 'rows' },
  { name: 'review', role: 'orchestrator', kind: 'once', activity: 'talkOnce' },
];
const GUIDE = { provider: 'other', model: 'guide', apiBase: 'http://127.0.0.1:9/v2', apiKeyEnv: null };
const RULES: PhaseRules = {
  phasesOf: () => PHASES,
  useOf: (task, role) => {
    const worker = TASK_PHASES.useOf(task, role);
    if (role === 'worker') return worker;
    return { ...worker, model: GUIDE, queue: 'llm.other.guide', price: { input: 5, output: 9 }, maxTokens: 7, timeoutMs: 900 };
  },
};
/** By model: a guide's call costs more, and may cost more. */
const COST = { asked: 100, guide: 400 } as Record<string, number>;
const prices: ActivityDeps['prices'] = {
  worstCase: ({ model }) => 10 * (COST[model.model] ?? 0),
  cost: ({ model }) => COST[model.model] ?? 0,
  contextWindow: () => 500,
};

const opened = fileStore();
let temporal: BareTemporal;
let part: Setup;
let workers: Worker[] = [];
let running: Promise<void>[] = [];
let calls: ModelCall[] = [];
let published: { run: string; calls: number }[] = [];
let answer: (call: ModelCall) => CallResult | Promise<CallResult>;

const asked = ({ model, messages }: ModelCall) => `${model.model}: ${textOf(messages.at(-1))}`;

beforeAll(async () => {
  temporal = await startBareTemporal();
  const adapter: ActivityDeps['adapter'] = {
    call: async (call) => {
      calls.push(call);
      return await answer(call);
    },
    close: async () => undefined,
  };
  const publish = async (run: string) => void published.push({ run, calls: calls.length });
  part = await setup(opened.store, { phases: RULES, prices, adapter, publish, openQueue: async () => undefined });
  const parts = activityParts(part.deps);
  const turnOf = createTurnOf(part.deps, parts.turns);
  /** What the activity of a once-phase is: a conversation of its own, a turn each time it is asked. */
  const talkOnce = async ({ run, epoch, phase }: PhaseInput): Promise<RunTurnResult> => {
    const context = await parts.contexts.phase(run, epoch, phase);
    const rules = { ...context.run.task, multiTurn: true, maxTurns: 2 };
    const about = {
      index: onceIndex(PHASES, context.phase),
      id: phase,
      content: '',
      texts: { prompt: `Please ${phase}`, rules },
    };
    return await turnOf(context, about);
  };
  const { closeRun, watchRun, runTurn, ...main } = createActivities(part.deps, parts);
  const create = (taskQueue: string, activities: object, workflows: object = {}) =>
    Worker.create({ connection: temporal.native, taskQueue, activities, ...workflows });
  workers = await Promise.all([
    create(MAIN_QUEUE, { ...main, talkOnce }, { workflowBundle: { codePath: BUNDLE } }),
    create(filesQueue('home'), { closeRun, watchRun }),
    create('llm.openai.asked', { runTurn }),
  ]);
  running = workers.map((worker) => worker.run());
});
afterAll(async () => {
  for (const worker of workers) worker.shutdown();
  await Promise.all(running);
  part?.close();
  await temporal?.stop();
});

beforeEach(() => {
  calls = [];
  published = [];
  answer = (call) => reply(`to ${textOf(call.messages.at(-1))}`, { servedModel: call.model.model });
});

let made = 0;

async function staged(rows: number, capNano: number | null = null): Promise<string> {
  made += 1;
  const id = `roles-${made}`;
  await stage(part.store, id, rows, aTask({ outputDir: opened.folder }), capNano);
  return id;
}

async function epoch(id: string, number: number): Promise<RunSummary> {
  const handle = await temporal.client.workflow.start<(input: RunInput) => Promise<RunSummary>>('swarmRun', {
    taskQueue: MAIN_QUEUE,
    workflowId: runWorkflowId(id, number),
    args: [{ run: id }],
  });
  return await handle.result();
}

const spent = async (id: string) =>
  (await part.store.spendByModel(id)).map(({ model, role, calls: many, costNano }) => [model, role, many, costNano]);

async function addsUp(id: string): Promise<void> {
  await part.store.updateRun(id, { publishedAt: null });
  expect((await verifyRun(part.store, id, {})).differences).toEqual([]);
}

it('plan, rows, review -> in this order, each by its role: model, price, limits, deadline; published once, after the last', async () => {
  const id = await staged(3);
  expect(await epoch(id, 1)).toMatchObject({ state: 'completed', counts: { total: 3, ok: 3 } });
  expect(calls.map(asked)).toEqual([
    'guide: Please plan',
    'guide: Go on.',
    ...['asked: Say row 0', 'asked: Say row 1', 'asked: Say row 2'],
    'guide: Please review',
    'guide: Go on.',
  ]);
  for (const { model, apiBase, maxTokens, timeoutMs } of calls) {
    const worker = ['asked', 'http://127.0.0.1:9/v1', 100, 5_000];
    expect([model.model, apiBase, maxTokens, timeoutMs]).toEqual(
      model.model === 'asked' ? worker : ['guide', GUIDE.apiBase, 7, 900],
    );
  }
  expect(published).toEqual([{ run: id, calls: 7 }]);
  expect(await spent(id)).toEqual([
    ['asked', 'worker', 3, 300],
    ['guide', 'orchestrator', 4, 1_600],
  ]);
  expect((await part.store.run(id))?.phase).toBe('review');
  const beside = await part.store.calls(id, BESIDE_ROWS);
  expect(beside.map(({ index, turn, phase, role }) => [index, turn, phase, role])).toEqual([
    [-3, 1, 'review', 'orchestrator'],
    [-3, 2, 'review', 'orchestrator'],
    [-1, 1, 'plan', 'orchestrator'],
    [-1, 2, 'plan', 'orchestrator'],
  ]);
  const { money } = await buildReceipt(part.store, id, { at: 0, versions: {} });
  expect(money.by_model.map(({ model, role, cost_usd }) => [model, role, cost_usd])).toEqual([
    ['asked', 'worker', 3e-7],
    ['guide', 'orchestrator', 1.6e-6],
  ]);
  await addsUp(id);
});

it('the cap of the run stops the review -> capped with every row done; with a higher cap the next epoch makes the missing call alone', async () => {
  // Plan 800, rows 200, one turn of the review 400; its second may cost 4,000.
  const id = await staged(2, 5_000);
  expect(await epoch(id, 1)).toMatchObject({ state: 'capped', stop: 'capped', counts: { total: 2, ok: 2 } });
  expect(calls.map(asked)).toEqual([
    ...['guide: Please plan', 'guide: Go on.', 'asked: Say row 0', 'asked: Say row 1', 'guide: Please review'],
  ]);
  expect((await part.store.totals(id)).settledNano).toBe(1_400);
  await part.store.setControl(id, { capNano: 9_000 });
  calls = [];
  expect(await epoch(id, 2)).toMatchObject({ state: 'completed' });
  expect(calls.map(asked)).toEqual(['guide: Go on.']);
  expect(await spent(id)).toEqual([
    ['asked', 'worker', 2, 200],
    ['guide', 'orchestrator', 4, 1_600],
  ]);
  await addsUp(id);
});

it('the model of one role fails -> its wait, tries and doubt are its own; the rows are done when it answers', async () => {
  const id = await staged(1);
  let failures = 0;
  answer = (call) => {
    if (call.model.model === 'guide' && failures < 1) {
      failures += 1;
      return failure('transport', { mayHaveBeenBilled: true });
    }
    return reply('a', { servedModel: call.model.model });
  };
  expect(await epoch(id, 1)).toMatchObject({ state: 'completed', counts: { ok: 1, failed: 0 } });
  expect(calls.map(asked).slice(0, 3)).toEqual(['guide: Please plan', 'guide: Please plan', 'guide: Go on.']);
  const receipt = await buildReceipt(part.store, id, { at: 0, versions: {} });
  expect(receipt.doubtful_calls).toMatchObject([{ index: -1, id: '', phase: 'plan', role: 'orchestrator', turn: 1, attempt: 1 }]);
  const [row] = await part.store.outputRows(id, { status: 'ok', from: 0, limit: 1 });
  expect(row).toMatchObject({ fromTurn: 1, turns: 1, attempts: 1, output: 'a' });
  await addsUp(id);
});
