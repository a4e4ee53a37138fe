/** A real Temporal server, the prebuilt workflow bundle, and scripted activities on the queues that the workflows use. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import { Client, type Connection, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, TypedSearchAttributes } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { Activities } from '../../src/activities/index.js';
import { endState } from '../../src/activities/phases/publication.js';
import type { StopCause } from '../../src/core/model.js';
import { MAIN_QUEUE } from '../../src/core/names.js';
import type { Phase } from '../../src/core/phases.js';
import { ensureHome } from '../../src/home.js';
import { resolveTemporalBinary } from '../../src/host/temporal/binary.js';
import { TemporalServer } from '../../src/host/temporal/server.js';
import { connectTemporal } from '../../src/temporal-connection.js';
import type {
  BeginPhaseInput,
  CloseRunInput,
  ListItemsInput,
  OpenRunResult,
  PhaseInput,
  RowIdsInput,
  RunSliceInput,
  RunSliceResult,
  RunTurnInput,
  RunTurnResult,
  WatchRunInput,
  WatchRunResult,
  WriteControlInput,
} from '../../src/workflows/activity-messages.js';
import {
  type BegunPhase,
  type ControlNews,
  type PhaseUse,
  type RunInput,
  type RunPlan,
  type RunSummary,
  runAttributes,
} from '../../src/workflows/messages.js';
import { endHomes, newConfig } from '../host/host-support.js';

/** The bundle that the build made. */
export const BUNDLE = fileURLToPath(new URL('../../dist/workflows/bundle.js', import.meta.url));

/** 0, 1, ... : the positions of a run's rows. */
export const range = (count: number) => Array.from({ length: count }, (_, index) => index);

export const MODEL_QUEUE = 'llm.test.model';
/** Of a process that has no work. */
export const SLICE_QUEUE = 'durable-swarm.slices.test';
export const FILES_QUEUE = 'durable-swarm.files.test';
const USAGE = { input: 2, cached: 0, output: 1, reasoning: 0 };

/** Activity of all once-phases of the scripts. */
type OnceActivity = (input: PhaseInput) => Promise<RunTurnResult>;

type RunWorkflow = WorkflowHandle<(input: RunInput) => Promise<RunSummary>>;

/** What the activities of one run do. What is not scripted answers every row at once. */
export interface Script {
  items: number;
  kind?: 'range' | 'list';
  /** Indexes of a list epoch by position. */
  list?: number[];
  /** What of it is a phase's use is that of all phases. */
  plan?: Partial<RunPlan & PhaseUse>;
  /** @default one phase over the rows, by the worker */
  phases?: Phase[];
  /** The activity of each once-phase, by its phase. */
  once?: Record<string, (attempt: number) => RunTurnResult | Promise<RunTurnResult>>;
  /** As a phase begins. */
  begin?(phase: string): Promise<void>;
  /** One turn; `attempt` counts the calls for this index from 1. */
  turn?(index: number, attempt: number): RunTurnResult | Promise<RunTurnResult>;
  slice?(input: RunSliceInput, attempt: number): Partial<RunSliceResult> | Promise<Partial<RunSliceResult>>;
  close?(): Promise<void>;
  open?(): Promise<void>;
  /** Ids at these positions; by default `row-<index>`. */
  ids?(positions: number[]): Promise<string[]>;
  /** Of closeRun's result, over what was counted. */
  end?: Partial<RunSummary>;
  /** Before a change of the control row is taken. */
  control?(change: WriteControlInput): void;
}

/** What the workflows asked for, by run. */
export class Scene {
  readonly turns: number[] = [];
  /** The phase of each of them. */
  readonly phases: (string | undefined)[] = [];
  readonly slices: RunSliceInput[] = [];
  /** Where each of them came from. */
  readonly queues: string[] = [];
  readonly controls: WriteControlInput[] = [];
  readonly closes: CloseRunInput[] = [];
  readonly lists: ListItemsInput[] = [];
  /** Phases that an activity began, and those whose activity was asked. */
  readonly begins: string[] = [];
  readonly talks: string[] = [];
  opens = 0;
  watches = 0;
  /** Being closed: watchers of this process end. */
  closed = false;
  news: ControlNews & { cancelled: boolean };
  /** Living processes, as watchRun finds them. */
  processes: number;
  /** Queues of those of them that have no work. */
  idle: string[] = [];
  readonly done = new Set<number>();

  constructor(readonly script: Script) {
    this.news = { paused: script.plan?.paused ?? false, concurrency: script.plan?.concurrency ?? 4, cancelled: false };
    this.processes = script.plan?.processes ?? 1;
  }

  times(list: readonly number[], index: number): number {
    return list.filter((other) => other === index).length;
  }
}

/** Waits until the run is cancelled by its control row, as a real call does. */
export async function untilCancelled(scene: Scene): Promise<RunTurnResult> {
  while (!scene.news.cancelled) await new Promise((resolve) => setTimeout(resolve, 10));
  return { kind: 'stop', cause: 'cancelled' };
}

export function doneTurn(): RunTurnResult {
  return { kind: 'done', status: 'ok', usage: USAGE, callMs: 5 };
}

export function stopTurn(cause: StopCause): RunTurnResult {
  return { kind: 'stop', cause };
}

export interface Temporal extends BareTemporal {
  /** Starts a scripted run, as the launcher does. */
  start(id: string, script: Script): Promise<{ handle: RunWorkflow; scene: Scene }>;
  /** Ids of all workflow executions of a run, `<id> <status>`. */
  executions(id: string): Promise<string[]>;
}

function emptySlice(): RunSliceResult {
  return { ok: 0, failed: 0, filtered: 0, usage: USAGE, undone: 0, waitUntil: null, paused: false, stop: null, callMs: null };
}

const MAP: Phase = { name: 'map', role: 'worker', kind: 'map', over: 'rows' };

/** Every role has a model of its own, on the one queue. */
export function begunPhase(phase: Phase, { items, kind = 'range', plan = {} }: Script): BegunPhase {
  const { queue = MODEL_QUEUE, timeoutMs = 10_000, callMs = null, turns = 1, sliceSize = 1 } = plan;
  const { name, role } = phase;
  const model = plan.model ?? (role === 'worker' ? 'test/model' : `test/${role}`);
  const begun = { name, role, use: { model, queue, timeoutMs, callMs, turns, sliceSize } };
  if (phase.kind === 'once') return { ...begun, kind: 'once', activity: phase.activity };
  return { ...begun, kind: 'map', source: { kind, items } };
}

export function planOf(id: string, script: Script): RunPlan {
  const { items, kind = 'range', phases = [MAP] } = script;
  const {
    model: _model,
    queue: _queue,
    timeoutMs: _timeout,
    callMs: _ms,
    turns: _turns,
    sliceSize: _size,
    ...plan
  } = script.plan ?? {};
  return {
    run: id,
    epoch: 1,
    name: id,
    phases,
    first: begunPhase(phases[0] ?? MAP, script),
    rows: { kind, items },
    filesQueue: FILES_QUEUE,
    concurrency: 4,
    paused: false,
    outputDir: '/out',
    stateAttribute: true,
    ...plan,
  };
}

/** The activities of all scripted runs. */
export function scriptedActivities(scenes: ReadonlyMap<string, Scene>): Activities & { talk: OnceActivity } {
  const of = (run: string): Scene => {
    const scene = scenes.get(run);
    if (!scene) throw ApplicationFailure.nonRetryable(`E_RUN_UNKNOWN: the store has no run ${run}`, 'E_RUN_UNKNOWN');
    return scene;
  };
  const totals = (scene: Scene): WatchRunResult => {
    const ok = scene.done.size;
    const { items } = scene.script;
    const told = { why: 'nothing', waitsFor: 'nothing', rest: null, found: null };
    return {
      total: items,
      ok,
      failed: 0,
      filtered: 0,
      costUsd: 0,
      maxCostUsd: null,
      calls: ok,
      limited: 0,
      doubtful: 0,
      ...told,
    };
  };
  return {
    openRun: async (input: RunInput): Promise<OpenRunResult> => {
      const id = 'run' in input ? input.run : '';
      const scene = of(id);
      scene.opens += 1;
      await scene.script.open?.();
      if (scene.script.items === 0) return { kind: 'finished', run: id, filesQueue: FILES_QUEUE };
      return { kind: 'open', plan: planOf(id, scene.script) };
    },
    beginPhase: async ({ run, phase }: BeginPhaseInput) => {
      const scene = of(run);
      scene.begins.push(phase);
      await scene.script.begin?.(phase);
      const found = scene.script.phases?.find(({ name }) => name === phase);
      if (found === undefined) throw ApplicationFailure.nonRetryable(`no phase ${phase}`);
      return begunPhase(found, scene.script);
    },
    talk: async ({ run, phase }: PhaseInput) => {
      const scene = of(run);
      scene.talks.push(phase);
      const attempt = scene.talks.filter((other) => other === phase).length;
      return (await scene.script.once?.[phase]?.(attempt)) ?? doneTurn();
    },
    watchRun: async ({ run, shown, processes }: WatchRunInput) => {
      const scene = of(run);
      scene.watches += 1;
      const { cancellationSignal } = Context.current();
      for (;;) {
        const seen = totals(scene);
        Context.current().heartbeat(seen);
        const over = seen.ok >= seen.total && (scene.script.phases ?? [MAP]).at(-1)?.kind === 'map';
        if (scene.closed || over || seen.ok - shown >= Math.max(1, seen.total * 0.05)) return seen;
        if (processes !== undefined && scene.processes > processes)
          return { ...seen, processes: scene.processes, idle: scene.idle };
        await new Promise((resolve) => setTimeout(resolve, 20));
        cancellationSignal.throwIfAborted();
      }
    },
    writeControl: async (input: WriteControlInput) => {
      const scene = of(input.run);
      scene.controls.push(input);
      scene.script.control?.(input);
      if (input.paused !== undefined) scene.news.paused = input.paused;
      if (input.cancelled !== undefined) scene.news.cancelled = input.cancelled;
      if (input.concurrency !== undefined) scene.news.concurrency = input.concurrency;
      return { paused: scene.news.paused, concurrency: scene.news.concurrency };
    },
    listItems: async (input: ListItemsInput) => {
      const scene = of(input.run);
      scene.lists.push(input);
      return scene.script.list?.slice(input.from, input.to) ?? [];
    },
    rowIds: async ({ run, source, positions }: RowIdsInput) => {
      const scene = of(run);
      if (scene.script.ids === undefined) return positions.map((at) => `row-${source === 'list' ? scene.script.list?.[at] : at}`);
      return await scene.script.ids(positions);
    },
    runTurn: async ({ run, phase, index }: RunTurnInput) => {
      const scene = of(run);
      scene.turns.push(index);
      scene.phases.push(phase);
      const result = (await scene.script.turn?.(index, scene.times(scene.turns, index))) ?? doneTurn();
      if (result.kind === 'done') scene.done.add(index);
      return result;
    },
    runSlice: async (input: RunSliceInput) => {
      const scene = of(input.run);
      scene.slices.push(input);
      scene.queues.push(Context.current().info.taskQueue);
      const attempt = scene.slices.filter(({ from }) => from === input.from).length;
      const scripted = await scene.script.slice?.(input, attempt);
      const result = { ...emptySlice(), ...(scripted ?? { ok: input.to - input.from, callMs: 5 }) };
      const left = Array.from({ length: input.to - input.from }, (_, step) => input.from + step).filter(
        (at) => !scene.done.has(at),
      );
      for (const at of left.slice(0, result.ok)) scene.done.add(at);
      return result;
    },
    closeRun: async (input: CloseRunInput): Promise<RunSummary> => {
      const scene = of(input.run);
      scene.closes.push(input);
      scene.closed = true;
      await scene.script.close?.();
      const { total, ok } = totals(scene);
      return {
        run: input.run,
        epoch: input.epoch,
        state: endState(input, total - ok),
        stop: input.stop,
        message: null,
        counts: { total, ok, failed: 0, filtered: 0 },
        usage: USAGE,
        costUsd: 0,
        outputDir: '/out',
        ...scene.script.end,
      };
    },
  };
}

let runtimeInstalled = false;

/** The real workflows, but for the number of children that an execution starts before it hands over. */
function bundleWith(childrenPerExecution: number): { code: string } {
  const real = /\bCHILDREN_PER_EXECUTION = 400;/;
  const code = readFileSync(BUNDLE, 'utf8');
  if (!real.test(code)) throw new Error('the bundle does not say how many children an execution starts');
  return { code: code.replace(real, `CHILDREN_PER_EXECUTION = ${childrenPerExecution};`) };
}

export interface TemporalOptions {
  maxCachedWorkflows?: number;
  /** Fewer than the real 400, so that a lane continues as new often. */
  childrenPerExecution?: number;
}

export interface BareTemporal {
  client: Client;
  connection: Connection;
  native: NativeConnection;
  stop(): Promise<void>;
}

/** A server without workers. Rejects when there is no bundle for them. */
export async function startBareTemporal(): Promise<BareTemporal> {
  readFileSync(BUNDLE);
  if (!runtimeInstalled) {
    const quiet = { logging: { filter: 'ERROR' } };
    Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [], telemetryOptions: quiet });
  }
  runtimeInstalled = true;
  const config = await newConfig();
  const server = await TemporalServer.start({
    config,
    paths: ensureHome(config.home),
    binary: await resolveTemporalBinary(config),
    onProgress: () => undefined,
  });
  const connection = await connectTemporal({ address: server.address, namespace: server.namespace });
  const native = await NativeConnection.connect({ address: server.address });
  return {
    client: new Client({ connection }),
    connection,
    native,
    stop: async () => {
      await native.close();
      await connection.close();
      await server.stop();
      await endHomes();
    },
  };
}

/** One server for a test file, with workers for scripted runs. */
export async function startTemporal(options: TemporalOptions = {}): Promise<Temporal> {
  const { client, connection, native, stop } = await startBareTemporal();
  const scenes = new Map<string, Scene>();
  const { runTurn, closeRun, watchRun, ...main } = scriptedActivities(scenes);
  const { runSlice } = main;
  const create = (taskQueue: string, activities: object, workflows: object = {}) =>
    // A fixed identity: saved histories name no machine.
    Worker.create({ connection: native, taskQueue, activities, identity: 'worker', ...workflows });
  const workers = await Promise.all([
    create(MAIN_QUEUE, main, {
      workflowBundle:
        options.childrenPerExecution === undefined ? { codePath: BUNDLE } : bundleWith(options.childrenPerExecution),
      stickyQueueScheduleToStartTimeout: '1s',
      maxHeartbeatThrottleInterval: '100ms',
      maxCachedWorkflows: options.maxCachedWorkflows ?? 300,
    }),
    create(MODEL_QUEUE, { runTurn }),
    create(FILES_QUEUE, { closeRun, watchRun }, { maxHeartbeatThrottleInterval: '100ms' }),
    create(SLICE_QUEUE, { runSlice }),
  ]);
  const running = workers.map((worker) => worker.run());
  return {
    client,
    connection,
    native,
    start: async (id, script) => {
      const scene = new Scene(script);
      scenes.set(id, scene);
      const handle: RunWorkflow = await client.workflow.start<(input: RunInput) => Promise<RunSummary>>('swarmRun', {
        taskQueue: MAIN_QUEUE,
        workflowId: `${id}/e1`,
        args: [{ run: id }],
        staticSummary: `${id}: rows`,
        typedSearchAttributes: new TypedSearchAttributes(runAttributes({ run: id, model: 'test/model' })),
      });
      return { handle, scene };
    },
    executions: async (id) => {
      const found: string[] = [];
      for await (const { workflowId, status } of client.workflow.list({ query: `SwarmRun = "${id}"` })) {
        found.push(`${workflowId} ${status.name}`);
      }
      return found.sort();
    },
    stop: async () => {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
      await stop();
    },
  };
}
