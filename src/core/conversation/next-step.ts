/**
 * What comes next in a conversation: which messages a model is asked with, or how the row ends. One pure function of the task's rules, the
 * row and the steps so far; used by both grains, by the estimate and by the writer of transcripts.
 */
import type { Task } from '../../schema/task-types.js';
import type { FailureCause, Finish } from '../model.js';
import { type AnswerForm, hasForm, repairPrompt, type Verdict } from './answer-form.js';
import { type Answer, answerParts, answerText, type Message, userMessage } from './message.js';
import { isComplete, withoutStops } from './stop-rules.js';

/** A stored turn: an answer that was paid for. */
export interface Step {
  answer: Answer;
  finish: Finish;
  /** Whether the answer that ends here has the form that the task wants. Follows from the answer; absent until it was asked for. */
  verdict?: Verdict;
}

/** What the row brings into its conversation. */
export interface ConversationSeed {
  /** The rendered prompt. */
  prompt: string;
}

/** Rules of a conversation, taken from the task. */
export type ConversationRules = Pick<
  Task,
  | 'systemPrompt'
  | 'multiTurn'
  | 'maxTurns'
  | 'followUp'
  | 'stopWhen'
  | 'onTruncate'
  | 'labels'
  | 'multiLabel'
  | 'outputSchema'
  | 'maxRepairs'
>;

/** Another turn: the model of the phase's role is asked. */
export type Asked =
  /** `rest`: for the rest of an answer that was cut. */
  | { kind: 'ask'; messages: Message[]; rest?: true }
  /** The answer does not have the form that the task wants: the model is shown why. */
  | { kind: 'repair'; problem: string; messages: Message[] };

export type Ended =
  /** Complete. The output came in the turns from `fromTurn` (1-based) to the last; `json`: what it comes to, where the task wants a form. */
  { kind: 'ok'; fromTurn: number; output: string; json?: string } | Failed;

/** The step `at` lacks its verdict: that of `text`. `cut`: it ended at its output limit. */
interface Unchecked {
  kind: 'check';
  at: number;
  text: string;
  cut: boolean;
}

export type NextStep = Asked | Unchecked | Ended;

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

/** What follows a whole answer. */
type Follow = { kind: 'follow-up' } | { kind: 'repair'; problem: string } | Unchecked | Ended;

/** A whole answer in its conversation. */
interface Place {
  /** Turns so far, this one included; those that repair one do not count. */
  turns: number;
  /** Repairs so far. */
  repairs: number;
  /** It is one. */
  isRepair: boolean;
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

/** What follows each of the answers. Without a form of answers all of them count alike, so only the last one is looked at. */
function followsOf(rules: ConversationRules, wholes: readonly Whole[]): Follow[] {
  if (!hasForm(rules)) {
    const place = { turns: wholes.length, repairs: 0, isRepair: false };
    return wholes.map((whole, at) => (at === wholes.length - 1 ? followOf(rules, whole, place) : { kind: 'follow-up' }));
  }
  const place: Place = { turns: 0, repairs: 0, isRepair: false };
  return wholes.map((whole) => {
    if (place.isRepair) place.repairs += 1;
    else place.turns += 1;
    const follow: Follow = whole.goesOn !== null ? { kind: 'follow-up' } : followOf(rules, whole, place);
    place.isRepair = follow.kind === 'repair';
    return follow;
  });
}

/** @param steps the answered turns in their order; none for the first turn */
export function nextStep(rules: ConversationRules, seed: ConversationSeed, steps: readonly Step[]): NextStep {
  const wholes = wholesOf(rules, steps);
  const newest = wholes.at(-1);
  const follows = followsOf(rules, wholes);
  const unchecked = follows.find(({ kind }) => kind === 'check');
  if (unchecked?.kind === 'check') return unchecked;
  const follow = follows.at(-1);
  const messages = said(rules, seed, { wholes, follows });
  if (newest?.goesOn === 'resent') return { kind: 'ask', messages };
  if (newest?.goesOn === 'asked') {
    const failure = failureOf(rules, newest.pieces.at(-1));
    if (failure !== null) return { ...failure, fromTurn: newest.from + 1 };
    return { kind: 'ask', messages: [...messages, userMessage(CONTINUE_PROMPT)], rest: true };
  }
  if (follow === undefined) return { kind: 'ask', messages };
  if (follow.kind === 'follow-up') return { kind: 'ask', messages: [...messages, userMessage(rules.followUp)] };
  if (follow.kind !== 'repair') return follow;
  const { problem } = follow;
  return { kind: 'repair', problem, messages: [...messages, userMessage(repairPrompt(rules, problem))] };
}

/** The same with the verdicts that it takes, which are kept in the steps. @param form null for a task that wants none */
export async function checkedStep(
  rules: ConversationRules,
  seed: ConversationSeed,
  steps: readonly Step[],
  form: AnswerForm | null,
): Promise<Asked | Ended> {
  for (;;) {
    const next = nextStep(rules, seed, steps);
    if (next.kind !== 'check') return next;
    const step = steps[next.at];
    if (form === null || step === undefined) throw new Error('nothing checks the answers of this task');
    step.verdict = await form.check(next.text, next.cut);
  }
}

/** All that was said in a conversation, without a question that was never sent. The steps have their verdicts (`checkedStep`). */
export function transcript(rules: ConversationRules, seed: ConversationSeed, steps: readonly Step[]): Message[] {
  const wholes = wholesOf(rules, steps);
  return said(rules, seed, { wholes, follows: followsOf(rules, wholes) });
}

function said(
  rules: ConversationRules,
  { prompt }: ConversationSeed,
  { wholes, follows }: { wholes: readonly Whole[]; follows: readonly Follow[] },
): Message[] {
  const messages: Message[] = [];
  if (rules.systemPrompt !== null) messages.push({ role: 'system', text: rules.systemPrompt });
  messages.push(userMessage(prompt));
  wholes.forEach(({ pieces }, at) => {
    const before = follows[at - 1];
    pieces.forEach(({ answer }, piece) => {
      if (piece > 0) messages.push(...(pieces[piece - 1]?.finish === 'pause' ? [] : [userMessage(CONTINUE_PROMPT)]));
      else if (before?.kind === 'repair') messages.push(userMessage(repairPrompt(rules, before.problem)));
      else if (at > 0) messages.push(userMessage(rules.followUp));
      messages.push({ role: 'assistant', parts: answerParts(answer) });
    });
  });
  return messages;
}

/** How a whole answer ends the row, or goes on. */
function followOf(rules: ConversationRules, { from, pieces }: Whole, { turns, repairs, isRepair }: Place): Follow {
  const newest = pieces.at(-1);
  const fromTurn = from + 1;
  const failure = failureOf(rules, newest);
  if (failure !== null || newest === undefined) return { ...(failure ?? NO_TEXT), fromTurn };
  const output = pieces.map(({ answer }) => answerText(answer)).join('');
  if (rules.multiTurn && !isRepair && turns < rules.maxTurns && !isComplete(rules.stopWhen, output)) return { kind: 'follow-up' };
  if (!hasForm(rules)) return { kind: 'ok', fromTurn, output };
  const { verdict, finish } = newest;
  const cut = finish === 'length';
  // JSON of a schema may hold the text that ends the conversation.
  const text = rules.labels === undefined ? output : withoutStops(rules.stopWhen, output);
  if (verdict === undefined) return { kind: 'check', at: from + pieces.length - 1, text, cut };
  if (verdict.ok) return { kind: 'ok', fromTurn, output, json: verdict.json };
  // What is cut again costs as much again.
  if (cut) return { ...CUT, fromTurn };
  const { problem } = verdict;
  if (repairs < (rules.maxRepairs ?? 0)) return { kind: 'repair', problem };
  return { kind: 'failed', cause: 'schema', code: 'E_ROW_SCHEMA', message: problem, fromTurn };
}

type Failure = Omit<Failed, 'fromTurn'>;

const CUT: Failure = {
  kind: 'failed',
  cause: 'truncated',
  code: 'E_ROW_TRUNCATED',
  message: 'the answer hit worker_max_tokens',
};

const NO_TEXT: Failure = { kind: 'failed', cause: 'empty', code: 'E_ROW_EMPTY', message: 'the model answered with no text' };

function failureOf({ onTruncate }: ConversationRules, step: Step | undefined): Failure | null {
  if (step === undefined) return null;
  const { answer, finish } = step;
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
  if (answerText(answer).trim() === '') return NO_TEXT;
  if (finish === 'length' && onTruncate === 'fail') return CUT;
  return null;
}
