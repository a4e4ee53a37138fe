/** The rows and tasks of the scenarios: the same rows everywhere, so that one undisturbed run is the measure of all. */
import type { TaskFileInput } from '../../src/schema/task.js';
import { SIM_TASK_PRICE } from '../support/provider.js';
import type { TaskFiles } from '../support/run-folder.js';
import type { SwarmHome } from '../support/swarm-home.js';
import { CANARY_ENV } from './canary.js';

/** The answer to every 97th row is held back by the model, and paid: the row fails. */
const HELD_BACK_EVERY = 97;

export function isHeldBack(index: number): boolean {
  return index % HELD_BACK_EVERY === HELD_BACK_EVERY - 1;
}

/** Row `index` is the same in all scenarios. */
export function seedsOf(rows: number): string[] {
  return Array.from({ length: rows }, (_, index) => {
    const order = isHeldBack(index) ? '[[sim fault=filter]] ' : '';
    return `${order}Say what is special about the number ${index}.`;
  });
}

export interface Work {
  rows: number;
  /** Most turns of a conversation. */
  turns: number;
  sliceSize: number | 'auto';
  workers: number;
}

/** `keys` are added to those of the task. */
export function chaosTask(
  home: SwarmHome,
  name: string,
  url: string,
  { rows, turns, sliceSize, workers }: Work,
  keys: Partial<TaskFileInput> = {},
): TaskFiles {
  const conversation = turns === 1 ? {} : { multi_turn: true, max_turns: turns };
  const task = {
    worker_model: 'chaos-model',
    worker_api_base: url,
    worker_api_key_env: CANARY_ENV,
    workers,
    batch_size: sliceSize,
    price: SIM_TASK_PRICE,
    ...conversation,
    ...keys,
  };
  return home.task(name, task, seedsOf(rows));
}
