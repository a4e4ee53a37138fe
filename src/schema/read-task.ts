/** A task's keys and values, from a file or from code, become a Task, or all their problems at once. */
import type { Place, Problem } from '../core/errors.js';
import { readTemplate } from '../core/template.js';
import { headerFault } from './header-check.js';
import { issueFault, looksLikeSecret, missingFault, secretFault, shownValue, unknownKeyFault } from './key-problems.js';
import { readApiBase, readModelRef } from './model-ref.js';
import { keyNotes, REQUIRED_KEYS, SYSTEM_PROMPTS, TASK_KEYS, type TaskFile, type TaskKey, taskFileSchema } from './task.js';
import type { StopRule, Task } from './task-types.js';

export type KeyPath = readonly (string | number)[];

/** Where things stand in the source. Empty places for a task from code. */
export interface TaskPlaces {
  /** The value at a path; the nearest enclosing one when it has none. */
  value(path: KeyPath): Place;
  /** The key at a path. */
  key(path: KeyPath): Place;
  /** A character of the text at a path. */
  inText(path: KeyPath, text: string, offset: number): Place;
}

export interface TaskReading {
  /** Null when there are problems. `seedsFile` and `outputDir` are still as written (relative paths are not resolved). */
  task: Task | null;
  /** At most 20, and a count of the rest. In order of place. */
  problems: Problem[];
  /** What was normalised or has no effect, a sentence each. */
  notes: string[];
  /** Where each template variable first stands. */
  variablePlaces: Record<string, Place>;
  /** Where the value of a key stands; the file alone, or nothing, when it has no line of its own. */
  placeOf(key: string): Place;
}

/** Stands for a value whose source was refused already: the key is given, its value unknown. */
export const REFUSED = Symbol('refused');

/** Problems printed before the rest is only counted. */
export const SHOWN_PROBLEMS = 20;
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]/;

/** First control character of a text: its offset and name. Tabs and line ends are fine. */
export function controlCharacter(text: string): { offset: number; name: string } | null {
  const match = CONTROL.exec(text);
  if (!match) return null;
  return { offset: match.index, name: `U+${match[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}` };
}

class Reading {
  readonly problems: Problem[] = [];
  readonly notes: string[] = [];
  #more = 0;

  constructor(readonly places: TaskPlaces) {}

  add(place: Place, fault: Omit<Problem, 'place'>): void {
    if (this.problems.length < SHOWN_PROBLEMS) this.problems.push(Object.keys(place).length > 0 ? { ...fault, place } : fault);
    else this.#more += 1;
  }

  get full(): boolean {
    return this.problems.length >= SHOWN_PROBLEMS;
  }

  get failed(): boolean {
    return this.problems.length > 0;
  }

  sorted(): Problem[] {
    const at = (problem: Problem) => (problem.place?.line ?? 1e9) * 1e6 + (problem.place?.column ?? 0);
    const list = [...this.problems].sort((a, b) => at(a) - at(b));
    if (this.#more > 0)
      list.push({ code: 'E_TASK_MORE', found: `${this.#more} more problems are not listed`, fix: 'fix the first ones' });
    return list;
  }
}

/** Forbidden keys and control characters, at any depth. */
function checkTree(reading: Reading, value: unknown, path: KeyPath): void {
  if (typeof value === 'string') {
    const control = controlCharacter(value);
    if (control && path[0] !== 'headers') {
      reading.add(reading.places.value(path), {
        code: 'E_TASK_CONTROL_CHAR',
        found: `${path.join('.')} holds the control character ${control.name}`,
        allowed: 'printable characters, tabs and line ends',
        fix: 'take it out',
      });
    }
    return;
  }
  if (typeof value !== 'object' || value === null || path.length > 8) return;
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      checkTree(reading, item, [...path, index]);
    });
    return;
  }
  for (const name of Object.getOwnPropertyNames(value)) {
    if (FORBIDDEN.has(name)) {
      reading.add(reading.places.key([...path, name]), {
        code: 'E_TASK_FORBIDDEN_KEY',
        found: `${name} is not allowed as a key`,
        allowed: 'the keys of docs/task-reference.md',
        fix: 'remove it',
      });
    } else checkTree(reading, (value as Record<string, unknown>)[name], [...path, name]);
  }
}

/** Each key by itself. Keys with problems are absent from the result. */
function readKeys(reading: Reading, source: Record<string, unknown>): Partial<TaskFile> {
  const good: Record<string, unknown> = {};
  const { places } = reading;
  for (const name of Object.getOwnPropertyNames(source)) {
    const value = source[name];
    if (value === undefined || FORBIDDEN.has(name)) continue;
    if (!Object.hasOwn(taskFileSchema.shape, name)) {
      reading.add(places.key([name]), reading.full ? { code: 'E_TASK_UNKNOWN_KEY', found: '' } : unknownKeyFault(name, value));
    }
  }
  for (const name of TASK_KEYS) {
    const given = Object.hasOwn(source, name) && source[name] !== undefined;
    if (source[name] === REFUSED) continue;
    if (!given && REQUIRED_KEYS.includes(name)) reading.add(places.value([]), missingFault(name));
    const value = given ? source[name] : undefined;
    if (value === null && REQUIRED_KEYS.includes(name)) {
      reading.add(places.key([name]), { ...missingFault(name), found: `${name} has no value` });
      continue;
    }
    if (name === 'task_type' && value === 'custom') {
      reading.add(places.value([name]), {
        code: 'E_TASK_UNSUPPORTED',
        found: 'task_type custom (a worker_script of your own): this version does not do it yet',
        allowed: keyNotes(name).allowed,
        fix: 'use another task_type',
      });
      continue;
    }
    if (looksLikeSecret(value)) {
      reading.add(places.value([name]), secretFault(name, value));
      continue;
    }
    const result = taskFileSchema.shape[name].safeParse(value);
    if (result.success) good[name] = result.data;
    else if (given && !(name === 'prompt_template' && value === '')) {
      for (const issue of result.error.issues) {
        const { path, fault } = issueFault(name, value, issue);
        reading.add(issue.code === 'unrecognized_keys' ? places.key(path) : places.value(path), fault);
      }
    } else if (given) good[name] = value;
  }
  return good as Partial<TaskFile>;
}

function readStopRules(reading: Reading, given: TaskFile['stop_when'] | undefined): StopRule[] {
  if (given === undefined) return [];
  if (typeof given === 'string') return [{ contains: given }];
  given.forEach((rule, index) => {
    if (!('matches' in rule)) return;
    try {
      new RegExp(rule.matches, 'm');
    } catch {
      reading.add(reading.places.value(['stop_when', index, 'matches']), {
        code: 'E_TASK_TYPE',
        found: `stop_when[${index}].matches is not a regular expression: ${shownValue(rule.matches)}`,
        allowed: 'a JavaScript regular expression without slashes',
        fix: 'escape special characters with a backslash, or use contains',
      });
    }
  });
  return given;
}

function readModel(reading: Reading, good: Partial<TaskFile>, source: Record<string, unknown>): Task['model'] | null {
  const { places } = reading;
  let apiBase: string | null = null;
  if (good.worker_api_base !== undefined) {
    const base = readApiBase(good.worker_api_base);
    if ('fault' in base) reading.add(places.value(['worker_api_base']), base.fault);
    else {
      apiBase = base.apiBase;
      reading.notes.push(...base.notes);
    }
  }
  // With a bad base nothing is known about the model: one problem is enough.
  if (good.worker_model === undefined || (source['worker_api_base'] !== undefined && apiBase === null)) return null;
  const model = readModelRef({ worker_model: good.worker_model, apiBase, worker_api_key_env: good.worker_api_key_env });
  if ('ref' in model) return model.ref;
  reading.add(places.value([model.key]), model.fault);
  return null;
}

function readPrompt(reading: Reading, template: string | undefined): Record<string, Place> {
  const path = ['prompt_template'];
  const variablePlaces: Record<string, Place> = Object.create(null);
  if (template === undefined) return variablePlaces;
  const read = readTemplate(template);
  for (const { offset, ...fault } of read.faults) reading.add(reading.places.inText(path, template, offset), fault);
  for (const [name, offset] of read.template?.offsets ?? []) variablePlaces[name] = reading.places.inText(path, template, offset);
  return variablePlaces;
}

/** What is wrong or without effect between keys that are right by themselves. */
function checkTogether(reading: Reading, good: Partial<TaskFile>, source: Record<string, unknown>): void {
  const { places } = reading;
  const given = (name: TaskKey) => Object.hasOwn(source, name) && source[name] !== undefined;
  if (given('workers') && given('concurrency')) {
    const first = places.key(['workers']);
    const where = first.line === undefined ? '' : ` (workers is in line ${first.line})`;
    reading.add(places.key(['concurrency']), {
      code: 'E_TASK_CONFLICT',
      found: `workers and concurrency are both given${where}; they mean the same`,
      allowed: 'one of the two',
      fix: 'remove one',
    });
  }
  for (const [name, value] of Object.entries(good.headers ?? {})) {
    const fault = headerFault(name, value);
    if (fault) reading.add(places.value(['headers', name]), fault);
  }
  if (good.output_dir !== undefined && good.output_dir.trim() === '') {
    const { allowed } = keyNotes('output_dir');
    reading.add(places.value(['output_dir']), {
      code: 'E_OUT_DIR',
      found: 'output_dir is blank',
      allowed,
      fix: 'name a folder, or remove the line',
    });
  }
  if (good.seeds_file !== undefined && good.seeds_file.trim() === '') {
    const { allowed } = keyNotes('seeds_file');
    reading.add(places.value(['seeds_file']), {
      code: 'E_TASK_TYPE',
      found: 'seeds_file is blank',
      allowed,
      fix: 'name a file, or remove the line',
    });
  }
  if (good.multi_turn === false) {
    for (const name of ['max_turns', 'follow_up', 'stop_when'] as const) {
      if (given(name)) reading.notes.push(`${name} has no effect while multi_turn is false`);
    }
  }
}

/** Reads a task from plain values. `defaultName` must be a valid name. */
export function readTask(source: Record<string, unknown>, places: TaskPlaces, defaultName: string): TaskReading {
  const reading = new Reading(places);
  checkTree(reading, source, []);
  const good = readKeys(reading, source);
  const model = readModel(reading, good, source);
  const variablePlaces = readPrompt(reading, good.prompt_template);
  const stopRules = readStopRules(reading, good.stop_when);
  checkTogether(reading, good, source);
  const facts = { notes: reading.notes, variablePlaces, placeOf: (key: string) => places.value([key]) };
  if (reading.failed || model === null) return { task: null, problems: reading.sorted(), ...facts };
  return { task: toTask(good as TaskFile, { model, stopRules, defaultName }), problems: [], ...facts };
}

function toTask(file: TaskFile, read: { model: Task['model']; stopRules: StopRule[]; defaultName: string }): Task {
  const name = file.name ?? read.defaultName;
  const systemPrompt = file.system_prompt === undefined ? SYSTEM_PROMPTS[file.task_type] : file.system_prompt || null;
  return {
    name,
    taskType: file.task_type,
    promptTemplate: file.prompt_template,
    systemPrompt,
    model: read.model,
    maxTokens: file.worker_max_tokens,
    temperature: file.temperature ?? null,
    topP: file.top_p ?? null,
    headers: file.headers,
    multiTurn: file.multi_turn,
    maxTurns: file.multi_turn ? file.max_turns : 1,
    followUp: file.follow_up,
    stopWhen: file.multi_turn ? read.stopRules : [],
    onTruncate: file.on_truncate,
    seedsFile: file.seeds_file ?? null,
    concurrency: file.concurrency ?? file.workers,
    staggerMs: file.stagger === 'auto' ? 0 : Math.round(file.stagger * 1000),
    sliceSize: file.batch_size,
    outputDir: file.output_dir ?? `out/${name}`,
    outputFormat: file.output_format,
    checkpointEvery: file.checkpoint_every,
    transcripts: file.transcripts,
    maxCost: file.max_cost ?? null,
    price: file.price ? toPrice(file.price) : null,
    requestsPerMinute: file.requests_per_minute ?? null,
    timeoutMs: Math.round(file.timeout * 1000),
    labels: file.labels,
    weight: file.weight,
  };
}

function toPrice(price: NonNullable<TaskFile['price']>): NonNullable<Task['price']> {
  const { input, output, cached_input: cachedInput } = price;
  return cachedInput === undefined ? { input, output } : { input, output, cachedInput };
}
