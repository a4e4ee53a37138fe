/**
 * Which model, base and key an input of plain Temporal may use. Anybody who reaches the Temporal server may have written it, so a key
 * goes to its own provider's base alone, and everything else must be on a list of the host's user.
 */

import type { Problem } from '../core/errors.js';
import { isSimulated } from '../core/money/price.js';
import { modelName } from '../core/names.js';
import { knownProvider, PROVIDERS, wiresOf } from '../schema/providers.js';
import type { ModelRef } from '../schema/task-types.js';
import { readApiBase } from './api-base.js';

/** The lists of the host's user, as `Config.temporalInputs` has them. */
export interface InputRules {
  models: readonly string[];
  bases: readonly string[];
  keys: readonly string[];
  maxCostUsd: number | null;
}

const CODE = 'E_INPUT_REFUSED';
const WHERE = 'in the environment that the host starts in (swarm stop; swarm start), or of the workers';

/** Which variable lets it pass, typed as it must be. */
function allow(variable: string, value: string): string {
  return `if whoever reaches the Temporal server may use it: export ${variable}="${value}" ${WHERE}`;
}

function fits(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name);
}

/** A model at a base of nobody known has its bare name, too. */
function namesOf({ provider, model }: ModelRef): string[] {
  return Object.hasOwn(PROVIDERS, provider) ? [`${provider}/${model}`] : [`${provider}/${model}`, model];
}

function ownBase({ provider, apiBase }: ModelRef): boolean {
  const known = knownProvider(provider);
  return known !== undefined && wiresOf(known).some((each) => each.apiBase === apiBase);
}

/** True for a base that the host's user listed, in whatever form. That includes plain http to it. */
export function isListed(apiBase: string, bases: readonly string[]): boolean {
  const normal = (base: string) => {
    const read = readApiBase(base, true);
    return 'apiBase' in read ? read.apiBase : null;
  };
  const wanted = normal(apiBase);
  return wanted !== null && bases.some((base) => normal(base) === wanted);
}

/** The provider whose usual key variable this is; null: nobody's. */
function keyOwner(name: string): string | null {
  return Object.keys(PROVIDERS).find((provider) => PROVIDERS[provider]?.apiKeyEnv === name) ?? null;
}

function modelProblem(model: ModelRef, { models }: InputRules): Problem | null {
  const names = namesOf(model);
  if (models.some((pattern) => names.some((name) => fits(pattern, name)))) return null;
  const wanted = names.at(-1) as string;
  return {
    code: CODE,
    found: `prompts in a workflow's input may not use the model ${wanted}`,
    allowed: `models of SWARM_TEMPORAL_MODELS, which is ${models.join(',') || 'empty'}; any model in a task file of your own under SWARM_TASK_ROOTS`,
    fix: allow('SWARM_TEMPORAL_MODELS', [...models, wanted].join(',')),
  };
}

function baseProblem(model: ModelRef, { bases }: InputRules): Problem | null {
  const { apiBase } = model;
  if (apiBase === null || ownBase(model) || isListed(apiBase, bases)) return null;
  return {
    code: CODE,
    found: `prompts in a workflow's input may not be sent to ${apiBase}`,
    allowed: `the own base of a known provider, or bases of SWARM_TEMPORAL_BASES, which is ${bases.join(',') || 'empty'}`,
    fix: allow('SWARM_TEMPORAL_BASES', [...bases, apiBase].join(',')),
  };
}

function keyProblem(model: ModelRef, { bases, keys }: InputRules): Problem | null {
  const { apiKeyEnv: name, apiBase } = model;
  if (name === null || apiBase === null) return null;
  const owner = keyOwner(name);
  if (owner === null && !keys.includes(name)) {
    return {
      code: CODE,
      found: `a workflow's input may not have the variable ${name} read`,
      allowed: `key variables of the known providers, and those of SWARM_TEMPORAL_KEYS, which is ${keys.join(',') || 'empty'}`,
      fix: allow('SWARM_TEMPORAL_KEYS', [...keys, name].join(',')),
    };
  }
  // A port of this machine is anyone's, so a local provider's base gets a key only when it is listed.
  const safe = owner === null ? isListed(apiBase, bases) || (ownBase(model) && apiBase.startsWith('https:')) : ownBase(model);
  if (safe && (owner === null || owner === model.provider)) return null;
  return {
    code: CODE,
    found: `the key in ${name} may not be sent to ${apiBase}`,
    allowed: owner === null ? 'bases of SWARM_TEMPORAL_BASES' : `the own base of ${owner}, ${PROVIDERS[owner]?.apiBase}`,
    fix:
      owner === null
        ? allow('SWARM_TEMPORAL_BASES', [...bases, apiBase].join(','))
        : `put the key of that base into a variable of its own, name it in SWARM_TEMPORAL_KEYS ${WHERE}, and give it as apiKeyEnv`,
  };
}

/** True when calls of the model may be billed: a key is sent, or its price is known and not 0. */
export function mayCost(model: ModelRef, priced: boolean): boolean {
  return !isSimulated(model) && (model.apiKeyEnv !== null || priced);
}

/** E_INPUT_REFUSED for the first thing that the input may not use; null: all of it. `priced`: its price is known and not 0. */
export function refusedModel(model: ModelRef, rules: InputRules, priced: boolean): Problem | null {
  const problem = modelProblem(model, rules) ?? baseProblem(model, rules) ?? keyProblem(model, rules);
  if (problem !== null || rules.maxCostUsd !== null || !mayCost(model, priced)) return problem;
  return {
    code: CODE,
    found: `calls of ${modelName(model)} cost money, and runs of a workflow's input have no cap`,
    allowed: 'models that cost nothing, or a cap for each such run',
    fix: allow('SWARM_TEMPORAL_MAX_COST', '1.00'),
  };
}
