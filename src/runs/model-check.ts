/** Whether an endpoint serves the model of a task, by its own list. A list that may leave some out never refuses one. Pure. */
import type { Place, Problem } from '../core/errors.js';
import type { ModelList } from '../core/model-list.js';
import { modelName } from '../core/names.js';
import { nearestFew } from '../core/nearest.js';
import { knownProvider, providerOfBase } from '../schema/providers.js';
import type { ModelRef } from '../schema/task-types.js';

/** What the list of models of an endpoint says of the model of a task. */
export interface ModelCheck {
  /** `unlisted`: it is not there, and all that is served is; `unsure`: it is not there, and some may be missing; `unread`: there is no list. */
  status: 'listed' | 'unlisted' | 'unsure' | 'unread';
  /** Why there is no list; null when there is one. */
  why: string | null;
  /** Names in the list that are nearest to one that is not, as a task writes them; at most three. */
  nearest: string[];
}

const NEAREST = 3;

/** Endings of other names of the same model: `-latest`, dates, versions. */
const EDITION = /-(?:latest|preview|beta|exp(?:erimental)?|stable|\d{4}-\d{2}-\d{2}|\d{3,8})$/;

/** Names that are nobody else's: tuned models, presets of an account. */
const OWN = /^(?:ft:|tunedmodels\/|@)/;

/** What is the same of all names of a model. A gateway's variants come behind a colon (`:free`), as tags of other models do elsewhere. */
function stem(name: string, provider: string): string {
  let bare = name.toLowerCase();
  if (provider === 'openrouter') bare = bare.replace(/:[^:]*$/, '');
  while (EDITION.test(bare)) bare = bare.replace(EDITION, '');
  return bare;
}

/** Said of a provider's own endpoint, and of local servers, which are anywhere, but not behind the https of a gateway. */
function isWhole({ provider, apiBase }: ModelRef): boolean {
  const known = knownProvider(provider);
  if (known?.listsAll !== true || apiBase === null) return false;
  const isLocal = known.apiBase?.startsWith('http:') === true;
  return isLocal ? apiBase.startsWith('http:') : providerOfBase(apiBase) === provider;
}

/** As a task writes it. */
function written({ provider }: ModelRef, name: string): string {
  return knownProvider(provider) === undefined ? name : modelName({ provider, model: name });
}

export function checkModel(ref: ModelRef, list: ModelList): ModelCheck {
  if ('why' in list) return { status: 'unread', why: list.why, nearest: [] };
  const { provider } = ref;
  const model = ref.model.replace(/^models\//, '');
  const { names, more } = list;
  // Ollama's tag is `latest` where none is written.
  if (names.includes(model) || names.includes(`${model}:latest`)) return { status: 'listed', why: null, nearest: [] };
  const nearest = nearestFew(model, names, NEAREST).map((name) => written(ref, name));
  const mayBeAnother =
    OWN.test(model.toLowerCase()) ||
    /-latest$/.test(model) ||
    names.some((name) => stem(name, provider) === stem(model, provider));
  return { status: isWhole(ref) && !more && !mayBeAnother ? 'unlisted' : 'unsure', why: null, nearest };
}

function hostOf({ apiBase }: ModelRef): string {
  return new URL(apiBase as string).host;
}

/** Of a model that is not served; null for any other. */
export function unlistedProblem(ref: ModelRef, { status, nearest }: ModelCheck, place: Place): Problem | null {
  if (status !== 'unlisted') return null;
  const [first] = nearest;
  return {
    code: 'E_MODEL_UNKNOWN',
    place,
    found: `${hostOf(ref)} lists no model "${ref.model}"`,
    ...(first === undefined ? {} : { allowed: `a model that it lists; the nearest: ${nearest.join(', ')}` }),
    fix: first === undefined ? 'see which models it serves: it lists none now' : `did you mean worker_model: ${first}?`,
  };
}

/** What is to be said of a model whose list does not decide; null: nothing. */
export function modelNote(ref: ModelRef, { status, why, nearest }: ModelCheck): string | null {
  if (status === 'unread')
    return `the models of ${hostOf(ref)} could not be listed, so nobody knows whether ${ref.model} is one: ${why}`;
  if (status !== 'unsure') return null;
  const near = nearest.length === 0 ? '' : `; the nearest there: ${nearest.join(', ')}`;
  return `${ref.model} is not in the list of models of ${hostOf(ref)}, which may have other names for it or leave some out${near}`;
}
