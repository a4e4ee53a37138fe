/**
 * A seed's conversation: which messages the next turn sends, and what its answer means.
 * Pure, used by both grains and by the writer of transcripts.
 */

import type { Task } from '../schema/task-types.js';
import type { FailureCause, Finish, Message } from './model.js';
import { isComplete } from './stop-rules.js';

/** An answered turn. Turn numbers are positions in the list plus one. */
export interface Answer {
  text: string;
  finish: Finish;
}

/** Rules of a conversation, taken from the task. */
export type ConversationRules = Pick<Task, 'systemPrompt' | 'multiTurn' | 'maxTurns' | 'followUp' | 'stopWhen' | 'onTruncate'>;

/** Most pieces of one answer under `on_truncate: continue`; the answer is kept as it is after that. */
export const MAX_PIECES = 8;

/** The user message that asks for the rest of a truncated answer. */
export const CONTINUE_PROMPT = 'Continue exactly where you stopped. Do not repeat anything.';

export type Verdict =
  /** The conversation needs another turn. */
  | { kind: 'go-on' }
  /** Complete: the output is the join of the answers from `fromTurn` on. */
  | { kind: 'ok'; fromTurn: number }
  | { kind: 'failed'; cause: FailureCause; code: string; message: string };

function isCutShort(rules: ConversationRules, answer: Answer): boolean {
  return answer.finish === 'length' && rules.onTruncate === 'continue';
}

/** First turn (1-based) of the pieces that make up the newest answer. */
export function firstPiece(rules: ConversationRules, answers: readonly Answer[]): number {
  let turn = answers.length;
  while (turn > 1 && answers.length - turn + 1 < MAX_PIECES) {
    const before = answers[turn - 2];
    if (!before || !isCutShort(rules, before)) break;
    turn -= 1;
  }
  return turn;
}

/** Whole answers so far: pieces of one answer count once. */
function wholeAnswers(rules: ConversationRules, answers: readonly Answer[]): number {
  let count = 0;
  let pieces = 0;
  for (const answer of answers) {
    pieces += 1;
    if (isCutShort(rules, answer) && pieces < MAX_PIECES) continue;
    count += 1;
    pieces = 0;
  }
  return count;
}

/** The messages of the next turn after these answers. */
export function nextMessages(rules: ConversationRules, prompt: string, answers: readonly Answer[]): Message[] {
  const messages: Message[] = [];
  if (rules.systemPrompt !== null) messages.push({ role: 'system', content: rules.systemPrompt });
  messages.push({ role: 'user', content: prompt });
  answers.forEach((answer, position) => {
    messages.push({ role: 'assistant', content: answer.text });
    const pieces = position + 2 - firstPiece(rules, answers.slice(0, position + 1));
    const goesOn = isCutShort(rules, answer) && pieces < MAX_PIECES;
    messages.push({ role: 'user', content: goesOn ? CONTINUE_PROMPT : rules.followUp });
  });
  return messages;
}

/** The whole transcript of a finished conversation: nextMessages without the question that was never sent. */
export function transcript(rules: ConversationRules, prompt: string, answers: readonly Answer[]): Message[] {
  const messages = nextMessages(rules, prompt, answers);
  if (answers.length > 0) messages.pop();
  return messages;
}

/** What the newest answer means for the seed. `answers` is not empty. */
export function judge(rules: ConversationRules, answers: readonly Answer[]): Verdict {
  const newest = answers.at(-1);
  if (!newest) throw new RangeError('judge needs an answer');
  if (newest.finish === 'filter') {
    return {
      kind: 'failed',
      cause: 'content_filter',
      code: 'E_ROW_FILTERED',
      message: 'the provider filtered or refused the answer',
    };
  }
  if (newest.finish === 'unknown' || newest.finish === 'error') {
    return {
      kind: 'failed',
      cause: 'finish',
      code: 'E_FINISH_UNKNOWN',
      message: 'the answer ended for a reason that is not known',
    };
  }
  if (newest.text.trim() === '') {
    return { kind: 'failed', cause: 'empty', code: 'E_ROW_EMPTY', message: 'the model answered with no text' };
  }
  if (newest.finish === 'length') {
    if (rules.onTruncate === 'fail') {
      return { kind: 'failed', cause: 'truncated', code: 'E_ROW_TRUNCATED', message: 'the answer hit worker_max_tokens' };
    }
    const pieces = answers.length + 1 - firstPiece(rules, answers);
    if (rules.onTruncate === 'continue' && pieces < MAX_PIECES) return { kind: 'go-on' };
  }
  const fromTurn = firstPiece(rules, answers);
  if (rules.multiTurn && wholeAnswers(rules, answers) < rules.maxTurns) {
    const whole = answers
      .slice(fromTurn - 1)
      .map((answer) => answer.text)
      .join('');
    if (!isComplete(rules.stopWhen, whole)) return { kind: 'go-on' };
  }
  return { kind: 'ok', fromTurn };
}
