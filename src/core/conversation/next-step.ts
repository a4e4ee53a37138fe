/**
 * What comes next in a conversation: which messages a model is asked with, or how the row ends. One pure function of the task's rules, the
 * row and the steps so far; used by both grains, by the estimate and by the writer of transcripts.
 */
import type { Task } from '../../schema/task-types.js';
import type { FailureCause, Finish } from '../model.js';
import { type Answer, answerParts, answerText, type Message, userMessage } from './message.js';
import { isComplete } from './stop-rules.js';

/** A stored turn: an answer that was paid for. */
export interface Step {
  answer: Answer;
  finish: Finish;
}

/** What the row brings into its conversation. */
export interface ConversationSeed {
  /** The rendered prompt. */
  prompt: string;
}

/** Rules of a conversation, taken from the task. */
export type ConversationRules = Pick<Task, 'systemPrompt' | 'multiTurn' | 'maxTurns' | 'followUp' | 'stopWhen' | 'onTruncate'>;

export type NextStep =
  /** Another turn: the model of the phase's role is asked. */
  | { kind: 'ask'; messages: Message[] }
  /** Complete. The output came in the turns from `fromTurn` (1-based) to the last. */
  | { kind: 'ok'; fromTurn: number; output: string }
  | Failed;

interface Failed {
  kind: 'failed';
  cause: FailureCause;
  code: string;
  message: string;
  /** First turn (1-based) of the answer that it failed with. */
  fromTurn: number;
}

/** Most pieces of one answer under `on_truncate: continue`; the answer is kept as it is after that. */
export const MAX_PIECES = 8;

/** The user message that asks for the rest of a truncated answer. */
export const CONTINUE_PROMPT = 'Continue exactly where you stopped. Do not repeat anything.';

/** An answer with its pieces: the turns `from` (0-based) to the last of them. */
interface Whole {
  from: number;
  pieces: Step[];
  /** How the rest is to be had: asked for, of a piece that was cut short, or by sending back what was said, of one that the provider paused. */
  goesOn: 'asked' | 'resent' | null;
}

function wholesOf({ onTruncate }: ConversationRules, steps: readonly Step[]): Whole[] {
  const wholes: Whole[] = [];
  steps.forEach((step, position) => {
    const last = wholes.at(-1);
    const whole: Whole = last?.goesOn ? last : { from: position, pieces: [], goesOn: null };
    if (whole !== last) wholes.push(whole);
    whole.pieces.push(step);
    whole.goesOn = whole.pieces.length < MAX_PIECES ? restOf(onTruncate, step) : null;
  });
  return wholes;
}

function restOf(onTruncate: ConversationRules['onTruncate'], { finish }: Step): Whole['goesOn'] {
  if (finish === 'pause') return 'resent';
  return finish === 'length' && onTruncate === 'continue' ? 'asked' : null;
}

/** @param steps the answered turns in their order; none for the first turn */
export function nextStep(rules: ConversationRules, seed: ConversationSeed, steps: readonly Step[]): NextStep {
  const wholes = wholesOf(rules, steps);
  return endOf(rules, wholes) ?? { kind: 'ask', messages: [...said(rules, seed, wholes), ...asked(rules, wholes)] };
}

/** All that was said in a conversation, without a question that was never sent. */
export function transcript(rules: ConversationRules, seed: ConversationSeed, steps: readonly Step[]): Message[] {
  return said(rules, seed, wholesOf(rules, steps));
}

function said(rules: ConversationRules, { prompt }: ConversationSeed, wholes: readonly Whole[]): Message[] {
  const messages: Message[] = [];
  if (rules.systemPrompt !== null) messages.push({ role: 'system', text: rules.systemPrompt });
  messages.push(userMessage(prompt));
  wholes.forEach(({ pieces }, at) => {
    pieces.forEach(({ answer }, piece) => {
      if (piece > 0) messages.push(...(pieces[piece - 1]?.finish === 'pause' ? [] : [userMessage(CONTINUE_PROMPT)]));
      else if (at > 0) messages.push(userMessage(rules.followUp));
      messages.push({ role: 'assistant', parts: answerParts(answer) });
    });
  });
  return messages;
}

/** The question of the next turn, when there is one before. */
function asked({ followUp }: ConversationRules, wholes: readonly Whole[]): Message[] {
  const newest = wholes.at(-1);
  if (newest === undefined) return [];
  if (newest.goesOn === 'resent') return [];
  return [userMessage(newest.goesOn === 'asked' ? CONTINUE_PROMPT : followUp)];
}

/** How the newest answer ends the row; null while the conversation goes on. */
function endOf(rules: ConversationRules, wholes: readonly Whole[]): Exclude<NextStep, { kind: 'ask' }> | null {
  const whole = wholes.at(-1);
  const newest = whole?.pieces.at(-1);
  if (whole === undefined || newest === undefined) return null;
  const fromTurn = whole.from + 1;
  if (whole.goesOn === 'resent') return null;
  const failure = failureOf(rules, newest);
  if (failure !== null) return { ...failure, fromTurn };
  if (whole.goesOn !== null) return null;
  const output = whole.pieces.map(({ answer }) => answerText(answer)).join('');
  if (rules.multiTurn && wholes.length < rules.maxTurns && !isComplete(rules.stopWhen, output)) return null;
  return { kind: 'ok', fromTurn, output };
}

function failureOf({ onTruncate }: ConversationRules, { answer, finish }: Step): Omit<Failed, 'fromTurn'> | null {
  if (finish === 'filter')
    return {
      kind: 'failed',
      cause: 'content_filter',
      code: 'E_ROW_FILTERED',
      message: 'the provider filtered or refused the answer',
    };
  if (finish === 'pause')
    return {
      kind: 'failed',
      cause: 'finish',
      code: 'E_FINISH_PAUSED',
      message: `the provider paused the answer ${MAX_PIECES} times and never ended it`,
    };
  if (finish === 'unknown' || finish === 'error')
    return {
      kind: 'failed',
      cause: 'finish',
      code: 'E_FINISH_UNKNOWN',
      message: 'the answer ended for a reason that is not known',
    };
  if (answerText(answer).trim() === '')
    return { kind: 'failed', cause: 'empty', code: 'E_ROW_EMPTY', message: 'the model answered with no text' };
  if (finish === 'length' && onTruncate === 'fail')
    return { kind: 'failed', cause: 'truncated', code: 'E_ROW_TRUNCATED', message: 'the answer hit worker_max_tokens' };
  return null;
}
