/** The keys that say what answers are to be: what is wrong with them together. */
import { likeLabels } from '../answers/labels.js';
import type { Problem } from '../core/errors.js';
import { isFields } from '../core/fields.js';
import { keyNotes, type TaskFile, type TaskKey } from '../schema/task.js';
import type { TaskType } from '../schema/task-types.js';
import { shownValue } from './key-problems.js';
import type { TaskProblems } from './task-problems.js';

type Fault = Omit<Problem, 'place'>;

/** Keys that one kind of task alone has a use for. */
const ONLY: readonly (readonly [TaskKey, TaskType])[] = [
  ['labels', 'classification'],
  ['target_language', 'translation'],
  ['source_language', 'translation'],
  ['max_words', 'summarization'],
];

/** labels was once what tags are now. Null for a value that is no map. */
export function labelsFault(value: unknown): Fault | null {
  if (!isFields(value)) return null;
  const found = 'labels is a map of keys and values';
  const list = `[${Object.keys(value).slice(0, 3).join(', ')}]`;
  const fix = `names and values of your own are tags: write tags instead of labels; classes are a list: ${list}`;
  return { code: 'E_TASK_TYPE', found, allowed: keyNotes('labels').allowed, fix };
}

export function checkAnswerKeys(reading: TaskProblems, good: Partial<TaskFile>, given: (name: TaskKey) => boolean): void {
  const { places, notes } = reading;
  const conflict = (name: TaskKey, fault: Omit<Fault, 'code'>) =>
    reading.add(places.key([name]), { code: 'E_TASK_CONFLICT', ...fault });
  for (const [name, type] of ONLY) {
    if (good[name] === undefined || good.task_type === undefined || good.task_type === type) continue;
    const found = `${name} is given, and task_type is ${good.task_type}`;
    conflict(name, { found, allowed: `${name} with task_type ${type}`, fix: `write "task_type: ${type}", or remove ${name}` });
  }
  if (good.multi_label && !given('labels')) {
    const found = 'multi_label is true, and there are no labels';
    conflict('multi_label', { found, allowed: 'multi_label with labels', fix: 'give labels, or remove multi_label' });
  }
  if (given('labels') && given('output_schema')) {
    const fix = 'remove one: a schema can name labels with enum';
    conflict('output_schema', { found: 'labels and output_schema are both given', allowed: 'one of the two', fix });
  }
  checkLabels(reading, good.labels ?? []);
  if (!given('labels') && !given('output_schema')) {
    if (given('max_repairs')) notes.push('max_repairs has no effect without output_schema or labels');
  } else if (given('on_truncate') && good.on_truncate === 'keep') {
    notes.push('on_truncate: keep keeps no part of a value: a row whose answer is cut short fails with cause truncated');
  }
}

function checkLabels(reading: TaskProblems, labels: readonly string[]): void {
  const { allowed } = keyNotes('labels');
  const add = (at: number, found: string, fix: string) =>
    reading.add(reading.places.value(['labels', at]), { code: 'E_TASK_LABELS', found, allowed, fix });
  labels.forEach((label, at) => {
    if (/[\r\n]/.test(label)) add(at, `labels[${at}] has more than one line`, 'write it on one line');
  });
  const pair = likeLabels(labels);
  if (pair === null) return;
  const [later, earlier] = [shownValue(labels[pair.at]), shownValue(labels[pair.like])];
  add(
    pair.at,
    `labels[${pair.at}] is ${later}, and labels[${pair.like}] is ${earlier}: an answer could not tell them apart`,
    'remove one of the two',
  );
}
