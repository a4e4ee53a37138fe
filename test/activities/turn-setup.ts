/** A run in a real store, a scripted model, the real gate, and a record of the order in which things happened. */

import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { ActivityDeps } from '../../src/activities/deps.js';
import { createActivities } from '../../src/activities/index.js';
import { CallEnds } from '../../src/activities/turn/call-ends.js';
import { emptyHistory, type History } from '../../src/activities/turn/history.js';
import type { PhaseContext } from '../../src/activities/turn/phase-context.js';
import { RunContexts } from '../../src/activities/turn/run-context.js';
import type { TurnEnd } from '../../src/activities/turn/turn-end.js';
import { Turns } from '../../src/activities/turn/turns.js';
import { answerFormOf } from '../../src/answers/answer-form.js';
import type { CallFailure, Refusal } from '../../src/core/call-failure.js';
import { type Message, messageText } from '../../src/core/conversation/message.js';
import type { Prices } from '../../src/core/money/price-book.js';
import type { CallResult, ModelAdapter, ModelCall, ModelReply } from '../../src/llm/port.js';
import type { Seed } from '../../src/schema/seed.js';
import type { Task } from '../../src/schema/task-types.js';
import { openStore } from '../../src/store/open-store.js';
import type { RunRow, Store } from '../../src/store/port/store.js';
import { ProcessGates } from '../../src/worker/gates/process-gates.js';
import type { RunPlan } from '../../src/workflows/messages.js';
import { TestLease } from '../support/lease.js';
import { systemClock, TestClock } from '../support/test-clock.js';

export { until } from '../support/until.js';

export const OWNER = 'this-process';

export function aTask(more: Partial<Task> = {}): Task {
  return {
    name: 'test',
    taskType: 'generation',
    promptTemplate: 'Say {{seed}}',
    systemPrompt: null,
    model: { provider: 'openai', model: 'asked', apiBase: 'http://127.0.0.1:9/v1', apiKeyEnv: null },
    maxTokens: 100,
    temperature: null,
    topP: null,
    headers: {},
    multiTurn: false,
    maxTurns: 1,
    followUp: 'Go on.',
    stopWhen: [],
    onTruncate: 'keep',
    seedsFile: null,
    concurrency: 4,
    staggerMs: 0,
    sliceSize: 'auto',
    outputDir: '/nowhere',
    outputFormat: 'jsonl',
    checkpointEvery: 100,
    transcripts: false,
    maxCost: null,
    price: null,
    maxCostPerCall: null,
    maxCostPerRow: null,
    maxDailyCost: null,
    warnAt: null,
    timeZone: 'UTC',
    requestsPerMinute: null,
    tokensPerMinute: null,
    timeoutMs: 5_000,
    tags: {},
    weight: 1,
    ...more,
  };
}

export const USAGE = { input: 10, cached: 0, output: 5, reasoning: 0 };

export function reply(text: string, more: Partial<ModelReply> = {}): ModelReply {
  return {
    ok: true,
    answer: text,
    finish: 'stop',
    rawFinish: 'stop',
    servedModel: 'served',
    usage: USAGE,
    requestId: null,
    ...more,
  };
}

/** Text of a message; empty when there is none. */
export function textOf(message: Message | undefined): string {
  return message === undefined ? '' : messageText(message);
}

const WHY: Partial<Record<CallFailure['class'], Refusal>> = {
  rate: { kind: 'rate', of: null },
  overload: { kind: 'overload' },
  reset: { kind: 'rate', of: 'day' },
  billing: { kind: 'money', of: 'prepaid' },
  key: { kind: 'key' },
  request: { kind: 'request', of: null },
  row: { kind: 'row' },
};

export function failure(kind: CallFailure['class'], more: Partial<CallFailure> = {}): CallFailure {
  return {
    ok: false,
    class: kind,
    code: `E_TEST_${kind.toUpperCase()}`,
    status: null,
    message: `scripted ${kind}`,
    refusal: WHY[kind] ?? null,
    retryAfterMs: null,
    mayHaveBeenBilled: false,
    ...more,
  };
}

type Script = CallResult | ((call: ModelCall) => Promise<CallResult> | CallResult);

/** Answers from a list, in order; throws when it runs out: a call that no test asked for is a defect. */
export class ScriptedAdapter implements ModelAdapter {
  readonly calls: ModelCall[] = [];
  #script: Script[] = [];

  constructor(readonly record: (event: string) => void) {}

  next(...script: Script[]): void {
    this.#script.push(...script);
  }

  async call(call: ModelCall): Promise<CallResult> {
    const result = this.#script.shift();
    if (result === undefined) throw new Error(`call ${this.calls.length + 1} was not expected: ${textOf(call.messages.at(-1))}`);
    this.calls.push(call);
    this.record('call');
    const settled = typeof result === 'function' ? await result(call) : result;
    this.record('called');
    return settled;
  }

  /** Answers that were not needed. */
  forget(): void {
    this.#script = [];
  }

  get left(): number {
    return this.#script.length;
  }

  async close(): Promise<void> {}
}

/** Every call costs at most 1,000 nano-dollars and in truth 100. */
export const WORST = 1_000;
export const COST = 100;

const prices: Prices = {
  worstCase: () => WORST,
  cost: () => COST,
  contextWindow: () => 500,
};

/** What the store was asked to make durable, and when it was. */
const RECORDED = ['intend', 'settle', 'refuse', 'spend', 'doubt', 'finish'] as const;

function recorded(store: Store, record: (event: string) => void): Store {
  return new Proxy(store, {
    get(target, key) {
      const value = Reflect.get(target, key) as unknown;
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as (...args: unknown[]) => unknown;
      if (!(RECORDED as readonly unknown[]).includes(key)) return method;
      return async (...args: unknown[]) => {
        const result = await method(...args);
        record(String(key));
        return result;
      };
    },
  });
}

export interface Setup {
  store: Store;
  /** Order of durable steps and calls. */
  events: string[];
  adapter: ScriptedAdapter;
  gates: ProcessGates;
  /** Of this process. */
  lease: TestLease;
  deps: ActivityDeps;
  turns: Turns;
  contexts: RunContexts;
  activities: ReturnType<typeof createActivities>;
  environment: MockActivityEnvironment;
  /** Stages a run and opens its first epoch. */
  run(rows: number, task?: Partial<Task>, capNano?: number | null): Promise<{ context: PhaseContext; row: RunRow }>;
  /** Stages a run and opens it as its workflow does: the head start begins. */
  opens(rows: number, task?: Partial<Task>): Promise<{ id: string; plan: RunPlan }>;
  seed(runId: string, index: number): Promise<Seed>;
  take(context: PhaseContext, index: number, history?: History): Promise<TurnEnd>;
  /** The clock of the activities goes on to this time. */
  pass(until: number): void;
  close(): void;
}

let made = 0;

/** A store in a file of its own; opening one costs more than most tests. */
export async function testStore(): Promise<{ store: Store; folder: string; close(): Promise<void> }> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'swarm-store-')));
  const store = await openStore({ file: join(folder, 'store.db') });
  return {
    store,
    folder,
    close: async () => {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function setup(real: Store, more: Partial<ActivityDeps> = {}): Promise<Setup> {
  const events: string[] = [];
  let passed = 0;
  const record = (event: string) => void events.push(event);
  const store = recorded(real, record);
  const adapter = new ScriptedAdapter(record);
  const lease = new TestLease(OWNER);
  const gates = new ProcessGates(store, {
    clock: systemClock,
    onError: (error) => record(`error ${error}`),
    lease,
  });
  const deps: ActivityDeps = {
    store,
    gates,
    callEnds: new CallEnds({ store, log: { info: () => undefined, warn: () => undefined }, firstMs: 10, longestMs: 20 }),
    adapter,
    prices,
    answerForm: async (task) => answerFormOf(task),
    endpoint: async (model) => model.apiBase ?? '',
    key: () => undefined,
    tokens: {
      atMost: (messages) => messages.reduce((sum, message) => sum + messageText(message).length, 0),
      about: (messages) => messages.reduce((sum, message) => sum + messageText(message).length, 0),
    },
    stage: () => Promise.reject(new Error('nothing is staged here')),
    openQueue: async () => record('openQueue'),
    claim: async () => record('claim'),
    publish: async () => record('publish'),
    checkpoint: async () => record('checkpoint'),
    discardPartial: async () => record('partial discarded'),
    clock: new TestClock(() => Date.now() + passed),
    random: () => 0,
    owner: OWNER,
    homeId: 'home',
    log: { info: () => undefined, warn: () => undefined },
    ...more,
  };
  await store.beat({ id: OWNER, home: 'home', pid: process.pid }, Date.now() + 600_000);
  const contexts = new RunContexts(deps);
  const activities = createActivities(deps);
  const turns = new Turns(deps, { ahead: () => undefined });
  const seed = async (runId: string, index: number) => {
    const [found] = await real.seeds(runId, { list: [index] });
    if (!found) throw new Error(`no seed ${index}`);
    return found;
  };
  return {
    store,
    events,
    adapter,
    gates,
    lease,
    deps,
    turns,
    contexts,
    activities,
    environment: activityEnvironment('w', 'x'),
    run: async (rows, task, capNano = null) => {
      made += 1;
      const id = `run-${made}`;
      await stage(real, id, rows, aTask(task), capNano);
      await real.openEpoch(id, { workflowId: `${id}/e1`, executionId: `${id}-x` }, Date.now());
      const context = await contexts.phase(id, 1);
      return { context, row: context.run };
    },
    opens: async (rows, task) => {
      made += 1;
      const id = `opened-${made}`;
      await stage(real, id, rows, aTask(task));
      const environment = activityEnvironment(`${id}/e1`, `${id}-x`);
      const result: unknown = await environment.run(activities.openRun, { run: id });
      return { id, plan: (result as { plan: RunPlan }).plan };
    },
    seed,
    take: async (context, index, history = emptyHistory()) =>
      await turns.take(context, await seed(context.run.id, index), history),
    pass: (until) => {
      passed += Math.max(0, until - (Date.now() + passed));
    },
    close: () => gates.close(),
  };
}

/** Surroundings of an activity that a workflow execution asked for; failures that a test wants are not logged. */
export function activityEnvironment(workflowId: string, runId: string): MockActivityEnvironment {
  return new MockActivityEnvironment({ workflowExecution: { workflowId, runId } }, { logger: new DefaultLogger('ERROR') });
}

/** A run in state `staged`. */
export async function stage(store: Store, id: string, rows: number, task: Task, capNano: number | null = null): Promise<void> {
  await store.createRun({
    id,
    name: task.name,
    task,
    taskFingerprint: 'f',
    outputDir: task.outputDir,
    detached: true,
    limited: false,
    origin: 'library',
    createdAt: Date.now(),
  });
  await store.appendSeeds(
    id,
    Array.from({ length: rows }, (_, index) => ({ index, id: `s${index}`, content: `row ${index}` })),
  );
  const concurrency = task.concurrency === 'auto' ? 16 : task.concurrency;
  const { requestsPerMinute } = task;
  const control = { paused: false, cancelled: false, concurrency, requestsPerMinute, capNano };
  await store.sealRun(id, { seedsFingerprint: 'fp', total: rows, control });
}

/** A promise and what resolves it. */
export function gatekeeper<T>(): { promise: Promise<T>; open(value: T): void } {
  let open: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}
