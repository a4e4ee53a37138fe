import { describe, expect, it } from 'vitest';
import { readApiBase } from '../../src/intake/api-base.js';
import { readModelRef } from '../../src/intake/model-ref.js';
import { type InputRules, isListed, mayCost, refusedModel } from '../../src/intake/untrusted-model.js';
import type { ModelRef } from '../../src/schema/task-types.js';

const MINE = 'http://127.0.0.1:9999/v1';

/** As loading makes it of an input. */
function refOf(model: string, apiBase?: string, apiKeyEnv?: string): ModelRef {
  const base = apiBase === undefined ? null : readApiBase(apiBase);
  if (base !== null && !('apiBase' in base)) throw new Error(`no base: ${apiBase}`);
  const read = readModelRef({ worker_model: model, apiBase: base?.apiBase ?? null, worker_api_key_env: apiKeyEnv });
  if (!('ref' in read)) throw new Error(`no model: ${model}`);
  return read.ref;
}

const CLOSED: InputRules = { models: ['sim/*'], bases: [], keys: [], maxCostUsd: null };
const ANY: InputRules = { ...CLOSED, models: ['*'], maxCostUsd: 1 };
const LISTED: InputRules = { ...ANY, bases: [`${MINE}/`], keys: ['MY_KEY'] };

type Input = [model: string, apiBase?: string | undefined, apiKeyEnv?: string];

const allowed: [InputRules, Input][] = [
  [CLOSED, ['sim/quick']],
  [ANY, ['openai/gpt-4o-mini']],
  [{ ...CLOSED, models: ['openai/gpt-4o*'], maxCostUsd: 1 }, ['openai/gpt-4o-mini']],
  [ANY, ['openai/gpt-4o-mini', 'https://api.openai.com/v1/']],
  [ANY, ['gpt-4o-mini', 'https://api.openai.com/v1']],
  [ANY, ['openai/gpt-4o-mini', undefined, 'OPENAI_API_KEY']],
  [{ ...ANY, keys: ['TEAM_KEY'] }, ['openai/gpt-4o-mini', undefined, 'TEAM_KEY']],
  [{ ...ANY, maxCostUsd: null }, ['ollama/llama3.2']],
  [LISTED, ['m', MINE]],
  [{ ...LISTED, models: ['m'] }, ['m', MINE]],
  [LISTED, ['m', MINE, 'MY_KEY']],
  [LISTED, ['sim/quick', MINE]],
];

const refused: [InputRules, Input, variable: string][] = [
  [CLOSED, ['openai/gpt-4o-mini'], 'SWARM_TEMPORAL_MODELS'],
  [CLOSED, ['m', MINE], 'SWARM_TEMPORAL_MODELS'],
  [CLOSED, ['simulated/x', MINE], 'SWARM_TEMPORAL_MODELS'],
  [{ ...ANY, models: ['openai/gpt-4o'] }, ['openai/gpt-4o-mini'], 'SWARM_TEMPORAL_MODELS'],
  [{ ...ANY, models: ['openai.gpt'] }, ['openai/gpt'], 'SWARM_TEMPORAL_MODELS'],
  // The name is on the list, the base is anybody's.
  [CLOSED, ['sim/quick', MINE], 'SWARM_TEMPORAL_BASES'],
  [ANY, ['m', MINE], 'SWARM_TEMPORAL_BASES'],
  [ANY, ['m', MINE, 'AWS_SECRET_ACCESS_KEY'], 'SWARM_TEMPORAL_BASES'],
  [ANY, ['openai/gpt-4o-mini', MINE], 'SWARM_TEMPORAL_BASES'],
  [ANY, ['openai/gpt-4o-mini', 'https://api.openai.com.evil.example/v1'], 'SWARM_TEMPORAL_BASES'],
  [ANY, ['openai/gpt-4o-mini', 'https://api.openai.com:8443/v1'], 'SWARM_TEMPORAL_BASES'],
  [ANY, ['openai/gpt-4o-mini', 'https://api.openai.com/v1/elsewhere'], 'SWARM_TEMPORAL_BASES'],
  [LISTED, ['m', `${MINE}/more`], 'SWARM_TEMPORAL_BASES'],
  // The base is on the list, the key is not its own.
  [LISTED, ['openai/gpt-4o-mini', MINE], 'SWARM_TEMPORAL_KEYS'],
  [LISTED, ['m', MINE, 'OPENAI_API_KEY'], 'SWARM_TEMPORAL_KEYS'],
  [{ ...LISTED, keys: ['OPENAI_API_KEY'] }, ['m', MINE, 'OPENAI_API_KEY'], 'SWARM_TEMPORAL_KEYS'],
  [LISTED, ['m', MINE, 'AWS_SECRET_ACCESS_KEY'], 'SWARM_TEMPORAL_KEYS'],
  [LISTED, ['m', MINE, 'PATH'], 'SWARM_TEMPORAL_KEYS'],
  [ANY, ['openai/gpt-4o-mini', undefined, 'AWS_SECRET_ACCESS_KEY'], 'SWARM_TEMPORAL_KEYS'],
  // The key of one known provider, sent to another, or to a port of this machine that anybody may listen on.
  [ANY, ['groq/llama', undefined, 'OPENAI_API_KEY'], 'SWARM_TEMPORAL_KEYS'],
  [ANY, ['llamacpp/x', undefined, 'OPENAI_API_KEY'], 'SWARM_TEMPORAL_KEYS'],
  [LISTED, ['llamacpp/x', undefined, 'MY_KEY'], 'SWARM_TEMPORAL_BASES'],
  [{ ...ANY, maxCostUsd: null }, ['openai/gpt-4o-mini'], 'SWARM_TEMPORAL_MAX_COST'],
  [{ ...LISTED, maxCostUsd: null }, ['m', MINE, 'MY_KEY'], 'SWARM_TEMPORAL_MAX_COST'],
];

describe('model of a workflow input', () => {
  it.each(allowed)('%j, %j -> allowed', (rules, input) => {
    expect(refusedModel(refOf(...input), rules, false)).toBeNull();
  });

  it.each(refused)('%j, %j -> E_INPUT_REFUSED, which names %s', (rules, input, variable) => {
    const problem = refusedModel(refOf(...input), rules, false);
    expect(problem).toMatchObject({ code: 'E_INPUT_REFUSED', fix: expect.stringContaining(variable) });
  });

  it('the fix, typed as it stands -> allowed, one refusal after the other', () => {
    let rules: InputRules = CLOSED;
    const names: string[] = [];
    for (;;) {
      const problem = refusedModel(refOf('m', MINE, 'MY_KEY'), rules, false);
      if (problem === null) break;
      const [, name = '', value = ''] = /export (SWARM_TEMPORAL_\w+)="([^"]+)"/.exec(problem.fix ?? '') ?? [];
      names.push(name);
      const list = value.split(',');
      if (name === 'SWARM_TEMPORAL_MODELS') rules = { ...rules, models: list };
      if (name === 'SWARM_TEMPORAL_BASES') rules = { ...rules, bases: list };
      if (name === 'SWARM_TEMPORAL_KEYS') rules = { ...rules, keys: list };
      if (name === 'SWARM_TEMPORAL_MAX_COST') rules = { ...rules, maxCostUsd: Number(value) };
    }
    expect(names).toEqual(['MODELS', 'BASES', 'KEYS', 'MAX_COST'].map((name) => `SWARM_TEMPORAL_${name}`));
  });

  it('a price or a key -> it may cost; the simulated provider never', () => {
    expect(mayCost(refOf('m', MINE), false)).toBe(false);
    expect(mayCost(refOf('m', MINE), true)).toBe(true);
    expect(mayCost(refOf('m', MINE, 'MY_KEY'), false)).toBe(true);
    expect(mayCost(refOf('sim/quick'), true)).toBe(false);
  });
});

it("isListed: a base in another form, also plain http on a network of one's own -> found; any other -> not", () => {
  expect(isListed('http://10.0.0.5:8000/v1/', ['http://10.0.0.5:8000/v1'])).toBe(true);
  expect(isListed('https://a.example/v1', ['https://a.example/v2', 'no url'])).toBe(false);
  expect(isListed('no url', ['no url'])).toBe(false);
});
