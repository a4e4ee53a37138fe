/** worker_model, worker_wire, worker_api_base and worker_api_key_env become one ModelRef. What a base may be stands in api-base.ts. */
import type { Problem } from '../core/errors.js';
import { isSimulated } from '../core/money/price.js';
import { nearest } from '../core/nearest.js';
import { knownProvider, PROVIDERS, type Provider, providerOfBase, wiresOf } from '../schema/providers.js';
import { keyNotes } from '../schema/task.js';
import type { ModelRef } from '../schema/task-types.js';
import { WIRES, type WireName } from '../schema/wires.js';
import { wireOfBase } from './api-base.js';

type Fault = Omit<Problem, 'place'>;

/** The provider of a base that is nobody's we know, `localhost:8000` -> `localhost-8000`: part of a task queue name. */
export function providerOfHost(apiBase: string): string {
  return new URL(apiBase).host.replace(/[^A-Za-z0-9.-]+/g, '-').replace(/^-+|-+$/g, '');
}

/** What stands before the first slash of a model's name; '' for nothing. */
export function prefixOf(name: string): string {
  const slash = name.indexOf('/');
  return slash < 0 ? '' : name.slice(0, slash).trim();
}

/** Gateways of the chat wire have its models under their whole names, and its key is not theirs. */
const NEVER_A_PREFIX = 'anthropic';

function fromBase(given: string, apiBase: string, wire: WireName): { provider: string; model: string; apiKeyEnv: string | null } {
  const slash = given.indexOf('/');
  const prefix = prefixOf(given);
  const owner = providerOfBase(apiBase);
  if (owner !== null) {
    const model = prefix === owner ? given.slice(slash + 1) : given;
    return { provider: owner, model, apiKeyEnv: PROVIDERS[owner]?.apiKeyEnv ?? null };
  }
  const known = prefix === NEVER_A_PREFIX && wire === 'chat' ? undefined : knownProvider(prefix);
  if (known) return { provider: prefix, model: given.slice(slash + 1), apiKeyEnv: known.apiKeyEnv };
  return { provider: providerOfHost(apiBase), model: given, apiKeyEnv: null };
}

/** Said where the usual key of a provider goes to a base that is not its own: a gateway, as the name before the model says; null elsewhere. */
export function keyElsewhere({ provider, apiBase, apiKeyEnv }: ModelRef): string | null {
  if (apiBase === null || apiKeyEnv === null || providerOfBase(apiBase) !== null) return null;
  if (knownProvider(provider)?.apiKeyEnv !== apiKeyEnv) return null;
  return `the key in ${apiKeyEnv} goes to ${new URL(apiBase).host}, which is not an address of ${provider}: worker_api_key_env names another one`;
}

/** The provider says in its references that it does not speak this wire; null where it does, and where nobody knows. */
function wireFault(provider: string, known: Provider, wire: WireName): Fault | null {
  const spoken = wiresOf(known).map((each) => each.wire);
  if (spoken.includes(wire) || !known.apiBase?.startsWith('https:')) return null;
  const found = `worker_wire is ${wire}, which ${provider} does not speak`;
  return {
    ...{ code: 'E_TASK_CONFLICT', found, allowed: `at ${provider}: ${spoken.join(', ')}` },
    fix: `write worker_wire: ${spoken[0]}, or remove the line`,
  };
}

/** Only what is not the default is part of the reference, so that those of runs of 0.1.0 are the same. */
function onWire(ref: Omit<ModelRef, 'wire'>, wire: WireName): ModelRef {
  return wire === 'chat' ? ref : { ...ref, wire };
}

function fromName(given: string, asked: WireName | undefined): { ref: ModelRef } | { fault: Fault; key?: 'worker_wire' } {
  const { allowed } = keyNotes('worker_model');
  const slash = given.indexOf('/');
  const prefix = prefixOf(given);
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
  const known = knownProvider(prefix);
  if (!known) {
    const near = nearest(prefix, names);
    const fix = near ? `did you mean ${near}/${given.slice(slash + 1)}?` : 'name a known provider, or add worker_api_base';
    const found = `worker_model: "${prefix}" is not a known provider`;
    return { fault: { code: 'E_TASK_ENUM', found, allowed: `providers: ${names.join(', ')}; others with worker_api_base`, fix } };
  }
  const wire = asked ?? known.wire ?? 'chat';
  const fault = wireFault(prefix, known, wire);
  if (fault !== null) return { fault, key: 'worker_wire' };
  const apiBase = wiresOf(known).find((each) => each.wire === wire)?.apiBase ?? localBase(known, wire);
  return { ref: onWire({ provider: prefix, model: given.slice(slash + 1), apiBase, apiKeyEnv: known.apiKeyEnv }, wire) };
}

/** A wire that is not listed of a local provider is at its usual port. */
function localBase({ apiBase }: Provider, wire: WireName): string | null {
  return apiBase === null ? null : `${new URL(apiBase).origin}${WIRES[wire].versionPath}`;
}

/**
 * The model of a task. A base of a known provider decides over the prefix of the name; any other base is used
 * with a known prefix taken off, and an unknown prefix kept as part of the model's name.
 * `fault.key` says which key is wrong.
 */
export function readModelRef(given: {
  worker_model: string;
  /** As written; undefined: the default of provider and base. */
  worker_wire?: WireName | undefined;
  /** Already normalised by readApiBase, for the wire. */
  apiBase: string | null;
  worker_api_key_env: string | undefined;
}): { ref: ModelRef } | { fault: Fault; key: 'worker_model' | 'worker_wire' | 'worker_api_key_env' } {
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
  if (given.apiBase !== null) {
    const { apiBase } = given;
    const wire = given.worker_wire ?? wireOfBase(apiBase, prefixOf(name));
    const owner = providerOfBase(apiBase);
    const fault = owner === null ? null : wireFault(owner, knownProvider(owner) as Provider, wire);
    if (fault !== null) return { fault, key: 'worker_wire' };
    ref = onWire({ ...fromBase(name, apiBase, wire), apiBase }, wire);
  } else {
    const named = fromName(name, given.worker_wire);
    if ('fault' in named) return { key: 'worker_model', ...named };
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
