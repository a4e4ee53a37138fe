import { describe, expect, it } from 'vitest';
import { checkModel, modelNote, unlistedProblem } from '../../src/runs/model-check.js';
import type { ModelRef } from '../../src/schema/task-types.js';

const BASES: Record<string, string> = {
  openai: 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com/v1',
  gemini: 'https://generativelanguage.googleapis.com/v1beta',
  openrouter: 'https://openrouter.ai/api/v1',
  xai: 'https://api.x.ai/v1',
  mistral: 'https://api.mistral.ai/v1',
  ollama: 'http://localhost:11434',
  vllm: 'http://10.0.0.7:8000/v1',
  'gateway.example': 'https://gateway.example/v1',
};

function ref(provider: string, model: string, apiBase = BASES[provider] ?? null): ModelRef {
  return { provider, model, apiBase, apiKeyEnv: null };
}

const status = (asked: ModelRef, names: string[], more = false) => checkModel(asked, { names, more }).status;

describe('checkModel', () => {
  it.each<[string, string, string, string[]]>([
    ['the name itself', 'openai', 'gpt-5.1', ['gpt-5.1']],
    ['a name of a gateway', 'gateway.example', 'openai/gpt-5.1', ['openai/gpt-5.1']],
    ['a tag that is not written (Ollama)', 'ollama', 'llama4', ['llama4:latest']],
    ['a name with its folder (Gemini)', 'gemini', 'models/gemini-3-pro', ['gemini-3-pro']],
  ])('checkModel: %s -> listed', (_, provider, model, names) => {
    expect(checkModel(ref(provider, model), { names, more: false })).toEqual({ status: 'listed', why: null, nearest: [] });
  });

  it.each<[string, string, string, string[]]>([
    ['a mistyped name', 'openai', 'gtp-5.1', ['gpt-5.1']],
    ['a model that is not pulled', 'ollama', 'llama4', ['qwen3:latest']],
    ['another tag', 'ollama', 'llama4:70b', ['llama4:8b']],
    ['another model than is served', 'vllm', 'meta/llama', ['qwen/qwen3']],
    ['a model that a gateway of many has not', 'openrouter', 'openai/gpt-9', ['openai/gpt-5.1']],
    ['nothing is pulled', 'ollama', 'llama4', []],
  ])('checkModel: %s -> unlisted', (_, provider, model, names) => {
    expect(status(ref(provider, model), names)).toBe('unlisted');
  });

  it.each<[string, ModelRef, string[]]>([
    ['an endpoint that nobody knows', ref('gateway.example', 'team-model'), ['gpt-5.1']],
    ['a gateway before a known provider', ref('openai', 'gpt-9', 'https://gateway.example/v1'), ['gpt-5.1']],
    ['deployments (Azure)', ref('own.openai.azure.com', 'production', 'https://own.openai.azure.com/openai/v1'), ['gpt-5.1']],
    ['a local kind of server behind https', ref('ollama', 'llama4', 'https://ollama.com'), ['qwen3']],
    ['a provider whose list may be short', ref('xai', 'grok-9'), ['grok-4']],
    ['an alias of a dated name', ref('anthropic', 'claude-haiku-5-5'), ['claude-haiku-5-5-20261001']],
    ['a dated name of an alias', ref('openai', 'gpt-5.1-2026-02-03'), ['gpt-5.1']],
    ['an older edition', ref('openai', 'gpt-4-0613'), ['gpt-4']],
    ['the newest of its kind', ref('gemini', 'gemini-flash-latest'), ['gemini-3-flash']],
    ['a variant of a gateway', ref('openrouter', 'meta/llama-4:nitro'), ['meta/llama-4']],
    ['a tuned model', ref('openai', 'ft:gpt-4o:org::id'), ['gpt-4o']],
    ['a preset', ref('openrouter', '@preset/mine'), ['meta/llama-4']],
    ['another case', ref('openai', 'GPT-5.1'), ['gpt-5.1']],
  ])('checkModel: %s -> unsure: a good model is never refused', (_, asked, names) => {
    expect(status(asked, names)).toBe('unsure');
    expect(unlistedProblem(asked, checkModel(asked, { names, more: false }), {})).toBeNull();
  });

  it('checkModel: a list that goes on -> unsure', () => {
    expect(status(ref('openai', 'gpt-9'), ['gpt-5.1'], true)).toBe('unsure');
  });

  it('checkModel: no list -> unread, and why', () => {
    expect(checkModel(ref('openai', 'x'), { why: 'it has none (HTTP 404)' })).toEqual({
      ...{ status: 'unread', why: 'it has none (HTTP 404)', nearest: [] },
    });
  });

  it('checkModel: not there -> the three nearest, as a task writes them there', () => {
    const names = ['openai/gpt-5', 'openai/gpt-5-mini', 'openai/o3', 'meta/llama-4'];
    expect(checkModel(ref('openrouter', 'openai/gpt-5x'), { names, more: false }).nearest).toEqual([
      'openrouter/openai/gpt-5',
      'openrouter/openai/gpt-5-mini',
      'openrouter/openai/o3',
    ]);
    expect(checkModel(ref('gateway.example', 'openai/gpt-5x'), { names, more: false }).nearest[0]).toBe('openai/gpt-5');
  });
});

it('modelNote: a list that does not decide -> one sentence; one that does -> none', () => {
  const asked = ref('gateway.example', 'team-model');
  expect(modelNote(asked, checkModel(asked, { names: ['team-models'], more: false }))).toBe(
    'team-model is not in the list of models of gateway.example, which may have other names for it or leave some out; the nearest there: team-models',
  );
  expect(modelNote(asked, checkModel(asked, { names: [], more: false }))).toMatch(/leave some out$/);
  expect(modelNote(asked, checkModel(asked, { names: ['team-model'], more: false }))).toBeNull();
});

it('unlistedProblem: nothing is served -> said without a name', () => {
  const asked = ref('ollama', 'llama4');
  expect(unlistedProblem(asked, checkModel(asked, { names: [], more: false }), { line: 3 })).toEqual({
    code: 'E_MODEL_UNKNOWN',
    place: { line: 3 },
    found: 'localhost:11434 lists no model "llama4"',
    fix: 'see which models it serves: it lists none now',
  });
});
