import { expect, it } from 'vitest';
import {
  currentPhase,
  endsWithRows,
  isRow,
  onceIndex,
  type Phase,
  type PhaseRules,
  phaseNamed,
  TASK_PHASES,
  usesOf,
} from '../../src/core/phases.js';
import { aTask } from '../activities/turn-setup.js';

const PHASES: readonly Phase[] = [
  { name: 'plan', role: 'orchestrator', kind: 'once', activity: 'plan' },
  { name: 'map', role: 'worker', kind: 'map', over: 'rows' },
  { name: 'review', role: 'orchestrator', kind: 'once', activity: 'review' },
];
const RULES: PhaseRules = { phasesOf: () => PHASES, useOf: (task, role) => ({ ...TASK_PHASES.useOf(task, role), role }) };

it('phasesOf: a task -> one map over its rows, by the worker', () => {
  expect(TASK_PHASES.phasesOf(aTask())).toEqual([{ name: 'map', role: 'worker', kind: 'map', over: 'rows' }]);
});

it('useOf: the worker -> what the task says of worker_model', () => {
  const price = { input: 1, output: 2 };
  const task = aTask({ price, maxTokens: 7, timeoutMs: 9, sliceSize: 3, multiTurn: true, maxTurns: 12 });
  expect(TASK_PHASES.useOf(task, 'worker')).toEqual({
    role: 'worker',
    model: task.model,
    price,
    queue: 'llm.openai.asked',
    maxTokens: 7,
    settings: task,
    headers: {},
    timeoutMs: 9,
    interactive: false,
    turns: 3,
    sliceSize: 3,
  });
  expect(TASK_PHASES.useOf(aTask(), 'worker').turns).toBe(1);
});

it('usesOf: phases of the same role -> its use once; of one kind of phases alone, when asked', () => {
  expect(usesOf(aTask(), RULES).map(({ role }) => role)).toEqual(['orchestrator', 'worker']);
  expect(usesOf(aTask(), RULES, 'map').map(({ role }) => role)).toEqual(['worker']);
  expect(usesOf(aTask()).map(({ role }) => role)).toEqual(['worker']);
});

it('phaseNamed: no name -> the first; a name that no phase has -> an error', () => {
  expect(phaseNamed(PHASES, undefined).name).toBe('plan');
  expect(phaseNamed(PHASES, 'review').name).toBe('review');
  expect(() => phaseNamed(PHASES, 'other')).toThrow('no phase other');
});

it('currentPhase: before the start, or of a task that was changed -> the first', () => {
  const task = aTask();
  expect(currentPhase({ task, phase: 'review' }, RULES).name).toBe('review');
  expect([null, 'gone'].map((phase) => currentPhase({ task, phase }, RULES).name)).toEqual(['plan', 'plan']);
});

it('endsWithRows: only a map phase that is the last', () => {
  expect(PHASES.map((phase) => endsWithRows(PHASES, phase))).toEqual([false, false, false]);
  expect(PHASES.slice(0, 2).map((phase) => endsWithRows(PHASES.slice(0, 2), phase))).toEqual([false, true]);
});

it('onceIndex: every conversation beside the rows -> another negative index', () => {
  const indexes = PHASES.map((phase) => onceIndex(PHASES, phase));
  expect(indexes).toEqual([-1, -2, -3]);
  expect([...indexes, 0, 7].map(isRow)).toEqual([false, false, false, true, true]);
});
