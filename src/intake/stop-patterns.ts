/** stop_when: patterns that would hold up everything else. */
import { type Problem, SwarmError } from '../core/errors.js';
import { keyNotes } from '../schema/task.js';
import type { TaskReading } from './read-task.js';

/** Throws a SwarmError (E_TASK_TYPE) for one whose time has no bound: it is matched where all rows are worked on. */
export async function checkStopPatterns({ task, placeIn }: Pick<TaskReading, 'task' | 'placeIn'>): Promise<void> {
  const patterns = (task?.stopWhen ?? []).flatMap(({ matches }, at) => (matches === undefined ? [] : [{ pattern: matches, at }]));
  if (patterns.length === 0) return;
  const { slowFault, slowPattern } = await import('../answers/slow-patterns.js');
  const slow = await slowPattern(patterns, 'm');
  if (slow === null) return;
  const { found, fix } = slowFault(slow.pattern);
  const place = placeIn(['stop_when', slow.at, 'matches']);
  const problem: Problem = {
    code: 'E_TASK_TYPE',
    ...(Object.keys(place).length > 0 ? { place } : {}),
    found: `stop_when[${slow.at}]: ${found}`,
    allowed: keyNotes('stop_when').allowed,
    fix,
  };
  throw new SwarmError(problem);
}
