/** Tasks as the store has them, also those that earlier versions wrote. */
import type { Task } from './task-types.js';

/** Before version 0.2 the tags of a run were its labels. */
export function storedTask(json: string): Task {
  const { labels, ...task } = JSON.parse(json) as Omit<Task, 'labels'> & { labels?: Task['labels'] | Task['tags'] };
  if (labels === undefined) return task;
  return Array.isArray(labels) ? { ...task, labels } : { ...task, tags: labels };
}
