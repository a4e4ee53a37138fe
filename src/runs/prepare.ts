/** From what a starter gives to a task that may run: loaded, with overrides, checked; its rows ready to be read. Nothing is written. */
import { resolve } from 'node:path';
import { type Problem, SwarmError } from '../core/errors.js';
import { checkKey } from '../core/key-check.js';
import type { Prices } from '../core/money/price-book.js';
import { type LoadedTask, loadTask, loadTaskObject } from '../intake/load-task.js';
import { checkOutputDir } from '../intake/output-dir.js';
import { readSeeds, type SeedReading, type SeedSource } from '../intake/read-seeds.js';
import type { RowsFromCode } from '../intake/seeds-memory.js';
import type { RowsOf } from '../intake/seen-rows.js';
import { capProblem } from '../pricing/cap-problem.js';
import { createPrices } from '../pricing/prices.js';
import type { Task } from '../schema/task-types.js';
import type { StartOptions } from './start-options.js';

/** What a task is checked against. */
export interface PrepareFacts {
  /** Cap of the home for all runs of a day, in USD; null = none. */
  homeCapUsd: number | null;
  /** Value of a key by the name of its variable, as it is where the calls are made, or will be handed there. */
  readKey(name: string): string | undefined;
}

export interface PreparedTask {
  task: Task;
  notes: string[];
  /** Of the folder, the longest answer and the key. What the rows and the caps over them have comes with the rows. */
  problems: Problem[];
  /** Where a key of the task is written. */
  placeOf: LoadedTask['placeOf'];
  /** Value of the task's key; null when the endpoint has none, and when it has a problem. */
  key: string | null;
  /** Where the rows are; null for rows from code. */
  rowsOf: RowsOf | null;
  /** A new reading of the rows. */
  rows(): SeedReading;
  /** False for rows from code that come only once. */
  again: boolean;
  /** E_PRICE_UNKNOWN or E_CAP_TOO_SMALL when no call with a prompt of so many tokens could be made; else null. */
  capProblem(promptTokens: number): Problem | null;
}

/** A task file or object, with all its problems. Throws SwarmError (exit 2) for one that cannot be read as a task, and for bad options. */
export async function prepareTask(source: string | object, options: StartOptions, facts: PrepareFacts): Promise<PreparedTask> {
  return await prepareLoaded(typeof source === 'string' ? await loadTask(source) : await loadTaskObject(source), options, facts);
}

/** The same for a task that was loaded under rules of its own. */
export async function prepareLoaded(loaded: LoadedTask, options: StartOptions, facts: PrepareFacts): Promise<PreparedTask> {
  const { placeOf } = loaded;
  const task = withOptions(loaded.task, options);
  const prices = createPrices();
  const { homeCapUsd } = facts;
  const { key, problem: keyProblem } = keyOf(task, loaded, facts);
  const folder = await checkOutputDir(task.outputDir, placeOf('output_dir'));
  return {
    task,
    placeOf,
    key,
    problems: [folder, windowProblem(task, loaded, prices), keyProblem].filter((problem) => problem !== null),
    notes: [...loaded.notes],
    rowsOf: rowsOf(task, options),
    again: options.seeds === undefined || Array.isArray(options.seeds),
    rows: () =>
      readSeeds(sourceOf(task, options), {
        prompt: loaded.prompt,
        ...(options.limit === undefined ? {} : { limit: options.limit }),
        ...(options.total === undefined ? {} : { total: options.total }),
        ...(options.allowConstantPrompt === undefined ? {} : { allowConstantPrompt: options.allowConstantPrompt }),
      }),
    capProblem: (promptTokens) => capProblem(task, prices, { promptTokens, placeOf, homeCapUsd }),
  };
}

function sourceOf(task: Task, options: StartOptions): SeedSource {
  if (options.seeds !== undefined) return { rows: options.seeds as RowsFromCode };
  return { file: task.seedsFile };
}

function rowsOf(task: Task, options: StartOptions): RowsOf | null {
  const source = sourceOf(task, options);
  if (!('file' in source) || source.file === null) return null;
  return { file: source.file, limit: options.limit ?? null, total: options.total ?? null };
}

/** An answer cannot be longer than the model's whole window. */
function windowProblem(task: Task, loaded: LoadedTask, prices: Prices): Problem | null {
  const window = prices.contextWindow(task.model);
  if (window === null || task.maxTokens <= window) return null;
  return {
    code: 'E_TASK_RANGE',
    place: loaded.placeOf('worker_max_tokens'),
    found: `worker_max_tokens is ${task.maxTokens}, over the window of ${task.model.model}`,
    allowed: `1 to ${window}`,
    fix: 'lower it to what an answer needs',
  };
}

function keyOf(task: Task, loaded: LoadedTask, { readKey }: PrepareFacts): { key: string | null; problem: Problem | null } {
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
