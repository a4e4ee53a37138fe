/**
 * Stages a run that plain Temporal started with a path or with prompts. Whoever reaches the Temporal server can do that, and the embedded
 * one has no login. So a task file must be the user's own, which makes it as good as typed; prompts in the input may use only what the
 * user listed. These rules are all that is special here: the task is prepared and staged as by every other starter.
 */
import { join } from 'node:path';
import { type Problem, SwarmError } from '../core/errors.js';
import type { Prices } from '../core/money/price-book.js';
import { modelName, runIdOfWorkflow } from '../core/names.js';
import { type LoadedTask, loadTask, loadTaskObject } from '../intake/load-task.js';
import { type PromptsInput, readRunInput } from '../intake/run-input.js';
import type { StagedRun } from '../intake/stage-new.js';
import { type InputRules, isListed, mayCost, refusedModel } from '../intake/untrusted-model.js';
import { createPrices } from '../pricing/prices.js';
import type { RunInput } from '../workflows/messages.js';
import { type PrepareFacts, prepareLoaded } from './prepare.js';
import { type StageHome, stagePrepared } from './stage.js';
import type { StartOptions } from './start-options.js';
import { forPlainTemporal } from './temporal-advice.js';

export type FileInput = Exclude<RunInput, { run: string }>;

export interface StageInputPorts extends PrepareFacts, StageHome {
  /** Folders that task files must lie in, with all that they name. */
  taskRoots: readonly string[];
  /** What the host's user allows: `starts` at all, and what prompts in the input may use. */
  inputs: InputRules & { starts: boolean };
}

interface Load {
  loaded: LoadedTask;
  options: Pick<StartOptions, 'seeds' | 'limit' | 'total' | 'maxCost'>;
}

/** Throws SwarmError, with advice for who starts workflows by hand. */
export async function stageInput(ports: StageInputPorts, input: FileInput, workflowId: string): Promise<StagedRun> {
  try {
    const runId = runIdOfWorkflow(workflowId);
    const { loaded, options } = await load(ports, input, runId);
    const prepared = await prepareLoaded(loaded, options, ports);
    return await stagePrepared(prepared, { ...options, origin: 'temporal', runId }, ports);
  } catch (error) {
    if (!SwarmError.is(error)) throw error;
    throw forPlainTemporal(error, typeof input === 'object' && input !== null && 'prompts' in input);
  }
}

async function load({ home, taskRoots, inputs }: StageInputPorts, given: FileInput, runId: string): Promise<Load> {
  if (!inputs.starts) throw new SwarmError(startsAreOff());
  const prices = createPrices();
  const input = readRunInput(given);
  if ('task' in input) {
    const { task, ...options } = input;
    const loaded = await loadTask(task, { roots: taskRoots, ownOnly: true });
    if (options.total !== undefined) mayRepeat(loaded, prices);
    return { loaded, options };
  }
  const listed = input.apiBase !== undefined && isListed(input.apiBase, inputs.bases);
  const loaded = await loadTaskObject({
    ...taskOf(input, join(home, 'runs', runId), runId),
    ...(listed ? { allow_http: true } : {}),
  });
  const { model } = loaded.task;
  const priced = hasPrice(loaded, prices);
  const refused = refusedModel(model, inputs, priced);
  if (refused) throw new SwarmError(refused);
  const capped = inputs.maxCostUsd !== null && mayCost(model, priced) ? { maxCost: inputs.maxCostUsd } : {};
  return { loaded, options: { seeds: input.prompts, ...capped } };
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
    found: `total in a workflow's input repeats rows of ${modelName(model)}, and the task has no max_cost`,
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
