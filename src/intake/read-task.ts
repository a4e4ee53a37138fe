/** A task's keys and values, from a file or from code, become a Task, or all their problems at once. */
import type { Place, Problem } from '../core/errors.js';
import { isTimeZone } from '../core/money/calendar-day.js';
import { readTemplate } from '../core/template.js';
import { keyNotes, REQUIRED_KEYS, TASK_KEYS, type TaskFile, type TaskKey, taskFileSchema } from '../schema/task.js';
import type { StopRule, Task } from '../schema/task-types.js';
import { checkAnswerKeys, labelsFault } from './answer-keys.js';
import { readApiBase, wireOfBase } from './api-base.js';
import { checkTree, FORBIDDEN } from './check-tree.js';
import { headerFault } from './header-check.js';
import { issueFault, looksLikeSecret, missingFault, secretFault, shownValue, unknownKeyFault } from './key-problems.js';
import { keyElsewhere, prefixOf, readModelRef } from './model-ref.js';
import { requestFaults } from './request-keys.js';
import { modelEnding } from './retired-models.js';
import { type KeyPath, REFUSED, type TaskPlaces, TaskProblems } from './task-problems.js';
import { toTask } from './to-task.js';

export interface TaskReading {
  /** Null when there are problems. `seedsFile` and `outputDir` are still as written (relative paths are not resolved). */
  task: Task | null;
  /** At most 20, and a count of the rest. In order of place. */
  problems: Problem[];
  /** What was normalised or has no effect, a sentence each. */
  notes: string[];
  /** Where each template variable first stands. */
  variablePlaces: Record<string, Place>;
  /** Path of output_schema as it is written; null where the schema is in the task, or there is none. */
  schemaFile: string | null;
  /** Where a part of the task stands. */
  placeIn(path: KeyPath): Place;
  /** Where the value of a key stands; the file alone, or nothing, when it has no line of its own. */
  placeOf(key: string): Place;
}

/** Each key by itself. Keys with problems are absent from the result. */
function readKeys(reading: TaskProblems, source: Record<string, unknown>): Partial<TaskFile> {
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
    const wasTags = name === 'labels' ? labelsFault(value) : null;
    if (wasTags !== null) {
      reading.add(places.key([name]), wasTags);
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

function readStopRules(reading: TaskProblems, given: TaskFile['stop_when'] | undefined): StopRule[] {
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

function readModel(reading: TaskProblems, good: Partial<TaskFile>, source: Record<string, unknown>): Task['model'] | null {
  const { places } = reading;
  let apiBase: string | null = null;
  if (good.worker_api_base !== undefined) {
    const wire = good.worker_wire ?? wireOfBase(good.worker_api_base, prefixOf(good.worker_model ?? ''));
    const base = readApiBase(good.worker_api_base, good.allow_http, wire);
    if ('fault' in base) reading.add(places.value(['worker_api_base']), base.fault);
    else {
      apiBase = base.apiBase;
      reading.notes.push(...base.notes);
    }
  }
  // With a bad base nothing is known about the model: one problem is enough.
  if (good.worker_model === undefined || (source['worker_api_base'] !== undefined && apiBase === null)) return null;
  const { worker_model, worker_wire, worker_api_key_env } = good;
  const model = readModelRef({ worker_model, worker_wire, apiBase, worker_api_key_env });
  if ('ref' in model) {
    const ending = modelEnding(model.ref, Date.now());
    if (ending !== null && 'fault' in ending) reading.add(places.value(['worker_model']), ending.fault);
    else if (ending !== null) reading.notes.push(ending.note);
    const elsewhere = worker_api_key_env === undefined ? keyElsewhere(model.ref) : null;
    if (elsewhere !== null) reading.notes.push(elsewhere);
    return model.ref;
  }
  reading.add(places.value([model.key]), model.fault);
  return null;
}

/** The texts that the rows fill in, each with its faults. */
function readTemplates(reading: TaskProblems, good: Partial<TaskFile>): Record<string, Place> {
  const variablePlaces: Record<string, Place> = Object.create(null);
  for (const key of ['prompt_template', 'system_prompt', 'follow_up'] as const) {
    const text = good[key];
    if (typeof text !== 'string' || (key === 'follow_up' && good.multi_turn !== true)) continue;
    if (key !== 'prompt_template' && text.trim() === '') {
      if (text !== '') reading.notes.push(`${key} is blank, and is sent as it stands`);
      continue;
    }
    const read = readTemplate(text);
    for (const { offset, ...fault } of read.faults) reading.add(reading.places.inText([key], text, offset), fault);
    for (const [name, offset] of read.template?.offsets ?? [])
      variablePlaces[name] ??= reading.places.inText([key], text, offset);
  }
  return variablePlaces;
}

/** What is wrong or without effect between keys that are right by themselves. */
function checkTogether(reading: TaskProblems, good: Partial<TaskFile>, source: Record<string, unknown>): void {
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
  if (good.timezone !== undefined && !isTimeZone(good.timezone)) {
    reading.add(places.value(['timezone']), {
      code: 'E_TASK_TZ',
      found: `timezone is ${shownValue(good.timezone)}, which this system does not know`,
      allowed: keyNotes('timezone').allowed,
      fix: 'change timezone, or remove the line for UTC',
    });
  }
  checkAnswerKeys(reading, good, given);
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
  const reading = new TaskProblems(places);
  checkTree(reading, source, []);
  const good = readKeys(reading, source);
  const model = readModel(reading, good, source);
  const variablePlaces = readTemplates(reading, good);
  const stopRules = readStopRules(reading, good.stop_when);
  checkTogether(reading, good, source);
  if (model !== null) for (const { path, fault } of requestFaults(good, model)) reading.add(places.value(path), fault);
  const schemaFile = typeof good.output_schema === 'string' ? good.output_schema : null;
  const placeIn = (path: KeyPath) => places.value(path);
  const facts = { notes: reading.notes, variablePlaces, schemaFile, placeIn, placeOf: (key: string) => places.value([key]) };
  if (reading.failed || model === null) return { task: null, problems: reading.sorted(), ...facts };
  return { task: toTask(good as TaskFile, { model, stopRules, defaultName }), problems: [], ...facts };
}
