/** Which task keys differ between two versions of a task, in the words of the file. */
import { PROVIDERS, type Provider, providerOfBase } from '../schema/providers.js';
import type { IDENTITY_KEYS, ModelRef, Task } from '../schema/task-types.js';
import { WIRES } from '../schema/wires.js';
import { providerOfHost } from './model-ref.js';

type IdentityKey = (typeof IDENTITY_KEYS)[number];
/** `promptAlone` is no key of a file: a run keeps it. */
type OperationalKey = Exclude<keyof Task, IdentityKey | 'promptAlone'>;

/** Keys that make another run when they change. `model` covers three keys of the file. */
const IDENTITY_FILE_KEYS: Record<IdentityKey, string> = {
  taskType: 'task_type',
  promptTemplate: 'prompt_template',
  systemPrompt: 'system_prompt',
  model: 'worker_model',
  maxTokens: 'worker_max_tokens',
  temperature: 'temperature',
  topP: 'top_p',
  seed: 'seed',
  stop: 'stop',
  reasoningEffort: 'reasoning_effort',
  thinkingBudget: 'thinking_budget',
  extraBody: 'extra_body',
  headers: 'headers',
  multiTurn: 'multi_turn',
  maxTurns: 'max_turns',
  followUp: 'follow_up',
  stopWhen: 'stop_when',
  onTruncate: 'on_truncate',
  labels: 'labels',
  multiLabel: 'multi_label',
  targetLanguage: 'target_language',
  sourceLanguage: 'source_language',
  maxWords: 'max_words',
  outputSchema: 'output_schema',
};

/** Keys that may change while a run goes on. */
const OPERATIONAL_FILE_KEYS: Record<OperationalKey, string> = {
  name: 'name',
  seedsFile: 'seeds_file',
  concurrency: 'workers',
  staggerMs: 'stagger',
  sliceSize: 'batch_size',
  outputDir: 'output_dir',
  outputFormat: 'output_format',
  csvGuard: 'csv_guard',
  checkpointEvery: 'checkpoint_every',
  transcripts: 'transcripts',
  maxCost: 'max_cost',
  price: 'price',
  maxCostPerCall: 'max_cost_per_call',
  maxCostPerRow: 'max_cost_per_row',
  maxDailyCost: 'max_daily_cost',
  warnAt: 'warn_at',
  pauseAfter: 'pause_after',
  doubtful: 'doubtful',
  timeZone: 'timezone',
  requestsPerMinute: 'requests_per_minute',
  tokensPerMinute: 'tokens_per_minute',
  timeoutMs: 'timeout',
  maxRepairs: 'max_repairs',
  tags: 'tags',
  weight: 'weight',
};

function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = Object.keys(a);
  return (
    left.length === Object.keys(b).length &&
    left.every(
      (key) => Object.hasOwn(b, key) && sameJson((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
    )
  );
}

/** The part of a task that decides its answers: what the task fingerprint covers. */
export function identityOf(task: Task): Pick<Task, IdentityKey> {
  const keys = Object.keys(IDENTITY_FILE_KEYS) as IdentityKey[];
  return Object.fromEntries(keys.map((key) => [key, task[key]])) as Pick<Task, IdentityKey>;
}

/** The wire and the address of the stored model are what an earlier version made of the same keys. */
function sameByDefault(asked: ModelRef, stored: Pick<ModelRef, 'apiBase'>, known: ByDefault | undefined): boolean {
  if (stored.apiBase === null || asked.apiBase === null) return false;
  // 0.1.0 took a base without a version as it was.
  if ((asked.wire ?? 'chat') === 'chat' && asked.apiBase === `${stored.apiBase}${WIRES.chat.versionPath}`) return true;
  if (known === undefined || (asked.wire ?? 'chat') !== (known.wire ?? 'chat') || asked.apiBase !== known.apiBase) return false;
  return stored.apiBase === asked.apiBase || known.earlierBases?.includes(stored.apiBase) === true;
}

/** The run began before the provider at its address was known by name (Anthropic), which made it one of the chat wire. */
function wasUnknown({ provider, apiBase }: ModelRef, stored: Pick<ModelRef, 'provider' | 'apiBase'>): boolean {
  if (stored.apiBase === null || stored.provider !== providerOfHost(stored.apiBase)) return false;
  const isSame = apiBase === stored.apiBase || apiBase === `${stored.apiBase}${WIRES.chat.versionPath}`;
  return isSame && providerOfBase(stored.apiBase) === provider;
}

type ByDefault = Pick<Provider, 'wire' | 'apiBase' | 'earlierBases'>;

/**
 * A stored run keeps its address and its wire where only our defaults have moved since: its task is not changed by a newer version of this
 * program. Only runs of the chat wire are older than a default.
 */
export function withStoredBase(
  task: Task,
  stored: Pick<ModelRef, 'provider' | 'apiBase' | 'wire'>,
  providers: Readonly<Record<string, ByDefault>> = PROVIDERS,
): Task {
  const { wire: _, ...model } = task.model;
  const known = Object.hasOwn(providers, model.provider) ? providers[model.provider] : undefined;
  if (stored.wire !== undefined) return task;
  if (wasUnknown(task.model, stored)) return { ...task, model: { ...model, provider: stored.provider, apiBase: stored.apiBase } };
  const older = stored.provider === model.provider && sameByDefault(task.model, stored, known);
  return older ? { ...task, model: { ...model, apiBase: stored.apiBase } } : task;
}

/** Names (as in the file) of the keys whose change makes another run; empty when the answers would be the same. */
export function changedKeys(a: Task, b: Task): string[] {
  const changed: string[] = [];
  for (const key of Object.keys(IDENTITY_FILE_KEYS) as IdentityKey[]) {
    if (sameJson(a[key], b[key])) continue;
    if (key !== 'model') {
      changed.push(IDENTITY_FILE_KEYS[key]);
      continue;
    }
    if (a.model.provider !== b.model.provider || a.model.model !== b.model.model) changed.push('worker_model');
    if (a.model.wire !== b.model.wire) changed.push('worker_wire');
    if (a.model.apiBase !== b.model.apiBase) changed.push('worker_api_base');
    if (a.model.apiKeyEnv !== b.model.apiKeyEnv) changed.push('worker_api_key_env');
  }
  return changed;
}

/** The task that a run has when it goes on with this one, and the keys that make it another. */
export function taskOnward(existing: { task: Task; outputDir: string }, asked: Task): { task: Task; changed: string[] } {
  const given: Task = { ...withStoredBase(asked, existing.task.model), outputDir: existing.outputDir };
  const changed = changedKeys(existing.task, given);
  // Texts that are sent as they stand stay so until they are written anew.
  const alone = existing.task.promptAlone && !changed.some((key) => key === 'system_prompt' || key === 'follow_up');
  return { task: alone ? { ...given, promptAlone: true } : given, changed };
}

/** Names (as in the file) of the changed keys that a run may take over while it goes on. */
export function changedOperationalKeys(a: Task, b: Task): string[] {
  const keys = Object.keys(OPERATIONAL_FILE_KEYS) as OperationalKey[];
  return keys.filter((key) => !sameJson(a[key], b[key])).map((key) => OPERATIONAL_FILE_KEYS[key]);
}
