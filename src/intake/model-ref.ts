/** worker_model, worker_api_base and worker_api_key_env become one ModelRef. What a base may be stands in api-base.ts. */
import type { Problem } from '../core/errors.js';
import { isSimulated } from '../core/money/price.js';
import { nearest } from '../core/nearest.js';
import { PROVIDERS, providerOfBase, UNSUPPORTED_PROVIDERS } from '../schema/providers.js';
import { keyNotes } from '../schema/task.js';
import type { ModelRef } from '../schema/task-types.js';

type Fault = Omit<Problem, 'place'>;

/** `localhost:8000` -> `localhost-8000`: part of a task queue name. */
function providerOfHost(apiBase: string): string {
  return new URL(apiBase).host.replace(/[^A-Za-z0-9.-]+/g, '-').replace(/^-+|-+$/g, '');
}

function fromBase(given: string, apiBase: string): { provider: string; model: string; apiKeyEnv: string | null } {
  const slash = given.indexOf('/');
  const prefix = slash < 0 ? '' : given.slice(0, slash);
  const owner = providerOfBase(apiBase);
  if (owner !== null) {
    const model = prefix === owner ? given.slice(slash + 1) : given;
    return { provider: owner, model, apiKeyEnv: PROVIDERS[owner]?.apiKeyEnv ?? null };
  }
  const known = Object.hasOwn(PROVIDERS, prefix) ? PROVIDERS[prefix] : undefined;
  if (known) return { provider: prefix, model: given.slice(slash + 1), apiKeyEnv: known.apiKeyEnv };
  return { provider: providerOfHost(apiBase), model: given, apiKeyEnv: null };
}

function fromName(given: string): { ref: ModelRef } | { fault: Fault } {
  const { allowed } = keyNotes('worker_model');
  const slash = given.indexOf('/');
  const prefix = slash < 0 ? '' : given.slice(0, slash);
  const names = Object.keys(PROVIDERS);
  if (slash < 0) {
    const found = `worker_model "${given}" names no provider and worker_api_base is not given`;
    return {
      fault: {
        code: 'E_TASK_MISSING',
        found,
        allowed,
        fix: `write provider/${given} (${names.join(', ')}), or add worker_api_base`,
      },
    };
  }
  if (UNSUPPORTED_PROVIDERS.includes(prefix)) {
    const found = `worker_model: this version does not speak the ${prefix} API yet`;
    const fix = 'use an OpenAI-compatible gateway to it: give its address in worker_api_base';
    return { fault: { code: 'E_TASK_UNSUPPORTED', found, allowed: `providers: ${names.join(', ')}`, fix } };
  }
  const known = Object.hasOwn(PROVIDERS, prefix) ? PROVIDERS[prefix] : undefined;
  if (!known) {
    const near = nearest(prefix, names);
    const fix = near ? `did you mean ${near}/${given.slice(slash + 1)}?` : 'name a known provider, or add worker_api_base';
    const found = `worker_model: "${prefix}" is not a known provider`;
    return { fault: { code: 'E_TASK_ENUM', found, allowed: `providers: ${names.join(', ')}; others with worker_api_base`, fix } };
  }
  const { apiBase, apiKeyEnv } = known;
  return { ref: { provider: prefix, model: given.slice(slash + 1), apiBase, apiKeyEnv } };
}

/**
 * The model of a task. A base of a known provider decides over the prefix of the name; any other base is used
 * with a known prefix taken off, and an unknown prefix kept as part of the model's name.
 * `fault.key` says which key is wrong.
 */
export function readModelRef(given: {
  worker_model: string;
  /** Already normalised by readApiBase. */
  apiBase: string | null;
  worker_api_key_env: string | undefined;
}): { ref: ModelRef } | { fault: Fault; key: 'worker_model' | 'worker_api_key_env' } {
  const name = given.worker_model.trim();
  const { allowed } = keyNotes('worker_model');
  if (!/^[\x21-\x7e]+$/.test(name)) {
    const found = `worker_model ${JSON.stringify(given.worker_model)} holds a blank or a non-ASCII character`;
    return {
      key: 'worker_model',
      fault: { code: 'E_TASK_TYPE', found, allowed, fix: 'write the name as the provider lists it' },
    };
  }
  let ref: ModelRef;
  if (given.apiBase !== null) ref = { ...fromBase(name, given.apiBase), apiBase: given.apiBase };
  else {
    const named = fromName(name);
    if ('fault' in named) return { ...named, key: 'worker_model' };
    ref = named.ref;
  }
  if (ref.model === '') {
    const found = `worker_model "${name}" has no model after the provider`;
    return { key: 'worker_model', fault: { code: 'E_TASK_MISSING', found, allowed, fix: `write ${ref.provider}/<model>` } };
  }
  if (given.worker_api_key_env === undefined) return { ref };
  if (isSimulated(ref)) {
    const found = 'the simulated provider takes no key';
    const fault = {
      code: 'E_TASK_CONFLICT',
      found,
      allowed: 'worker_api_key_env with a real provider',
      fix: 'remove worker_api_key_env',
    };
    return { key: 'worker_api_key_env', fault };
  }
  return { ref: { ...ref, apiKeyEnv: given.worker_api_key_env } };
}
