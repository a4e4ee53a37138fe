import { describe, expect, test } from 'vitest';
import { parseTaskObject, parseTaskText } from '../../src/intake/parse-task.js';
import { SYSTEM_PROMPTS } from '../../src/schema/system-prompts.js';
import type { ModelRef, Task } from '../../src/schema/task-types.js';

const OK = 'prompt_template: "{{seed}}"\nworker_model: sim/x\n';

function taskOf(text: string): Task {
  const { task, problems } = parseTaskText(text);
  if (!task) throw new Error(JSON.stringify(problems));
  return task;
}

const modelOf = (keys: string): ModelRef => taskOf(`prompt_template: "{{seed}}"\n${keys}`).model;

test('task: two keys -> the defaults', () => {
  expect(taskOf(OK)).toEqual({
    name: 'task',
    taskType: 'generation',
    promptTemplate: '{{seed}}',
    systemPrompt: null,
    model: { provider: 'sim', model: 'x', apiBase: null, apiKeyEnv: null },
    maxTokens: 4096,
    temperature: null,
    topP: null,
    headers: {},
    multiTurn: false,
    maxTurns: 1,
    followUp: 'Continue. When the task is complete, end your answer with [DONE].',
    stopWhen: [],
    onTruncate: 'keep',
    seedsFile: null,
    concurrency: 'auto',
    staggerMs: 0,
    sliceSize: 'auto',
    outputDir: 'out/task',
    outputFormat: 'jsonl',
    checkpointEvery: 10,
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
    timeoutMs: 600_000,
    tags: {},
    weight: 1,
  });
});

test('task: every key given -> every field of the Task has it', () => {
  const task = taskOf(`
name: all-keys
task_type: summarization
prompt_template: |
  Sum up:
  {{text}}
system_prompt: Be brief.
worker_model: openai/gpt
worker_api_base: https://proxy.example/v1/
worker_api_key_env: PROXY_KEY
worker_max_tokens: 100
temperature: 0
top_p: 0.5
headers: {X-Team: red}
multi_turn: true
max_turns: 3
follow_up: more
stop_when:
  - {contains: A}
  - {equals: B}
  - {matches: "^C"}
on_truncate: fail
seeds_file: rows.csv
concurrency: 7
stagger: 0.25
batch_size: 50
output_dir: results
output_format: csv
checkpoint_every: 5
transcripts: true
max_cost: 1.5
price: {input: 1, output: 2, cached_input: 0.1}
max_cost_per_call: 0.25
max_cost_per_row: 0.5
max_daily_cost: 10
warn_at: 5
timezone: Europe/Berlin
requests_per_minute: 60
tokens_per_minute: 90000
timeout: 1.5
tags: {team: red}
weight: 2
`);
  expect(task).toEqual({
    name: 'all-keys',
    taskType: 'summarization',
    promptTemplate: 'Sum up:\n{{text}}\n',
    systemPrompt: 'Be brief.',
    model: { provider: 'openai', model: 'gpt', apiBase: 'https://proxy.example/v1', apiKeyEnv: 'PROXY_KEY' },
    maxTokens: 100,
    temperature: 0,
    topP: 0.5,
    headers: { 'X-Team': 'red' },
    multiTurn: true,
    maxTurns: 3,
    followUp: 'more',
    stopWhen: [{ contains: 'A' }, { equals: 'B' }, { matches: '^C' }],
    onTruncate: 'fail',
    seedsFile: 'rows.csv',
    concurrency: 7,
    staggerMs: 250,
    sliceSize: 50,
    outputDir: 'results',
    outputFormat: 'csv',
    checkpointEvery: 5,
    transcripts: true,
    maxCost: 1.5,
    price: { input: 1, output: 2, cachedInput: 0.1 },
    maxCostPerCall: 0.25,
    maxCostPerRow: 0.5,
    maxDailyCost: 10,
    warnAt: 5,
    timeZone: 'Europe/Berlin',
    requestsPerMinute: 60,
    tokensPerMinute: 90_000,
    timeoutMs: 1500,
    tags: { team: 'red' },
    weight: 2,
  });
});

describe('single keys', () => {
  test('task_type: each -> its system prompt, unless one is given', () => {
    for (const [type, prompt] of Object.entries(SYSTEM_PROMPTS)) {
      expect(taskOf(`${OK}task_type: ${type}`).systemPrompt).toBe(prompt);
      expect(taskOf(`${OK}task_type: ${type}\nsystem_prompt: mine`).systemPrompt).toBe('mine');
      expect(taskOf(`${OK}task_type: ${type}\nsystem_prompt: null`).systemPrompt).toBeNull();
      expect(taskOf(`${OK}task_type: ${type}\nsystem_prompt: ""`).systemPrompt).toBeNull();
    }
  });

  test('stop_when: absent, a text, an empty list -> rules', () => {
    const multi = `${OK}multi_turn: true\n`;
    expect(taskOf(multi).stopWhen).toEqual([{ contains: '[DONE]' }]);
    expect(taskOf(multi).maxTurns).toBe(20);
    expect(taskOf(`${multi}stop_when: END`).stopWhen).toEqual([{ contains: 'END' }]);
    expect(taskOf(`${multi}stop_when: []`).stopWhen).toEqual([]);
  });

  test('max_turns without multi_turn -> one turn, and a note', () => {
    const { task, notes } = parseTaskText(`${OK}max_turns: 20\nmulti_turn: false\n`);
    expect(task?.maxTurns).toBe(1);
    expect(notes).toEqual(['max_turns has no effect while multi_turn is false']);
  });

  test('workers, stagger, batch_size: auto and numbers -> concurrency, staggerMs, sliceSize', () => {
    const auto = taskOf(`${OK}workers: auto\nstagger: auto\nbatch_size: auto`);
    expect([auto.concurrency, auto.staggerMs, auto.sliceSize]).toEqual(['auto', 0, 'auto']);
    expect(taskOf(`${OK}workers: 9`).concurrency).toBe(9);
  });

  test('template places: block text -> line and column of the file', () => {
    const { variablePlaces } = parseTaskText('worker_model: sim/x\nprompt_template: |\n  Hi {{a}}\n\n  {{b.c}} {{a}}\n', {
      file: 't.yaml',
    });
    expect(variablePlaces['a']).toEqual({ file: 't.yaml', line: 3, column: 6 });
    expect(variablePlaces['b.c']).toEqual({ file: 't.yaml', line: 5, column: 3 });
  });

  test('JSON, CRLF, a byte order mark, an anchor that nothing repeats -> read', () => {
    expect(taskOf('{"prompt_template": "{{seed}}", "worker_model": "sim/x"}').model.model).toBe('x');
    expect(taskOf(`\ufeff${OK.replaceAll('\n', '\r\n')}`).model.model).toBe('x');
    expect(taskOf(`${OK}name: &here demo\n`).name).toBe('demo');
  });

  test('an object with the keys of the file -> the same task', () => {
    const object = { prompt_template: '{{seed}}', worker_model: 'sim/x', stop_when: [{ equals: 'x' }], multi_turn: true };
    expect(parseTaskObject(object).task).toEqual(taskOf(`${OK}stop_when: [{equals: x}]\nmulti_turn: true\n`));
  });
});

describe('worker_model', () => {
  test.each([
    ['worker_model: openai/gpt-4o-mini', 'openai', 'gpt-4o-mini', 'https://api.openai.com/v1', 'OPENAI_API_KEY'],
    [
      'worker_model: openrouter/meta-llama/llama-3',
      'openrouter',
      'meta-llama/llama-3',
      'https://openrouter.ai/api/v1',
      'OPENROUTER_API_KEY',
    ],
    ['worker_model: ollama/llama3:8b\nworker_wire: chat', 'ollama', 'llama3:8b', 'http://localhost:11434/v1', null],
    ['worker_model: sim/a/b', 'sim', 'a/b', null, null],
    ['worker_model: sim/a\nworker_api_base: http://127.0.0.1:9000/v1', 'sim', 'a', 'http://127.0.0.1:9000/v1', null],
    [
      'worker_model: my-model\nworker_api_base: http://localhost:8000/v1',
      'localhost-8000',
      'my-model',
      'http://localhost:8000/v1',
      null,
    ],
    ['worker_model: m\nworker_api_base: http://[::1]:8000/v1', '1-8000', 'm', 'http://[::1]:8000/v1', null],
    [
      'worker_model: meta-llama/x\nworker_api_base: https://api.example.com/v1',
      'api.example.com',
      'meta-llama/x',
      'https://api.example.com/v1',
      null,
    ],
    [
      'worker_model: anthropic/c\nworker_api_base: https://gate.example/v1',
      'gate.example',
      'anthropic/c',
      'https://gate.example/v1',
      null,
    ],
    ['worker_model: groq/l\nworker_api_base: https://gate.example/v1', 'groq', 'l', 'https://gate.example/v1', 'GROQ_API_KEY'],
    [
      'worker_model: deepseek-chat\nworker_api_base: https://api.deepseek.com/chat/completions',
      'deepseek',
      'deepseek-chat',
      'https://api.deepseek.com',
      'DEEPSEEK_API_KEY',
    ],
    [
      'worker_model: openai/gpt\nworker_api_base: https://openrouter.ai/api/v1',
      'openrouter',
      'openai/gpt',
      'https://openrouter.ai/api/v1',
      'OPENROUTER_API_KEY',
    ],
    ['worker_model: vllm/m\nworker_api_key_env: VLLM_KEY', 'vllm', 'm', 'http://localhost:8000/v1', 'VLLM_KEY'],
  ])('model: %s -> provider, model, base, key', (keys, provider, model, apiBase, apiKeyEnv) => {
    expect(modelOf(keys)).toEqual({ provider, model, apiBase, apiKeyEnv });
  });

  test.each([
    ['anthropic/claude-haiku-5-5', 'anthropic', 'anthropic', 'https://api.anthropic.com/v1', 'ANTHROPIC_API_KEY'],
    ['gemini/m', 'gemini', 'gemini', 'https://generativelanguage.googleapis.com/v1beta', 'GEMINI_API_KEY'],
    ['ollama/llama3:8b', 'ollama', 'ollama', 'http://localhost:11434', null],
    ['openai/m\nworker_wire: responses', 'openai', 'responses', 'https://api.openai.com/v1', 'OPENAI_API_KEY'],
    ['deepseek/m\nworker_wire: anthropic', 'deepseek', 'anthropic', 'https://api.deepseek.com/anthropic/v1', 'DEEPSEEK_API_KEY'],
    ['vllm/m\nworker_wire: anthropic', 'vllm', 'anthropic', 'http://localhost:8000/v1', null],
    [
      'anthropic/m\nworker_wire: anthropic\nworker_api_base: https://gate.example',
      'anthropic',
      'anthropic',
      'https://gate.example/v1',
      'ANTHROPIC_API_KEY',
    ],
    ['ollama/m\nworker_api_base: https://gpu.example', 'ollama', 'ollama', 'https://gpu.example', null],
    ['sim/m\nworker_wire: gemini', 'sim', 'gemini', null, null],
  ])('model: %s -> provider, wire, base, key', (keys, provider, wire, apiBase, apiKeyEnv) => {
    expect(modelOf(`worker_model: ${keys}`)).toMatchObject({ provider, wire, apiBase, apiKeyEnv });
  });

  test('a base that is not of the provider before the model -> a note where its key goes; none with worker_api_key_env, or without a key', () => {
    const notes = (keys: string) =>
      parseTaskText(`prompt_template: "{{seed}}"\nworker_api_base: https://gate.example/v1\n${keys}`).notes;
    expect(notes('worker_model: openai/m\n')).toEqual([
      'the key in OPENAI_API_KEY goes to gate.example, which is not an address of openai: worker_api_key_env names another one',
    ]);
    expect(notes('worker_model: openai/m\nworker_api_key_env: OPENAI_API_KEY\n')).toEqual([]);
    for (const model of ['vllm/m', 'm', 'anthropic/m']) expect(notes(`worker_model: ${model}\n`)).toEqual([]);
  });

  test('worker_api_base: the form with /chat/completions -> normalised, with a note (B38)', () => {
    const { task, notes } = parseTaskText(`${OK}worker_api_base: https://a.example/v1/chat/completions/\n`);
    expect(task?.model.apiBase).toBe('https://a.example/v1');
    expect(notes).toEqual(['worker_api_base: took off /chat/completions, the base is https://a.example/v1']);
  });

  test.each([
    'http://localhost:1/v1',
    'http://127.0.0.1:1/v1',
    'http://127.9.9.9/v1',
    'http://[::1]:1/v1',
    'http://a.localhost/v1',
  ])('worker_api_base: %s -> loopback, plain http is fine', (base) => {
    expect(modelOf(`worker_model: m\nworker_api_base: "${base}"`).apiBase).toBe(base);
  });
});
