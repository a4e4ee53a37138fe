/** Text or object -> Task, or all problems in one pass. */
import type { Problem } from '../core/errors.js';
import { readTask, type TaskReading } from './read-task.js';
import { readYaml } from './yaml-source.js';

export interface ParseOptions {
  /** The name of the file as problems show it. */
  file?: string;
  /** Name of a task without `name`. Default `task`. */
  defaultName?: string;
}

function nothingRead(problems: Problem[]): TaskReading {
  return { task: null, problems, notes: [], variablePlaces: {}, schemaFile: null, placeIn: () => ({}), placeOf: () => ({}) };
}

/** Parses the text of a task file (YAML 1.2; JSON is part of it). Problems carry file, line and column. Never throws. */
export function parseTaskText(text: string, options: ParseOptions = {}): TaskReading {
  const source = readYaml(text, options.file);
  if (source.value === null) return nothingRead(source.problems);
  const reading = readTask(source.value, source.places, options.defaultName ?? 'task');
  if (source.problems.length === 0) return reading;
  // A key whose value was refused already has its problem; a second one about the same place would only confuse.
  const places = new Set(source.problems.map(({ place }) => `${place?.line}`));
  const others = reading.problems.filter(({ place }) => place?.line === undefined || !places.has(`${place.line}`));
  return { ...reading, task: null, problems: [...source.problems, ...others] };
}

/** Parses a task given as an object with the keys of the file. Problems have no places. Never throws. */
export function parseTaskObject(source: object, options: ParseOptions = {}): TaskReading {
  const nowhere = () => ({});
  const shape = { code: 'E_TASK_SHAPE', found: 'the task is not an object', allowed: 'an object with the keys of a task file' };
  if (typeof source !== 'object' || source === null || Array.isArray(source)) {
    return nothingRead([{ ...shape, fix: 'pass {prompt_template, worker_model, ...}' }]);
  }
  const places = { value: nowhere, key: nowhere, inText: nowhere };
  return readTask(source as Record<string, unknown>, places, options.defaultName ?? 'task');
}
