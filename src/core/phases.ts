/** What a run does step by step, and what model does it. Pure: everything follows from the task. */
import type { ModelRef, PriceOverride, RequestSettings, Task } from '../schema/task-types.js';
import { hasForm } from './conversation/answer-form.js';
import { modelQueue } from './names.js';
import { PLANNED_REPAIRS, PLANNED_TURNS } from './slice-size.js';

/** What a model does in a run: works on rows, guides those that do, plays tools or the user of a conversation, judges answers. */
export type Role = 'worker' | 'orchestrator' | 'tools' | 'user' | 'judge';

/** What a map phase goes over: all rows that have no outcome when the run's epoch begins. */
export type Over = 'rows';

/** A named step of a run. Its model calls are those of a role. */
export type Phase = { name: string; role: Role } & (
  | { kind: 'map'; over: Over }
  /** One activity of that name, asked until it is done. Its conversation has a negative index (`onceIndex`), and no outcome. */
  | { kind: 'once'; activity: string }
);

/** How the calls of a role are made. */
export interface ModelUse {
  role: Role;
  model: ModelRef;
  /** Null: that of the price list. */
  price: PriceOverride | null;
  /** Queue of its turn activities. */
  queue: string;
  /** The most tokens that an answer may have. */
  maxTokens: number;
  settings: RequestSettings;
  /** Extra request headers. */
  headers: Record<string, string>;
  /** Deadline of one call, ms. */
  timeoutMs: number;
  /** True: its calls go before those of others at the same gate. */
  interactive: boolean;
  /** Mean turns of a conversation, to plan with. */
  turns: number;
  /** Rows per child workflow. */
  sliceSize: number | 'auto';
}

/** What a run consists of; another one than `TASK_PHASES` is for tests of the parts that go by it. */
export interface PhaseRules {
  /** In their order, at least one. Names are never the same. Publishing comes after the last one, and is none. */
  phasesOf(task: Task): readonly Phase[];
  useOf(task: Task, role: Role): ModelUse;
}

function phasesOf(_task: Task): readonly Phase[] {
  return [{ name: 'map', role: 'worker', kind: 'map', over: 'rows' }];
}

function useOf(task: Task, role: Role): ModelUse {
  const { model, price, maxTokens, headers, timeoutMs, sliceSize } = task;
  const turns =
    (task.multiTurn ? Math.min(PLANNED_TURNS, task.maxTurns) : 1) + (hasForm(task) && task.maxRepairs ? PLANNED_REPAIRS : 0);
  const queue = modelQueue(model.provider, model.model);
  // Its settings are part of the task.
  return { role, model, price, queue, maxTokens, settings: task, headers, timeoutMs, interactive: false, turns, sliceSize };
}

export const TASK_PHASES: PhaseRules = { phasesOf, useOf };

/** The uses of all roles that a task has calls of, each once; of phases of one kind, or of all. */
export function usesOf(task: Task, rules: PhaseRules = TASK_PHASES, kind?: Phase['kind']): ModelUse[] {
  const phases = rules.phasesOf(task).filter((phase) => kind === undefined || phase.kind === kind);
  return [...new Set(phases.map(({ role }) => role))].map((role) => rules.useOf(task, role));
}

/** The phase of that name; without a name the first, for what older versions wrote names none. */
export function phaseNamed(phases: readonly Phase[], name: string | undefined): Phase {
  const found = name === undefined ? phases[0] : phases.find((phase) => phase.name === name);
  if (found === undefined) throw new Error(`the task has no phase ${name}`);
  return found;
}

/** The phase that a run is in, or was in last; before it starts, and where its task was changed so that there is none of that name, the first. */
export function currentPhase({ task, phase }: { task: Task; phase: string | null }, rules: PhaseRules = TASK_PHASES): Phase {
  const phases = rules.phasesOf(task);
  return phases.find(({ name }) => name === phase) ?? phaseNamed(phases, undefined);
}

/** True when nothing comes after the phase but its rows: the run is over as soon as the last of them is done. */
export function endsWithRows(phases: readonly Phase[], { name, kind }: Pick<Phase, 'name' | 'kind'>): boolean {
  return kind === 'map' && phases.at(-1)?.name === name;
}

/** Index of the conversation of a once-phase: negative, so that it is nobody's row. */
export function onceIndex(phases: readonly Phase[], { name }: Pick<Phase, 'name'>): number {
  return -1 - phases.findIndex((phase) => phase.name === name);
}

/** Indexes of conversations beside the rows. */
export const BESIDE_ROWS = { from: Number.MIN_SAFE_INTEGER, to: 0 } as const;

/** True for a row's index; a conversation beside the rows has a negative one. */
export function isRow(index: number): boolean {
  return index >= 0;
}
