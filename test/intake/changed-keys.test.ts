import { expect, test } from 'vitest';
import { changedKeys, changedOperationalKeys, identityOf, withStoredBase } from '../../src/intake/changed-keys.js';
import { parseTaskText } from '../../src/intake/parse-task.js';
import { IDENTITY_KEYS, type Task } from '../../src/schema/task-types.js';

function taskOf(extra = '', head = 'prompt_template: "{{seed}}"\nworker_model: sim/a\n'): Task {
  const { task, problems } = parseTaskText(head + extra);
  if (!task) throw new Error(JSON.stringify(problems));
  return task;
}

test('identityOf: a task -> exactly the identity keys', () => {
  expect(Object.keys(identityOf(taskOf())).sort()).toEqual([...IDENTITY_KEYS].sort());
});

test('changedKeys: the same file -> none', () => {
  expect(changedKeys(taskOf('headers: {a: x, b: y}'), taskOf('headers: {b: y, a: x}'))).toEqual([]);
});

test('changedKeys: changed answers -> names of the file', () => {
  const other = taskOf('temperature: 1\nsystem_prompt: hi\nmulti_turn: true\nheaders: {x: y}');
  expect(changedKeys(taskOf(), other)).toEqual([
    'system_prompt',
    'temperature',
    'headers',
    'multi_turn',
    'max_turns',
    'stop_when',
  ]);
});

test('changedKeys: parts of the model -> the key of each part', () => {
  const head = 'prompt_template: "{{seed}}"\nworker_model: m\nworker_api_base: https://a.example/v1\n';
  const other = 'prompt_template: "{{seed}}"\nworker_model: m\nworker_api_base: https://a.example/v2\nworker_api_key_env: K\n';
  expect(changedKeys(taskOf('', head), taskOf('', other))).toEqual(['worker_api_base', 'worker_api_key_env']);
  expect(changedKeys(taskOf(), taskOf('', 'prompt_template: "{{seed}}"\nworker_model: sim/b\n'))).toEqual(['worker_model']);
});

test('changedOperationalKeys: limits and names -> listed, and no identity key with them', () => {
  const other = taskOf('name: other\nworkers: 3\nmax_cost: 2\ntemperature: 1\nstagger: 1');
  expect(changedOperationalKeys(taskOf(), other)).toEqual(['name', 'workers', 'stagger', 'output_dir', 'max_cost']);
});

test('withStoredBase: our default has moved since the run was stored -> the stored one; another base -> as given', () => {
  const NEW = 'https://new.example/v2';
  const providers = { groq: { apiBase: NEW, earlierBases: ['https://old.example/v1'] } };
  const task = taskOf();
  const on = (apiBase: string | null) => ({ ...task, model: { ...task.model, provider: 'groq', apiBase } });
  const kept = (given: string, stored: string | null, provider = 'groq') =>
    withStoredBase(on(given), { provider, apiBase: stored }, providers).model.apiBase;
  expect(kept(NEW, 'https://old.example/v1')).toBe('https://old.example/v1');
  expect(kept(NEW, 'https://own.example/v1')).toBe(NEW);
  expect(kept('https://own.example/v1', 'https://old.example/v1')).toBe('https://own.example/v1');
  expect(kept(NEW, 'https://old.example/v1', 'xai')).toBe(NEW);
  expect(kept(NEW, null)).toBe(NEW);
});
