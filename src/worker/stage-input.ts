/**
 * Stages a run that plain Temporal started with a path or with prompts. Whoever reaches the Temporal server can do that, and the embedded
 * one has no login. So a task file must be the user's own, which makes it as good as typed; prompts in the input may use only what the
 * user listed (`Config.temporalInputs`).
 */
import { join } from 'node:path';
import type { Staged } from '../activities/deps.js';
import type { Config } from '../config.js';
import { EXIT, type Problem, SwarmError } from '../core/errors.js';
import { checkKey } from '../core/key-check.js';
import { runIdOfWorkflow } from '../core/names.js';
import { homeId } from '../home.js';
import { type LoadedTask, loadTask, loadTaskObject } from '../intake/load-task.js';
import { checkOutputDir } from '../intake/output-dir.js';
import { readSeeds, type SeedSource } from '../intake/read-seeds.js';
import { type PromptsInput, readRunInput } from '../intake/run-input.js';
import { stageRun } from '../intake/stage-run.js';
import { isListed, mayCost, refusedModel } from '../intake/untrusted-model.js';
import type { Prices } from '../llm/port.js';
import { runFolders } from '../outputs/run-folders.js';
import { capProblem } from '../pricing/cap-problem.js';
import type { Store } from '../store/port/store.js';
import type { RunInput } from '../workflows/messages.js';
import { forPlainTemporal } from './plain-temporal.js';

export type FileInput = Exclude<RunInput, { run: string }>;

export interface StageInputOptions {
  store: Store;
  config: Config;
  prices: Prices;
  keys(name: string): string | undefined;
}

interface Load {
  loaded: LoadedTask;
  source: SeedSource;
  limits: { limit?: number; total?: number };
}

/** Throws SwarmError, with advice for who starts workflows by hand. */
export async function stageInput(options: StageInputOptions, input: FileInput, workflowId: string): Promise<Staged> {
  try {
    return await staged(options, input, workflowId);
  } catch (error) {
    if (!SwarmError.is(error)) throw error;
    throw forPlainTemporal(error, typeof input === 'object' && input !== null && 'prompts' in input);
  }
}

async function staged(options: StageInputOptions, input: FileInput, workflowId: string): Promise<Staged> {
  const { store, config, prices } = options;
  const runId = runIdOfWorkflow(workflowId);
  const { loaded, source, limits } = await load(options, input, runId);
  const { task, prompt } = loaded;
  const folder = await checkOutputDir(task.outputDir, loaded.placeOf('output_dir'));
  const homeCapUsd = config.maxDailyCost?.usd ?? null;
  const cap = capProblem(task, prices, { placeOf: loaded.placeOf, homeCapUsd });
  const problems = [folder, cap].filter((problem) => problem !== null);
  if (problems.length > 0) throw new SwarmError(problems);
  needKey(options, loaded);
  return await stageRun(
    {
      store,
      home: config.home,
      homeId: homeId(config.home),
      ...runFolders,
      now: () => Date.now(),
      random: () => Math.random(),
    },
    {
      task,
      rows: readSeeds(source, { prompt, ...limits }),
      limited: limits.limit !== undefined,
      ifChanged: 'refuse',
      detached: true,
      origin: 'temporal',
      runId,
    },
  );
}

async function load({ config, prices }: StageInputOptions, given: FileInput, runId: string): Promise<Load> {
  if (!config.temporalInputs.starts) throw new SwarmError(startsAreOff());
  const input = readRunInput(given);
  if ('task' in input) {
    const { task, ...limits } = input;
    const loaded = await loadTask(task, { roots: config.taskRoots, ownOnly: true });
    if (limits.total !== undefined) mayRepeat(loaded, prices);
    return { loaded, source: { file: loaded.task.seedsFile }, limits };
  }
  const { bases } = config.temporalInputs;
  const listed = input.apiBase !== undefined && isListed(input.apiBase, bases);
  const loaded = await loadTaskObject({
    ...taskOf(input, join(config.home, 'runs', runId), runId),
    ...(listed ? { allow_http: true } : {}),
  });
  const { model } = loaded.task;
  const priced = hasPrice(loaded, prices);
  const refused = refusedModel(model, config.temporalInputs, priced);
  if (refused) throw new SwarmError(refused);
  const maxCost = mayCost(model, priced) ? config.temporalInputs.maxCostUsd : null;
  return { loaded: { ...loaded, task: { ...loaded.task, maxCost } }, source: { rows: input.prompts }, limits: {} };
}

function hasPrice({ task }: LoadedTask, prices: Prices): boolean {
  const { model, price: override, timeoutMs } = task;
  const worst = prices.worstCase({ model, override, at: Date.now(), timeoutMs }, { input: 1_000, maxOutput: 1_000 });
  return worst !== null && worst > 0;
}

/** A task file says what its rows may cost; `total` says how often they are done, and that is not the file's word. */
function mayRepeat(loaded: LoadedTask, prices: Prices): void {
  const { model, maxCost } = loaded.task;
  if (maxCost !== null || !mayCost(model, hasPrice(loaded, prices))) return;
  throw new SwarmError({
    code: 'E_INPUT_REFUSED',
    place: loaded.placeOf('max_cost'),
    found: `total in a workflow's input repeats rows of ${model.provider}/${model.model}, and the task has no max_cost`,
    allowed: 'total with a task that has a cap or costs nothing; limit with any task',
    fix: 'add max_cost to the task, or on that machine: swarm run TASK --total N',
  });
}

function taskOf({ model, apiBase, apiKeyEnv }: PromptsInput, outputDir: string, runId: string): object {
  return {
    name: runId,
    prompt_template: '{{seed}}',
    worker_model: model ?? 'sim/quick',
    output_dir: outputDir,
    ...(apiBase === undefined ? {} : { worker_api_base: apiBase }),
    ...(apiKeyEnv === undefined ? {} : { worker_api_key_env: apiKeyEnv }),
  };
}

function startsAreOff(): Problem {
  return {
    code: 'E_INPUT_REFUSED',
    found: 'plain Temporal starts nothing here: SWARM_TEMPORAL_STARTS is off',
    allowed: '{"run": "id of a staged run"}; swarm run and the library stage runs',
    fix: 'export SWARM_TEMPORAL_STARTS=on in the environment that the host starts in (swarm stop; swarm start), or of the workers',
  };
}

/** The key must be where the calls are made: here. */
function needKey({ keys }: StageInputOptions, { task, placeOf }: LoadedTask): void {
  const name = task.model.apiKeyEnv;
  if (name === null) return;
  const problem = checkKey(name, keys(name));
  if (problem) throw new SwarmError({ ...problem, place: placeOf('worker_api_key_env') }, EXIT.refused);
}
