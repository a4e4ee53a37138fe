/** What of a prompt other calls of its run send too: where a provider's cache costs something to write, it is worth that for this alone. Pure. */
import type { Task } from '../schema/task-types.js';
import { hasNotes } from './conversation/answer-form.js';
import type { Message } from './conversation/message.js';
import { ASSUMED_CONCURRENCY } from './slice-size.js';

export interface Repeated {
  /** Its system prompt: the same in all rows, which are many more than are asked at once. */
  system: boolean;
  /** Of its conversation: nothing; what was there a turn before, in the last turn; all of it, when another turn may come. */
  turns: 'none' | 'earlier' | 'all';
}

/** Calls that are under way before the first one is answered all write: they must be few among those that read. */
const MANY_TIMES = 2;

/** @param rows of the whole run */
export function repeatedOf(task: Task, rows: number, messages: readonly Message[]): Repeated {
  const { concurrency, systemPrompt, promptAlone, multiTurn, maxTurns } = task;
  const atOnce = concurrency === 'auto' ? ASSUMED_CONCURRENCY : concurrency;
  const told = systemPrompt ?? (hasNotes(task) ? '' : null);
  const isShared = told !== null && (promptAlone === true || !told.includes('{{'));
  const answered = messages.filter(({ role }) => role === 'assistant').length;
  const goesOn = multiTurn && answered + 1 < maxTurns;
  return {
    system: isShared && rows > MANY_TIMES * atOnce,
    turns: goesOn ? 'all' : multiTurn && answered > 0 ? 'earlier' : 'none',
  };
}
