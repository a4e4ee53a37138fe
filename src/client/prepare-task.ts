/** From what the starter gives to a task that may run: file or object, overrides, folder, key, rows. Nothing is written. */
import { resolve } from 'node:path';
import { EXIT, type Place, type Problem, SwarmError } from '../core/errors.js';
import { checkKey } from '../core/key-check.js';
import { type LoadedTask, loadTask, loadTaskObject } from '../intake/load-task.js';
import { checkOutputDir } from '../intake/output-dir.js';
import { readSeeds, type SeedReading, type SeedSource } from '../intake/read-seeds.js';
import type { RowsFromCode } from '../intake/seeds-memory.js';
import { type RowsOf, stillSeen } from '../intake/seen-rows.js';
import type { StageRequest } from '../intake/stage-new.js';
import { createPrices } from '../pricing/prices.js';
import type { Task } from '../schema/task-types.js';
import type { StartOptions } from './api.js';

export interface PreparedTask {
  task: Task;
  notes: string[];
  /** Value of the task's key; null when the endpoint has none, and when it has a problem. */
  key: string | null;
  /** E_KEY_MISSING or E_KEY_FORMAT; null for a start, which throws it. */
  keyProblem: Problem | null;
  /** Where a key stands in the task file. */
  placeOf(key: string): Place;
  /** Where the rows are; null for rows from code. */
  rowsOf: RowsOf | null;
  /** A new reading of the rows. */
  rows(): SeedReading;
  /** False for rows from code that come only once. */
  again: boolean;
}

/** Throws a SwarmError: exit 2 for bad input, 5 for a missing or malformed key, which who only looks is told instead. */
export async function prepareTask(
  source: string | object,
  options: StartOptions,
  readKey: (name: string) => string | undefined,
  purpose: 'start' | 'look' = 'start',
): Promise<PreparedTask> {
  const loaded = typeof source === 'string' ? await loadTask(source) : await loadTaskObject(source);
  const task = withOptions(loaded.task, options);
  const folder = await checkOutputDir(task.outputDir, loaded.placeOf('output_dir'));
  if (folder) throw new SwarmError(folder);
  const window = windowProblem(task, loaded);
  if (window) throw new SwarmError(window);
  const { key, problem } = keyOf(task, loaded, readKey);
  if (problem !== null && purpose === 'start') throw new SwarmError(problem, EXIT.refused);
  return {
    task,
    key,
    keyProblem: problem,
    notes: [...loaded.notes],
    placeOf: loaded.placeOf,
    rowsOf: rowsOf(task, options),
    again: options.seeds === undefined || Array.isArray(options.seeds),
    rows: () =>
      readSeeds(sourceOf(task, options), {
        prompt: loaded.prompt,
        ...(options.limit === undefined ? {} : { limit: options.limit }),
        ...(options.total === undefined ? {} : { total: options.total }),
        ...(options.allowConstantPrompt === undefined ? {} : { allowConstantPrompt: options.allowConstantPrompt }),
      }),
  };
}

/** What a start asks of staging. Rows that its check has read are not read once more while their file is as it was. */
export async function stageRequest(prepared: PreparedTask, options: StartOptions): Promise<StageRequest> {
  return {
    task: prepared.task,
    rows: prepared.rows(),
    seen: await stillSeen(options.checked?.seen, prepared.rowsOf),
    ...(prepared.again ? { rowsAgain: prepared.rows } : {}),
    limited: options.limit !== undefined,
    ifChanged: options.ifChanged ?? 'refuse',
    detached: options.detached ?? true,
    origin: options.origin ?? 'library',
  };
}

function sourceOf(task: Task, options: StartOptions): SeedSource {
  if (options.seeds !== undefined) return { rows: options.seeds as RowsFromCode };
  return { file: options.seedsFile === undefined ? task.seedsFile : resolve(options.seedsFile) };
}

function rowsOf(task: Task, options: StartOptions): RowsOf | null {
  const source = sourceOf(task, options);
  if (!('file' in source) || source.file === null) return null;
  return { file: source.file, limit: options.limit ?? null, total: options.total ?? null };
}

/** An answer cannot be longer than the model's whole window. */
function windowProblem(task: Task, loaded: LoadedTask): Problem | null {
  const window = createPrices().contextWindow(task.model);
  if (window === null || task.maxTokens <= window) return null;
  return {
    code: 'E_TASK_RANGE',
    place: loaded.placeOf('worker_max_tokens'),
    found: `worker_max_tokens is ${task.maxTokens}, over the window of ${task.model.model}`,
    allowed: `1 to ${window}`,
    fix: 'lower it to what an answer needs',
  };
}

function keyOf(
  task: Task,
  loaded: LoadedTask,
  readKey: (name: string) => string | undefined,
): { key: string | null; problem: Problem | null } {
  const name = task.model.apiKeyEnv;
  if (name === null) return { key: null, problem: null };
  const value = readKey(name);
  const problem = checkKey(name, value);
  if (problem) return { key: null, problem: { ...problem, place: loaded.placeOf('worker_api_key_env') } };
  return { key: value ?? null, problem: null };
}

/** Overrides of the starter; the same ranges hold as in the file. */
function withOptions(task: Task, options: StartOptions): Task {
  const problems: Problem[] = [];
  const positive = (name: string, value: number | undefined, whole: boolean) => {
    if (value === undefined || (Number.isFinite(value) && value > 0 && (!whole || Number.isInteger(value)))) return;
    problems.push({
      code: name === 'maxCost' ? 'E_CAP' : 'E_TASK_RANGE',
      found: `${name} is ${value}`,
      allowed: whole ? 'a whole number above 0' : 'a number above 0',
    });
  };
  positive('maxCost', options.maxCost, false);
  positive('concurrency', options.concurrency, true);
  positive('sliceSize', options.sliceSize, true);
  if (problems.length > 0) throw new SwarmError(problems);
  return {
    ...task,
    ...(options.outputDir === undefined ? {} : { outputDir: resolve(options.outputDir) }),
    ...(options.maxCost === undefined ? {} : { maxCost: options.maxCost }),
    ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
    ...(options.sliceSize === undefined ? {} : { sliceSize: options.sliceSize }),
    ...(options.seedsFile === undefined ? {} : { seedsFile: resolve(options.seedsFile) }),
  };
}
