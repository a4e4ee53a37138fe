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

const gemini = 'prompt_template: "{{seed}}"\nworker_model: gemini/m\n';
const stored = { provider: 'gemini', apiBase: 'https://generativelanguage.googleapis.com/v1beta/openai' };

test('withStoredBase: a Gemini run of 0.1.0 -> goes on over the chat wire at the base that it began with', () => {
  expect(taskOf('', gemini).model).toMatchObject({ wire: 'gemini', apiBase: 'https://generativelanguage.googleapis.com/v1beta' });
  const { model } = withStoredBase(taskOf('', gemini), stored);
  expect(model).toEqual({ ...stored, model: 'm', apiKeyEnv: 'GEMINI_API_KEY' });
});

test('withStoredBase: an Ollama run of 0.1.0, and a base without a version -> as they were stored', () => {
  const ollama = taskOf('', 'prompt_template: "{{seed}}"\nworker_model: ollama/m\n');
  const before = { provider: 'ollama', apiBase: 'http://localhost:11434/v1' };
  expect(withStoredBase(ollama, before).model).toEqual({ ...before, model: 'm', apiKeyEnv: null });
  const gate = taskOf('', 'prompt_template: "{{seed}}"\nworker_model: m\nworker_api_base: https://gate.example\n');
  expect(gate.model.apiBase).toBe('https://gate.example/v1');
  expect(withStoredBase(gate, { provider: 'gate.example', apiBase: 'https://gate.example' }).model.apiBase).toBe(
    'https://gate.example',
  );
});

test('withStoredBase: the file names another base, or the run began on the new wire -> as the file says', () => {
  const elsewhere = taskOf('worker_wire: gemini\n', `${gemini}worker_api_base: https://gate.example/v1beta\n`);
  expect(withStoredBase(elsewhere, stored)).toBe(elsewhere);
  const now = taskOf('', gemini);
  expect(withStoredBase(now, now.model)).toBe(now);
});

test('changedKeys: another wire -> worker_wire; keys of the request -> their names', () => {
  const chat = taskOf('worker_wire: chat\n', gemini);
  expect(changedKeys(chat, taskOf('', gemini))).toEqual(['worker_wire', 'worker_api_base']);
  const more = taskOf('seed: 1\nstop: x\nreasoning_effort: low\nextra_body: {a: {b: 1}}\n');
  expect(changedKeys(taskOf(), more)).toEqual(['seed', 'stop', 'reasoning_effort', 'extra_body']);
});

test('withStoredBase: a run of 0.1.0 at the address of a provider that was not known then -> goes on over the chat wire, under its name', () => {
  const file = 'prompt_template: "{{seed}}"\nworker_model: claude-haiku-4-5\nworker_api_base: https://api.anthropic.com/v1\n';
  const now = taskOf('worker_api_key_env: ANTHROPIC_API_KEY\n', file);
  expect(now.model).toMatchObject({ provider: 'anthropic', wire: 'anthropic' });
  const before = { provider: 'api.anthropic.com', apiBase: 'https://api.anthropic.com/v1' };
  const then = { ...now, model: { ...before, model: 'claude-haiku-4-5', apiKeyEnv: 'ANTHROPIC_API_KEY' } };
  expect(changedKeys(then, withStoredBase(now, before))).toEqual([]);
  expect(withStoredBase(now, { provider: 'api.anthropic.com', apiBase: 'https://gate.example/v1' })).toBe(now);
  expect(withStoredBase(now, now.model)).toBe(now);
});
